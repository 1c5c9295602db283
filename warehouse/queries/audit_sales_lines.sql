-- The lines behind audit_sales_sums, each once.
SELECT prefecture, region, good, intDiv(toUInt32(at), 300) AS bucket, epoch, topic, partition, `offset`, line, amount,
    quantity, ingested
FROM sales
WHERE at >= toDateTime({since:UInt32}, 'UTC') AND at < toDateTime({until:UInt32}, 'UTC')
    AND repeat = 0 AND priced = 1
ORDER BY epoch, topic, partition, `offset`, line
LIMIT 1 BY epoch, topic, partition, `offset`, line
