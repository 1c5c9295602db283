-- Every transition, oldest first. 0 or '' means any; prefecture: itself and its counties.
SELECT
    key, id, seq, pack, pack_version, rule, level, level_before, state, region, site, good, kind,
    since, at, processed_at, reason, indicators, thresholds, evidence, substitutes, text_zh, text_en, stale,
    correction, as_of, version
FROM alert_transitions
WHERE ({region:UInt32=0} = 0 OR region = {region:UInt32=0})
    AND ({prefecture:UInt32=0} = 0 OR intDiv(region, 100) = intDiv({prefecture:UInt32=0}, 100))
    AND ({good:String=} = '' OR good = {good:String=})
    AND ({pack:String=} = '' OR pack = {pack:String=})
    AND ({id:String=} = '' OR id = {id:String=})
ORDER BY at, key, id, seq, version DESC
LIMIT 1 BY key, id, seq
LIMIT {limit:UInt32=100000}
