-- What a report says about others: the event ids whose prices it replaces, and those that it says are right.
ALTER TABLE quotes ADD COLUMN corrects Array(String);
ALTER TABLE quotes ADD COLUMN confirms Array(String);

-- Quotes that were held back, and what became of each: waiting, confirmed, corrected or expired (the newest version).
-- Derived from `quotes`: a rebuild works it out anew and writes the same rows. `id` is a digest of kind, region, site,
-- good, business date, time and price, so it is the same in every epoch. slip 0: absurd, but no unit slip.
CREATE TABLE IF NOT EXISTS quote_suspects (
    id String,
    kind LowCardinality(String),
    region UInt32,
    site LowCardinality(String),
    good LowCardinality(String),
    business_date Date,
    at DateTime('UTC'),
    price Int64,
    own_price Int64,
    county_price Int64,
    county_sites UInt32,
    slip Float64,
    own_z Nullable(Float64),
    county_z Nullable(Float64),
    state LowCardinality(String),
    decided DateTime('UTC'),
    version UInt64
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(business_date)
ORDER BY (region, site, good, kind, business_date, id)
