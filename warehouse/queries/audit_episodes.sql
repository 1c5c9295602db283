-- The numbers of each episode's transitions: they should run from 0 without a gap..
SELECT key, id, min(seq) AS first, max(seq) AS last, uniqExact(seq) AS stored
FROM alert_transitions
GROUP BY key, id
ORDER BY key, id
