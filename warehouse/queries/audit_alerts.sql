-- Newest transition of every episode.
SELECT key, id, seq, level, state, region, at, version
FROM alert_transitions
WHERE (id, seq) IN (SELECT id, max(seq) FROM alert_transitions GROUP BY id)
ORDER BY key, id, version DESC
LIMIT 1 BY key, id
