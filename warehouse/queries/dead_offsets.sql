-- What was rejected of records of one partition with from_offset <= offset < to_offset: lines [line, line + lines)
-- of a batch of receipts, or with 0 lines a record or some of its lines.
SELECT DISTINCT `offset`, line, lines
FROM dead_letters
WHERE epoch = {epoch:String} AND topic = {topic:String} AND partition = {partition:UInt16}
    AND `offset` >= {from_offset:UInt64} AND `offset` < {to_offset:UInt64}
ORDER BY `offset`, line
