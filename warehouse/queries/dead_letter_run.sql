-- What became of the records that one run of the replay command sent; '' is "not read yet".
SELECT outcome, count() AS records, any(reason) AS reason
FROM (
    SELECT epoch, topic, partition, `offset`, line, attempt, argMax(outcome, step = 'read') AS outcome, argMax(reason, step = 'read') AS reason
    FROM dead_letter_replays
    WHERE (epoch, topic, partition, `offset`, line, attempt) IN (
        SELECT epoch, topic, partition, `offset`, line, attempt FROM dead_letter_replays WHERE run = {run:String} AND step = 'sent')
    GROUP BY epoch, topic, partition, `offset`, line, attempt
)
GROUP BY outcome
ORDER BY outcome
