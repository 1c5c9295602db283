-- Next offset of every place in every epoch.
SELECT epoch, topic, partition, max(next_offset) AS next_offset
FROM ingest_progress
GROUP BY epoch, topic, partition
ORDER BY epoch, topic, partition
