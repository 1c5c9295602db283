-- One snapshot with its state; no row if there is none at this position. States are large: PREWHERE reads no other.
SELECT epoch, partition, position, offsets, format, fingerprint, at, state
FROM snapshots
PREWHERE partition = {partition:UInt16} AND position = {position:UInt64} AND epoch = {epoch:String}
ORDER BY at DESC
LIMIT 1
