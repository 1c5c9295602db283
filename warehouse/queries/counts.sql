-- Stored rows of every table, cheaply; a batch inserted twice counts twice until it is merged.
SELECT name, rows
FROM (
    SELECT 'sales' AS name, count() AS rows FROM sales
    UNION ALL
    SELECT 'stock' AS name, count() AS rows FROM stock
    UNION ALL
    SELECT 'quotes' AS name, count() AS rows FROM quotes
    UNION ALL
    SELECT 'registry' AS name, count() AS rows FROM registry
    UNION ALL
    SELECT 'dead_letters' AS name, count() AS rows FROM dead_letters
    UNION ALL
    SELECT 'ingest_progress' AS name, count() AS rows FROM ingest_progress
    UNION ALL
    SELECT 'epochs' AS name, count() AS rows FROM epochs
    UNION ALL
    SELECT 'snapshots' AS name, count() AS rows FROM snapshots
    UNION ALL
    SELECT 'indicators' AS name, count() AS rows FROM indicators
    UNION ALL
    SELECT 'alert_transitions' AS name, count() AS rows FROM alert_transitions
    UNION ALL
    SELECT 'alert_actions' AS name, count() AS rows FROM alert_actions
    UNION ALL
    SELECT 'rule_changes' AS name, count() AS rows FROM rule_changes
)
ORDER BY name
