CREATE TABLE IF NOT EXISTS alert_actions (
    event_id String,
    sender LowCardinality(String),
    kind LowCardinality(String),
    author String,
    at DateTime('UTC'),
    note String,
    alert String,
    key String,
    seq UInt32,
    level LowCardinality(String),
    silence String,
    matcher String,
    until DateTime('UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (at, event_id)
