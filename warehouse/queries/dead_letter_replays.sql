-- Every step of the replays of the places `epoch/topic/partition/offset/line` in keys, in order.
SELECT epoch, topic, partition, `offset`, line, attempt, step, sent_epoch, sent_partition, sent_offset, outcome, lines, repeats, reason, at
FROM dead_letter_replays
PREWHERE concat(toString(epoch), '/', toString(topic), '/', toString(partition), '/', toString(`offset`), '/', toString(line)) IN (
    SELECT arrayJoin({keys:Array(String)}))
ORDER BY epoch, topic, partition, `offset`, line, attempt, step DESC, sent_epoch, sent_partition, sent_offset, at DESC
LIMIT 1 BY epoch, topic, partition, `offset`, line, attempt, step, sent_epoch, sent_partition, sent_offset
