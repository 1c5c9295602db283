-- Newest rows of grain 5m whose bucket began at since <= start < until (epoch seconds).
-- Lines only become more: of rows written at one position the one with more of them is the later.
SELECT region, good, intDiv(toUInt32(at), 300) - 1 AS bucket, amount, quantity, lines
FROM indicators
WHERE grain = '5m' AND at > toDateTime({since:UInt32}, 'UTC') AND at <= toDateTime({until:UInt32}, 'UTC')
ORDER BY region, good, at, version DESC, lines DESC
LIMIT 1 BY region, good, at
