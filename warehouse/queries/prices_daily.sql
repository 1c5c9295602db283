-- Price of every good and date: the median over counties of each one's last row of the date, and how many counties.
-- grain 'date': of quotes (price); '5m': at the till (vwap_24h). prefecture: its counties only, 0 all; since, until: day numbers.
SELECT good, date, quantile(0.5)(value) AS price, count() AS counties
FROM (
    SELECT region, good, date, argMax(if(grain = 'date', price, vwap_24h), (at, version)) AS value
    FROM indicators
    WHERE grain = {grain:String} AND kind = {kind:String} AND region % 100 != 0
        AND ({prefecture:UInt32=0} = 0 OR intDiv(region, 100) = intDiv({prefecture:UInt32=0}, 100))
        AND ({region:UInt32=0} = 0 OR region = {region:UInt32=0})
        AND ({good:String=} = '' OR good = {good:String=})
        AND toUInt32(date) >= {since:UInt32} AND toUInt32(date) <= {until:UInt32}
        AND isNotNull(if(grain = 'date', price, vwap_24h))
    GROUP BY region, good, date
)
GROUP BY good, date
ORDER BY good, date
