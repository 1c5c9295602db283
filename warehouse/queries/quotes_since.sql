-- Rows of all epochs with since <= at < until (epoch seconds), each once, epochs in the order they began.
-- prefectures: limit to these; empty: all.
SELECT
    epoch, topic, partition, `offset`, line, event_id, sender, site, region, prefecture, good, kind,
    business_date, at, price, sales, stock, corrects, confirms, repeat, ingested
FROM (
    SELECT
        epoch, topic, partition, `offset`, line, event_id, sender, site, region, prefecture, good,
        kind, business_date, at, price, sales, stock, corrects, confirms, repeat, ingested
    FROM quotes
    WHERE at >= toDateTime({since:UInt32=0}, 'UTC') AND at < toDateTime({until:UInt32=4294967295}, 'UTC')
        AND (empty({prefectures:Array(UInt32)=}) OR has({prefectures:Array(UInt32)=}, prefecture))
    LIMIT 1 BY epoch, topic, partition, `offset`, line
) AS found
ANY LEFT JOIN (
    SELECT epoch, min(ordinal) AS ordinal FROM epochs GROUP BY epoch
) AS began USING epoch
ORDER BY ordinal, epoch, topic, partition, `offset`, line
