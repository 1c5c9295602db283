-- Which offsets of each place hold rows, and how many with copies.
SELECT name, epoch, topic, partition, rows, first_offset, last_offset
FROM (
    SELECT 'sales' AS name, epoch, topic, partition, count() AS rows, min(`offset`) AS first_offset,
        max(`offset`) AS last_offset
    FROM sales
    GROUP BY epoch, topic, partition
    UNION ALL
    SELECT 'stock' AS name, epoch, topic, partition, count() AS rows, min(`offset`) AS first_offset,
        max(`offset`) AS last_offset
    FROM stock
    GROUP BY epoch, topic, partition
    UNION ALL
    SELECT 'quotes' AS name, epoch, topic, partition, count() AS rows, min(`offset`) AS first_offset,
        max(`offset`) AS last_offset
    FROM quotes
    GROUP BY epoch, topic, partition
    UNION ALL
    SELECT 'registry' AS name, epoch, topic, partition, count() AS rows, min(`offset`) AS first_offset,
        max(`offset`) AS last_offset
    FROM registry
    GROUP BY epoch, topic, partition
)
ORDER BY name, epoch, topic, partition
