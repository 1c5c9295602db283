-- One snapshot with its state; no row if there is none at this position.
SELECT epoch, partition, position, offsets, format, fingerprint, at, state
FROM snapshots
WHERE epoch = {epoch:String} AND partition = {partition:UInt16} AND position = {position:UInt64}
ORDER BY at DESC
LIMIT 1
