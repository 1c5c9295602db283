-- Every rejected record of one partition and broker, without its bytes.
SELECT topic, `offset`, line, stage, max(at) AS at
FROM dead_letters
WHERE epoch = {epoch:String} AND partition = {partition:UInt16}
GROUP BY topic, `offset`, line, stage
ORDER BY topic, `offset`, line, stage
