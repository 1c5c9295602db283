-- Newest rejected records. '' means any. The key first, the values (up to 17 MiB each) of the chosen only.
SELECT
    epoch, topic, partition, `offset`, stage, reason, error, key_base64, value_base64, headers, at
FROM dead_letters
WHERE (epoch, topic, partition, `offset`, stage) IN (
    SELECT epoch, topic, partition, `offset`, stage
    FROM (
        SELECT epoch, topic, partition, `offset`, stage, at
        FROM dead_letters
        WHERE ({topic:String=} = '' OR topic = {topic:String=})
            AND ({stage:String=} = '' OR stage = {stage:String=})
            AND at >= toDateTime({since:UInt32=0}, 'UTC')
        ORDER BY at DESC, `offset` DESC
        LIMIT 1 BY epoch, topic, partition, `offset`, stage
        LIMIT {limit:UInt32=100}
    )
)
ORDER BY at DESC, `offset` DESC
LIMIT 1 BY epoch, topic, partition, `offset`, stage
