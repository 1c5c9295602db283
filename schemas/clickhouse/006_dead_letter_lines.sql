-- Of a batch of receipts each one that is wrong is a letter of its own: lines [line, line + lines) of the record.
ALTER TABLE dead_letters ADD COLUMN line UInt32, MODIFY ORDER BY (epoch, topic, partition, offset, stage, line);
ALTER TABLE dead_letters ADD COLUMN lines UInt32;

-- (epoch, topic, partition, offset, line) is the letter.
ALTER TABLE dead_letter_replays ADD COLUMN line UInt32,
    MODIFY ORDER BY (epoch, topic, partition, offset, attempt, step, sent_epoch, sent_partition, sent_offset, line);
