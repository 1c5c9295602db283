-- What can be read of a rejected record, so that lists need not read its bytes.
ALTER TABLE dead_letters ADD COLUMN sender LowCardinality(String) DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN event_id String DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN site String DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN region String DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN size UInt32 DEFAULT intDiv(length(value_base64) * 3, 4);

-- Step `sent`: the command has the broker's acknowledgement. Step `read`: the stream met the record,
-- at sent_offset, and says what became of it. (epoch, topic, partition, offset) is the letter.
CREATE TABLE IF NOT EXISTS dead_letter_replays (
    epoch LowCardinality(String),
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    attempt UInt16,
    step LowCardinality(String),
    sent_epoch LowCardinality(String),
    sent_partition UInt16,
    sent_offset UInt64,
    run String,
    outcome LowCardinality(String),
    lines UInt32,
    repeats UInt32,
    reason String,
    at DateTime('UTC')
) ENGINE = ReplacingMergeTree
ORDER BY (epoch, topic, partition, offset, attempt, step, sent_epoch, sent_partition, sent_offset)
