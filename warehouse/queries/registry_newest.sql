-- Newest version of every entity as each prefecture was told it, by event time, then by the order of the stream.
-- kind '': all; code '': all; prefecture 0: all.
SELECT prefecture, kind, code, at, entity
FROM (
    SELECT epoch, topic, partition, `offset`, line, prefecture, kind, code, at, entity
    FROM registry
    WHERE ({kind:String=} = '' OR kind = {kind:String=}) AND ({code:String=} = '' OR code = {code:String=})
        AND ({prefecture:UInt32=0} = 0 OR prefecture = {prefecture:UInt32=0})
) AS found
ANY LEFT JOIN (
    SELECT epoch, min(ordinal) AS ordinal FROM epochs GROUP BY epoch
) AS began USING epoch
ORDER BY kind, code, prefecture, at DESC, ordinal DESC, `offset` DESC, line DESC
LIMIT 1 BY kind, code, prefecture
