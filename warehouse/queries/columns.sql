-- Columns of a table and their ClickHouse types, in order.
SELECT name, type
FROM system.columns
WHERE database = currentDatabase() AND table = {table:String}
