-- Whole rejected records (up to 17 MiB each) of the places `epoch/topic/partition/offset/line` in keys.
SELECT
    epoch, topic, partition, `offset`, line, lines, stage, reason, error, key_base64, value_base64, headers, sender, event_id,
    site, region, size, at
FROM dead_letters
PREWHERE concat(toString(epoch), '/', toString(topic), '/', toString(partition), '/', toString(`offset`), '/', toString(line)) IN (
    SELECT arrayJoin({keys:Array(String)}))
WHERE epoch IN (SELECT arrayJoin({epochs:Array(String)}))
    AND topic IN (SELECT arrayJoin({topics:Array(String)}))
    AND `offset` >= {first:UInt64}
    AND `offset` <= {last:UInt64}
ORDER BY at DESC
LIMIT 1 BY epoch, topic, partition, `offset`, line
