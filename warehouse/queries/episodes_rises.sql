-- For a rebuild: transitions of these prefectures to another level, at or after a version.
SELECT id, seq, level
FROM alert_transitions
WHERE at >= toDateTime({since:UInt32=0}, 'UTC') AND version >= {version:UInt64}
    AND level != level_before AND level != 'none'
    AND has({prefectures:Array(UInt32)}, toUInt32(intDiv(region, 100) * 100))
ORDER BY id, seq, version DESC
LIMIT 1 BY id, seq
