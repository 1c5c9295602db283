-- Rejected records by topic, stage and reason; numbers in a reason (lines, times, codes) are taken for equal.
SELECT
    topic, last_stage AS stage, kind, any(last_reason) AS example, count() AS letters, sum(again) AS replayed, min(newest) AS first, max(newest) AS last
FROM (
    SELECT
        epoch, topic, partition, `offset`, line, argMax(stage, at) AS last_stage, argMax(reason, at) AS last_reason,
        replaceRegexpAll(last_reason, '[0-9]+', '#') AS kind, max(at) AS newest,
        (epoch, topic, partition, `offset`, line) IN (
            SELECT toString(epoch), toString(topic), partition, `offset`, line FROM dead_letter_replays) AS again
    FROM (
        SELECT toString(epoch) AS epoch, toString(topic) AS topic, partition, `offset`, line, stage, reason, at
        FROM dead_letters
        WHERE ({topic:String=} = '' OR topic = {topic:String=})
            AND ({partition:Int32=-1} < 0 OR partition = {partition:Int32=-1})
            AND ({offset:Int64=-1} < 0 OR `offset` = {offset:Int64=-1})
            AND ({line:Int64=-1} < 0 OR line = {line:Int64=-1})
            AND ({epoch:String=} = '' OR epoch = {epoch:String=})
            AND ({stage:String=} = '' OR stage = {stage:String=})
            AND ({sender:String=} = '' OR sender = {sender:String=})
            AND ({reason:String=} = '' OR positionCaseInsensitiveUTF8(reason, {reason:String=}) > 0)
            AND at >= toDateTime({since:UInt32=0}, 'UTC')
            AND at <= toDateTime({until:UInt32=4294967295}, 'UTC')
    )
    GROUP BY epoch, topic, partition, `offset`, line
)
WHERE {replayed:Int8=-1} < 0 OR again = {replayed:Int8=-1}
GROUP BY topic, last_stage, kind
ORDER BY letters DESC, topic, last_stage, kind
LIMIT {limit:UInt32=1000}
