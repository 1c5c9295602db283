-- Newest transition of every alert, newest first. 0 or '' means any; prefecture: itself and its counties.
SELECT
    key, id, seq, pack, pack_version, rule, level, level_before, state, region, site, good, kind,
    since, at, processed_at, reason, indicators, thresholds, evidence, substitutes, text_zh, text_en, stale,
    correction, as_of, version
FROM (
    SELECT
        key, id, seq, pack, pack_version, rule, level, level_before, state, region, site, good,
        kind, since, at, processed_at, reason, indicators, thresholds, evidence, substitutes, text_zh, text_en,
        stale, correction, as_of, version
    FROM alert_transitions
    WHERE (id, seq) IN (
        SELECT id, max(seq)
        FROM alert_transitions
        WHERE ({region:UInt32=0} = 0 OR region = {region:UInt32=0})
            AND ({prefecture:UInt32=0} = 0 OR intDiv(region, 100) = intDiv({prefecture:UInt32=0}, 100))
            AND ({good:String=} = '' OR good = {good:String=})
            AND ({pack:String=} = '' OR pack = {pack:String=})
        GROUP BY id
    )
    ORDER BY version DESC
    LIMIT 1 BY id
)
WHERE ({level:String=} = '' OR level = {level:String=})
    AND ({state:String=} = '' OR state = {state:String=})
    AND at >= toDateTime({since:UInt32=0}, 'UTC')
ORDER BY at DESC, processed_at DESC, key, id
LIMIT {limit:UInt32=100000}
