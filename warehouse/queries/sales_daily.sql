-- Net priced sales that count, of stores by good and business date. since, until: day numbers; from_region <= region < to_region.
SELECT region, site, good, toUInt32(business_date) AS day, sum(amount) AS amount, sum(quantity) AS quantity
FROM (
    SELECT region, site, good, business_date, amount, quantity
    FROM sales
    WHERE toUInt32(business_date) >= {since:UInt32=0} AND toUInt32(business_date) <= {until:UInt32=4294967295}
        AND region >= {from_region:UInt32=0} AND region < {to_region:UInt32=1000000}
        AND repeat = 0 AND priced = 1
    LIMIT 1 BY epoch, topic, partition, `offset`, line
)
GROUP BY region, site, good, day
ORDER BY region, site, good, day
