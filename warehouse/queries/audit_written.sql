-- Per prefecture and kind: end of the newest bucket written (epoch seconds), first and last date (days since 1970).
SELECT intDiv(region, 100) * 100 AS prefecture, kind, maxIf(toUInt32(at), grain = '5m') AS bucket_end,
    minIf(toUInt32(date), grain = 'date') AS first_day, maxIf(toUInt32(date), grain = 'date') AS last_day,
    countIf(grain = 'date') AS dates
FROM indicators
GROUP BY prefecture, kind
ORDER BY prefecture, kind
