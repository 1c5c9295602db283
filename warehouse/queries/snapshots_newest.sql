-- Snapshots of a partition in one epoch, newest first, without their state.
SELECT epoch, partition, position, offsets, format, fingerprint, at
FROM snapshots
PREWHERE partition = {partition:UInt16} AND epoch = {epoch:String}
ORDER BY position DESC, at DESC
LIMIT 1 BY position
LIMIT {limit:UInt32=20}
