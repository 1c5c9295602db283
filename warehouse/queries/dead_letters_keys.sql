-- Places of rejected records without their bytes, from a cursor on. '' and -1 mean any.
-- direction 1: oldest first, -1: newest first. A letter is one place, however often it was inserted.
SELECT
    epoch, topic, partition, `offset`, line, greatest_size AS size, toInt64({direction:Int8=1}) * toInt64(toUnixTimestamp(newest)) AS turn
FROM (
    SELECT
        toString(epoch) AS epoch, toString(topic) AS topic, partition, `offset`, line, max(at) AS newest, max(size) AS greatest_size
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
    GROUP BY epoch, topic, partition, `offset`, line
)
WHERE ({after:UInt8=0} = 0
        OR (toInt64({direction:Int8=1}) * toInt64(toUnixTimestamp(newest)), epoch, topic, toInt64(partition),
            toInt64({direction:Int8=1}) * toInt64(`offset`), toInt64({direction:Int8=1}) * toInt64(line))
        > (toInt64({after_turn:Int64=0}), {after_epoch:String=}, {after_topic:String=}, toInt64({after_partition:Int64=0}),
            toInt64({after_offset:Int64=0}), toInt64({after_line:Int64=0})))
    AND ({replayed:Int8=-1} < 0
        OR ({replayed:Int8=-1} = 1) = ((epoch, topic, partition, `offset`, line) IN (
            SELECT toString(epoch), toString(topic), partition, `offset`, line FROM dead_letter_replays)))
ORDER BY turn, epoch, topic, partition, toInt64({direction:Int8=1}) * toInt64(`offset`),
    toInt64({direction:Int8=1}) * toInt64(line)
LIMIT {limit:UInt32=1000}
