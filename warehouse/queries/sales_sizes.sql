-- Rows of one partition with from_offset <= offset < to_offset, counted by every `step` offsets that have any.
SELECT intDiv(`offset`, {step:UInt32}) AS block, count() AS rows
FROM sales
WHERE epoch = {epoch:String} AND topic = {topic:String} AND partition = {partition:UInt16}
    AND `offset` >= {from_offset:UInt64} AND `offset` < {to_offset:UInt64}
GROUP BY block
ORDER BY block
