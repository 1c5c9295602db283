-- Which rules took force on which partition after which record; change is the whole record (schemas/ruling.py).
CREATE TABLE IF NOT EXISTS rule_changes (
    epoch LowCardinality(String),
    partition UInt16,
    offset UInt64,
    event_id String,
    sender LowCardinality(String),
    author String,
    at DateTime('UTC'),
    note String,
    change String,
    ingested DateTime('UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (at, event_id, epoch, partition, offset)
