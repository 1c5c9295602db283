-- Which offsets hold rows of some prefectures with at >= since (epoch seconds), and when they were stored.
SELECT
    epoch, topic, partition, min(`offset`) AS first_offset, max(`offset`) + 1 AS next_offset,
    min(ingested) AS first_ingested, max(ingested) AS last_ingested
FROM registry
WHERE at >= toDateTime({since:UInt32=0}, 'UTC') AND has({prefectures:Array(UInt32)}, prefecture)
GROUP BY epoch, topic, partition
ORDER BY epoch, topic, partition
