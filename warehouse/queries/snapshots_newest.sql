-- Snapshots of a partition in one epoch, newest first, without their state.
SELECT epoch, partition, position, offsets, format, fingerprint, at
FROM snapshots
WHERE epoch = {epoch:String} AND partition = {partition:UInt16}
ORDER BY position DESC, at DESC
LIMIT 1 BY position
LIMIT {limit:UInt32=20}
