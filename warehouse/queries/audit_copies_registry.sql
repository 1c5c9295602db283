-- Keys of one place that are stored more than once: how often, and with how many different contents.
SELECT `offset`, line, count() AS copies, uniqExact(content) AS contents
FROM (
    SELECT `offset`, line, cityHash64(event_id, sender, prefecture, kind, code, at, entity) AS content
    FROM registry
    WHERE epoch = {epoch:String} AND topic = {topic:String} AND partition = {partition:UInt16}
        AND `offset` >= {from_offset:UInt64} AND `offset` < {to_offset:UInt64}
)
GROUP BY `offset`, line
HAVING copies > 1
ORDER BY `offset`, line
