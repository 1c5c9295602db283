-- Raw rows of every input partition: distinct ones, stored ones, first and last offset.
SELECT name, epoch, topic, partition, rows, stored, first_offset, last_offset
FROM (
    SELECT 'sales' AS name, epoch, topic, partition, uniqExact(`offset`, line) AS rows, count() AS stored,
        min(`offset`) AS first_offset, max(`offset`) AS last_offset
    FROM sales
    GROUP BY epoch, topic, partition
    UNION ALL
    SELECT 'stock' AS name, epoch, topic, partition, uniqExact(`offset`, line) AS rows, count() AS stored,
        min(`offset`) AS first_offset, max(`offset`) AS last_offset
    FROM stock
    GROUP BY epoch, topic, partition
    UNION ALL
    SELECT 'quotes' AS name, epoch, topic, partition, uniqExact(`offset`, line) AS rows, count() AS stored,
        min(`offset`) AS first_offset, max(`offset`) AS last_offset
    FROM quotes
    GROUP BY epoch, topic, partition
    UNION ALL
    SELECT 'registry' AS name, epoch, topic, partition, uniqExact(`offset`, line) AS rows, count() AS stored,
        min(`offset`) AS first_offset, max(`offset`) AS last_offset
    FROM registry
    GROUP BY epoch, topic, partition
    UNION ALL
    SELECT 'dead_letters' AS name, epoch, topic, partition, uniqExact(`offset`, stage) AS rows, count() AS stored,
        min(`offset`) AS first_offset, max(`offset`) AS last_offset
    FROM dead_letters
    GROUP BY epoch, topic, partition
)
ORDER BY name, epoch, topic, partition
