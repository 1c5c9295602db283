-- A version of an enterprise or site, for one prefecture; entity is its JSON (schemas/registry.py).
CREATE TABLE IF NOT EXISTS registry (
    epoch LowCardinality(String),
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    line UInt32,
    event_id String,
    sender LowCardinality(String),
    prefecture UInt32,
    kind LowCardinality(String),
    code String,
    at DateTime('UTC'),
    entity String,
    ingested DateTime('UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (epoch, topic, partition, offset, line)
