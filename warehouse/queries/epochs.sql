-- Brokers ever used, oldest first.
SELECT epoch, min(ordinal) AS ordinal, min(started) AS started
FROM epochs
GROUP BY epoch
ORDER BY ordinal, started, epoch
