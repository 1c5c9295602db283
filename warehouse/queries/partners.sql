-- What sites of some prefectures counted last of a good since a time (epoch seconds),
-- with stock and demand of their county.
-- on_hand and demand_day are 0 where the county has no indicators since.
SELECT region, site, quantity, counted, on_hand, demand_day
FROM (
    SELECT region, site, max(at) AS counted, argMax(found, at) AS quantity
    FROM (
        SELECT region, site, at, quantity AS found
        FROM stock
        WHERE at >= toDateTime({since:UInt32}, 'UTC') AND good = {good:String} AND action = 'OBSERVE'
            AND startsWith(disposition, 'sellable') AND has({prefectures:Array(UInt32)}, prefecture)
    )
    GROUP BY region, site
) AS sites
ANY LEFT JOIN (
    SELECT region, argMax(stocked, at) AS on_hand, argMax(wanted, at) AS demand_day
    FROM (
        SELECT region, at, assumeNotNull(on_hand) AS stocked, assumeNotNull(demand_day) AS wanted
        FROM indicators
        WHERE at >= toDateTime({since:UInt32}, 'UTC') AND good = {good:String} AND grain = '5m' AND kind = 'retail'
            AND isNotNull(on_hand) AND isNotNull(demand_day)
            AND has({prefectures:Array(UInt32)}, intDiv(region, 100) * 100)
    )
    GROUP BY region
) AS counties USING region
WHERE quantity > 0
ORDER BY quantity DESC, region, site
LIMIT {limit:UInt32=200}
