-- When 5-minute buckets from since on (at // 300) first had an event, per table and prefecture; all from until on as one.
SELECT name, epoch, topic, partition, prefecture, bucket, first_offset, first_ingested
FROM (
    SELECT 'sales' AS name, epoch, topic, partition, prefecture, least(intDiv(toUInt32(at), 300), {until:UInt32}) AS bucket,
        min(`offset`) AS first_offset, min(ingested) AS first_ingested
    FROM sales
    WHERE at >= toDateTime({since:UInt32} * 300, 'UTC') AND repeat = 0
    GROUP BY epoch, topic, partition, prefecture, bucket
    UNION ALL
    SELECT 'stock' AS name, epoch, topic, partition, prefecture, least(intDiv(toUInt32(at), 300), {until:UInt32}) AS bucket,
        min(`offset`) AS first_offset, min(ingested) AS first_ingested
    FROM stock
    WHERE at >= toDateTime({since:UInt32} * 300, 'UTC') AND repeat = 0
    GROUP BY epoch, topic, partition, prefecture, bucket
    UNION ALL
    SELECT 'quotes' AS name, epoch, topic, partition, prefecture, least(intDiv(toUInt32(at), 300), {until:UInt32}) AS bucket,
        min(`offset`) AS first_offset, min(ingested) AS first_ingested
    FROM quotes
    WHERE at >= toDateTime({since:UInt32} * 300, 'UTC') AND repeat = 0
    GROUP BY epoch, topic, partition, prefecture, bucket
)
ORDER BY name, epoch, topic, partition, prefecture, bucket
