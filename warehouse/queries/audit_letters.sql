-- Rejected records with from_offset <= offset < to_offset of one place, without their bytes.
SELECT `offset`, line, stage, max(at) AS at
FROM dead_letters
WHERE epoch = {epoch:String} AND topic = {topic:String} AND partition = {partition:UInt16}
    AND `offset` >= {from_offset:UInt64} AND `offset` < {to_offset:UInt64}
GROUP BY `offset`, line, stage
ORDER BY `offset`, line, stage
