-- Quotes with a price that count, since <= business_date < until (days since 1970), each once.
SELECT prefecture, region, site, good, kind, toUInt32(business_date) AS day, at, price, epoch, topic, partition,
    `offset`, line, ingested
FROM quotes
WHERE toUInt32(business_date) >= {since:UInt32} AND toUInt32(business_date) < {until:UInt32}
    AND repeat = 0 AND isNotNull(price)
ORDER BY epoch, topic, partition, `offset`, line
LIMIT 1 BY epoch, topic, partition, `offset`, line
