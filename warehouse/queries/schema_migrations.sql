SELECT name, checksum, min(applied) AS applied
FROM schema_migrations
GROUP BY name, checksum
ORDER BY name
