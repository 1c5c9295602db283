-- Next offset of every topic and partition of one epoch.
SELECT topic, partition, max(next_offset) AS next_offset
FROM ingest_progress
WHERE epoch = {epoch:String}
GROUP BY topic, partition
ORDER BY topic, partition
