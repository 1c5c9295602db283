-- For a rebuild: newest transition of every alert of these prefectures that is not resolved.
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
        WHERE has({prefectures:Array(UInt32)}, toUInt32(intDiv(region, 100) * 100))
        GROUP BY id
    )
    ORDER BY version DESC
    LIMIT 1 BY id
)
WHERE state != 'resolved'
ORDER BY key, id
