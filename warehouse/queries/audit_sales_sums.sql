-- Priced sales that count, since <= at < until (epoch seconds), per county, good and 5 minutes.
SELECT prefecture, region, good, intDiv(toUInt32(at), 300) AS bucket, sum(amount) AS amount, sum(quantity) AS quantity,
    count() AS lines
FROM (
    SELECT prefecture, region, good, at, amount, quantity
    FROM sales
    WHERE at >= toDateTime({since:UInt32}, 'UTC') AND at < toDateTime({until:UInt32}, 'UTC')
        AND repeat = 0 AND priced = 1
    LIMIT 1 BY epoch, topic, partition, `offset`, line
)
GROUP BY prefecture, region, good, bucket
ORDER BY prefecture, region, good, bucket
