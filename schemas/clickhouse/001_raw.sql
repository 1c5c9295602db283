CREATE TABLE IF NOT EXISTS sales (
    epoch LowCardinality(String),
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    line UInt32,
    event_id String,
    sender LowCardinality(String),
    site LowCardinality(String),
    region UInt32,
    prefecture UInt32,
    good LowCardinality(String),
    workstation LowCardinality(String),
    business_date Date,
    sequence Int64,
    line_number UInt32,
    kind LowCardinality(String),
    at DateTime('UTC'),
    quantity Int64,
    amount Int64,
    priced UInt8,
    unit_cost Nullable(Int64),
    repeat UInt8,
    ingested DateTime('UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (epoch, topic, partition, offset, line);

CREATE TABLE IF NOT EXISTS stock (
    epoch LowCardinality(String),
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    line UInt32,
    event_id String,
    sender LowCardinality(String),
    site LowCardinality(String),
    region UInt32,
    prefecture UInt32,
    good LowCardinality(String),
    at DateTime('UTC'),
    action LowCardinality(String),
    step LowCardinality(String),
    disposition LowCardinality(String),
    quantity Int64,
    corrects Array(String),
    repeat UInt8,
    ingested DateTime('UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (epoch, topic, partition, offset, line);

CREATE TABLE IF NOT EXISTS quotes (
    epoch LowCardinality(String),
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    line UInt32,
    event_id String,
    sender LowCardinality(String),
    site LowCardinality(String),
    region UInt32,
    prefecture UInt32,
    good LowCardinality(String),
    kind LowCardinality(String),
    business_date Date,
    at DateTime('UTC'),
    price Nullable(Int64),
    sales Nullable(Int64),
    stock Nullable(Int64),
    repeat UInt8,
    ingested DateTime('UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (epoch, topic, partition, offset, line);

CREATE TABLE IF NOT EXISTS dead_letters (
    epoch LowCardinality(String),
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    stage LowCardinality(String),
    reason String,
    error LowCardinality(String),
    key_base64 String,
    value_base64 String,
    headers String,
    at DateTime('UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (epoch, topic, partition, offset, stage)
