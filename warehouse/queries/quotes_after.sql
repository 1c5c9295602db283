-- Rows of one partition with from_offset <= offset < to_offset, each once, in the order of the stream.
-- prefectures: limit to these; empty: all.
SELECT
    epoch, topic, partition, `offset`, line, event_id, sender, site, region, prefecture, good, kind,
    business_date, at, price, sales, stock, corrects, confirms, repeat, ingested
FROM quotes
WHERE epoch = {epoch:String} AND topic = {topic:String} AND partition = {partition:UInt16}
    AND `offset` >= {from_offset:UInt64} AND `offset` < {to_offset:UInt64}
    AND (empty({prefectures:Array(UInt32)=}) OR has({prefectures:Array(UInt32)=}, prefecture))
ORDER BY `offset`, line
LIMIT 1 BY `offset`, line
