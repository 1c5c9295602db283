-- Actions on alerts, oldest first: since a moment (epoch seconds), and silences that end after it. '' means any alert.
SELECT event_id, sender, kind, author, at, note, alert, key, seq, level, silence, matcher, until
FROM alert_actions
WHERE ({alert:String=} = '' OR alert = {alert:String=})
    AND (at >= toDateTime({since:UInt32=0}, 'UTC') OR until >= toDateTime({since:UInt32=0}, 'UTC'))
ORDER BY at, event_id
LIMIT 1 BY event_id
