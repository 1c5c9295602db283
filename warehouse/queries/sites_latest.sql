-- What each site of a region last said of a good, since a time (epoch seconds): quote (value is its price),
-- count (quantity is the stock counted), sales (value and quantity are sums since sold_since).
SELECT site, good, said, newest, value, quantity
FROM (
    SELECT site, good, 'quote' AS said, max(at) AS newest, argMax(assumeNotNull(price), at) AS value,
        toInt64(0) AS quantity
    FROM quotes
    WHERE region = {region:UInt32} AND at >= toDateTime({since:UInt32}, 'UTC') AND isNotNull(price)
        AND ({good:String=} = '' OR good = {good:String=})
    GROUP BY site, good
    UNION ALL
    SELECT site, good, 'count' AS said, max(at) AS newest, toInt64(0) AS value, argMax(counted, at) AS quantity
    FROM (
        SELECT site, good, at, quantity AS counted
        FROM stock
        WHERE region = {region:UInt32} AND at >= toDateTime({since:UInt32}, 'UTC') AND action = 'OBSERVE'
            AND ({good:String=} = '' OR good = {good:String=})
    )
    GROUP BY site, good
    UNION ALL
    SELECT site, good, 'sales' AS said, max(at) AS newest, sum(paid) AS value, sum(sold) AS quantity
    FROM (
        SELECT site, good, at, amount AS paid, quantity AS sold
        FROM sales
        WHERE region = {region:UInt32} AND at >= toDateTime({sold_since:UInt32}, 'UTC') AND repeat = 0 AND priced = 1
            AND ({good:String=} = '' OR good = {good:String=})
        ORDER BY epoch, topic, partition, `offset`, line
        LIMIT 1 BY epoch, topic, partition, `offset`, line
    )
    GROUP BY site, good
)
ORDER BY site, good, said
