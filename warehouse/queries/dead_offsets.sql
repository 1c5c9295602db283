-- Offsets of one partition with from_offset <= offset < to_offset of which a part was rejected.
SELECT DISTINCT `offset`
FROM dead_letters
WHERE epoch = {epoch:String} AND topic = {topic:String} AND partition = {partition:UInt16}
    AND `offset` >= {from_offset:UInt64} AND `offset` < {to_offset:UInt64}
ORDER BY `offset`
