CREATE TABLE IF NOT EXISTS ingest_progress (
    epoch LowCardinality(String),
    topic LowCardinality(String),
    partition UInt16,
    next_offset UInt64,
    at DateTime('UTC')
) ENGINE = ReplacingMergeTree(next_offset)
ORDER BY (epoch, topic, partition);

CREATE TABLE IF NOT EXISTS epochs (
    epoch String,
    ordinal UInt32,
    started DateTime('UTC')
) ENGINE = ReplacingMergeTree
ORDER BY (epoch, ordinal, started);

CREATE TABLE IF NOT EXISTS snapshots (
    epoch LowCardinality(String),
    partition UInt16,
    position UInt64,
    offsets String,
    format UInt16,
    fingerprint String,
    state String,
    at DateTime('UTC')
) ENGINE = MergeTree
ORDER BY (epoch, partition, position);

CREATE TABLE IF NOT EXISTS indicators (
    region UInt32,
    good LowCardinality(String),
    grain LowCardinality(String),
    kind LowCardinality(String),
    at DateTime('UTC'),
    date Date,
    amount Int64,
    quantity Int64,
    lines UInt32,
    vwap Nullable(Float64),
    vwap_1h Nullable(Float64),
    vwap_24h Nullable(Float64),
    baseline_24h Nullable(Float64),
    spike_1h Nullable(Float64),
    spike_24h Nullable(Float64),
    lines_24h UInt32,
    stores_24h UInt32,
    on_hand Nullable(Int64),
    sites_in UInt32,
    sites_out UInt32,
    in_stock_rate Nullable(Float64),
    demand_day Nullable(Float64),
    cover_days Nullable(Float64),
    price Nullable(Float64),
    sites_present UInt32,
    sites_fresh UInt32,
    change_day Nullable(Float64),
    change_week Nullable(Float64),
    out_days Nullable(Float64),
    intermittent UInt8,
    levels String,
    version UInt64
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(at)
ORDER BY (region, good, grain, kind, at);

CREATE TABLE IF NOT EXISTS alert_transitions (
    key String,
    id String,
    seq UInt32,
    pack LowCardinality(String),
    pack_version LowCardinality(String),
    rule LowCardinality(String),
    level LowCardinality(String),
    level_before LowCardinality(String),
    state LowCardinality(String),
    region UInt32,
    site String,
    good LowCardinality(String),
    kind LowCardinality(String),
    since DateTime('UTC'),
    at DateTime('UTC'),
    processed_at DateTime('UTC'),
    reason LowCardinality(String),
    indicators String,
    thresholds String,
    evidence String,
    text_zh String,
    text_en String,
    stale UInt8,
    correction UInt8,
    as_of String,
    version UInt64
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(at)
ORDER BY (key, id, seq)
