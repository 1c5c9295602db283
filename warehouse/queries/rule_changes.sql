-- Changes of the rules, newest first: each once, with the number of partitions that took it in and the first moment.
SELECT
    event_id,
    any(sender) AS sender,
    any(author) AS author,
    max(at) AS at,
    any(note) AS note,
    any(change) AS change,
    uniqExact(partition) AS partitions,
    min(ingested) AS ingested
FROM rule_changes
GROUP BY event_id
ORDER BY at DESC, event_id DESC
LIMIT {limit:UInt32=100}
