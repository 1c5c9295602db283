-- Newest rows of grain date with since <= date < until (days since 1970).
SELECT region, good, kind, toUInt32(date) AS day, price, sites_present, sites_fresh
FROM indicators
WHERE grain = 'date' AND toUInt32(date) >= {since:UInt32} AND toUInt32(date) < {until:UInt32}
ORDER BY region, good, kind, at, version DESC
LIMIT 1 BY region, good, kind, at
