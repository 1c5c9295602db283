-- Rows per UTC day (days since 1970) of what indicators are recomputed from, and of indicators.
SELECT name, day, sum(amount) AS rows
FROM (
    SELECT 'sales' AS name, intDiv(toUInt32(at), 86400) AS day, count() AS amount FROM sales GROUP BY day
    UNION ALL
    SELECT '5m' AS name, intDiv(toUInt32(at) - 1, 86400) AS day, count() AS amount
    FROM indicators WHERE grain = '5m' GROUP BY day
    UNION ALL
    SELECT 'quotes' AS name, toUInt32(business_date) AS day, count() AS amount FROM quotes GROUP BY day
    UNION ALL
    SELECT 'date' AS name, toUInt32(date) AS day, count() AS amount
    FROM indicators WHERE grain = 'date' GROUP BY day
)
GROUP BY name, day
ORDER BY name, day
