-- Prices that a site reported of a good for a date (days since 1970-01-01), each once, in the order in which they count.
-- region 0 and kind '' mean any.
SELECT kind, region, site, good, business_date, at, price, event_id, sender, corrects, confirms
FROM quotes
WHERE site = {site:String} AND good = {good:String} AND toUInt32(business_date) = {date:UInt32}
    AND repeat = 0 AND isNotNull(price)
    AND ({kind:String=} = '' OR kind = {kind:String=})
    AND ({region:UInt32=0} = 0 OR region = {region:UInt32=0})
ORDER BY at, ingested, epoch, topic, partition, `offset`, line
LIMIT 1 BY epoch, topic, partition, `offset`, line
