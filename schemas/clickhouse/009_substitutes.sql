-- Sites that can step in where an alert says that a good runs out, as JSON (schemas/events.py, Substitute).
ALTER TABLE alert_transitions ADD COLUMN substitutes String DEFAULT '[]';
