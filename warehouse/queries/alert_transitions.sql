-- Every transition of one alert, oldest first.
SELECT
    key, id, seq, pack, pack_version, rule, level, level_before, state, region, site, good, kind,
    since, at, processed_at, reason, indicators, thresholds, evidence, substitutes, text_zh, text_en, stale,
    correction, as_of, version
FROM alert_transitions
WHERE id = {id:String}
ORDER BY seq, version DESC
LIMIT 1 BY key, id, seq
