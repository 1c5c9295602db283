-- Newest row of every (region, good, grain, kind), for screens that ask for all regions of a good: in `indicators`
-- they lie far apart, each among its own buckets. Fed by a view: a row that is inserted twice is the same row here,
-- so nothing counts double. A merge keeps the highest place: the latest `at`, then the newest version, of which the
-- grid point at which it was written (as distance from `at`, at most 56 days) and the lowest 26 bits of the position
-- are looked at. Rows of one grid point differ at clean stops only, and then until the bucket ends.
-- A column added to `indicators` is to be added here and to the view.
CREATE TABLE IF NOT EXISTS indicators_newest (
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
    version UInt64,
    place UInt64
) ENGINE = ReplacingMergeTree(place)
ORDER BY (region, good, grain, kind);

CREATE MATERIALIZED VIEW IF NOT EXISTS indicators_newest_view TO indicators_newest AS
SELECT
    region, good, grain, kind, at, date, amount, quantity, lines, vwap, vwap_1h, vwap_24h,
    baseline_24h, spike_1h, spike_24h, lines_24h, stores_24h, on_hand, sites_in, sites_out,
    in_stock_rate, demand_day, cover_days, price, sites_present, sites_fresh, change_day,
    change_week, out_days, intermittent, levels, version,
    bitShiftLeft(intDiv(toUInt64(toUInt32(at)), 300), 40)
        + bitShiftLeft(toUInt64(least(16383, greatest(0,
            toInt64(bitShiftRight(version, 40)) + 1 - toInt64(intDiv(toUInt32(at), 300))))), 26)
        + bitAnd(version, 67108863) AS place
FROM indicators;

INSERT INTO indicators_newest
SELECT
    region, good, grain, kind, at, date, amount, quantity, lines, vwap, vwap_1h, vwap_24h,
    baseline_24h, spike_1h, spike_24h, lines_24h, stores_24h, on_hand, sites_in, sites_out,
    in_stock_rate, demand_day, cover_days, price, sites_present, sites_fresh, change_day,
    change_week, out_days, intermittent, levels, version,
    bitShiftLeft(intDiv(toUInt64(toUInt32(at)), 300), 40)
        + bitShiftLeft(toUInt64(least(16383, greatest(0,
            toInt64(bitShiftRight(version, 40)) + 1 - toInt64(intDiv(toUInt32(at), 300))))), 26)
        + bitAnd(version, 67108863) AS place
FROM indicators
WHERE (region, good, grain, kind, at) IN (
    SELECT region, good, grain, kind, max(at)
    FROM indicators
    GROUP BY region, good, grain, kind
)
