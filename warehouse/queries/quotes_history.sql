-- All quotes of one kind that count, each once, in the order in which they count: by event time, then as they came.
-- checked: 2 where the report corrects others, 1 where it confirms some, else 0.
SELECT region, site, good, business_date, price, stock, checked
FROM (
    SELECT epoch, topic, partition, `offset`, line, site, region, good, business_date, at, price, stock,
        multiIf(notEmpty(corrects), 2, notEmpty(confirms), 1, 0) AS checked
    FROM quotes
    WHERE kind = {kind:String} AND repeat = 0
    LIMIT 1 BY epoch, topic, partition, `offset`, line
) AS found
ANY LEFT JOIN (
    SELECT epoch, min(ordinal) AS ordinal FROM epochs GROUP BY epoch
) AS began USING epoch
ORDER BY at, ordinal, epoch, topic, partition, `offset`, line
