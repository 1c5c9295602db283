-- The newest snapshots of each partition and broker, without their state.
SELECT epoch, partition, position, offsets, format, fingerprint
FROM snapshots
ORDER BY epoch, partition, position DESC
LIMIT 1000 BY epoch, partition
