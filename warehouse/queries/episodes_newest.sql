-- For a rebuild: newest transition of every episode of these prefectures that moved at or after a version.
SELECT
    key, id, seq, pack, pack_version, rule, level, level_before, state, region, site, good, kind,
    since, at, reason, indicators, thresholds, evidence, stale, version
FROM alert_transitions
WHERE at >= toDateTime({since:UInt32=0}, 'UTC') AND version >= {version:UInt64}
    AND has({prefectures:Array(UInt32)}, toUInt32(intDiv(region, 100) * 100))
ORDER BY id, seq DESC, version DESC
LIMIT 1 BY id
