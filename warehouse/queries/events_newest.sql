-- Newest event time of each of some prefectures, over all raw tables.
SELECT prefecture, max(newest) AS newest
FROM (
    SELECT prefecture, max(at) AS newest FROM sales
    WHERE has({prefectures:Array(UInt32)}, prefecture) GROUP BY prefecture
    UNION ALL
    SELECT prefecture, max(at) AS newest FROM stock
    WHERE has({prefectures:Array(UInt32)}, prefecture) GROUP BY prefecture
    UNION ALL
    SELECT prefecture, max(at) AS newest FROM quotes
    WHERE has({prefectures:Array(UInt32)}, prefecture) GROUP BY prefecture
)
GROUP BY prefecture
ORDER BY prefecture
