-- A ring: per partition the newest state in each of a few slots. The table is derived data and is made anew.
-- Every slot is a part of its own, so that a merge never holds more than one slot's states in memory.
DROP TABLE IF EXISTS snapshots;

CREATE TABLE snapshots (
    partition UInt16,
    slot UInt8,
    epoch LowCardinality(String),
    position UInt64,
    offsets String,
    format UInt16,
    fingerprint String,
    state String,
    at DateTime('UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY (partition, slot)
ORDER BY (partition, slot)
