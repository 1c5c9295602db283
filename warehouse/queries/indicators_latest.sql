-- Newest row of every (region, good, grain, kind). 0 or '' means any; prefecture: itself and its counties.
SELECT
    region, good, grain, kind, at, date, amount, quantity, lines, vwap, vwap_1h, vwap_24h,
    baseline_24h, spike_1h, spike_24h, lines_24h, stores_24h, on_hand, sites_in, sites_out,
    in_stock_rate, demand_day, cover_days, price, sites_present, sites_fresh, change_day,
    change_week, out_days, intermittent, levels, version
FROM indicators_newest
WHERE ({region:UInt32=0} = 0 OR region = {region:UInt32=0})
    AND ({prefecture:UInt32=0} = 0 OR intDiv(region, 100) = intDiv({prefecture:UInt32=0}, 100))
    AND ({good:String=} = '' OR good = {good:String=})
    AND ({grain:String=} = '' OR grain = {grain:String=})
    AND ({kind:String=} = '' OR kind = {kind:String=})
ORDER BY region, good, grain, kind, at DESC, version DESC
LIMIT 1 BY region, good, grain, kind
LIMIT {limit:UInt32=100000}
