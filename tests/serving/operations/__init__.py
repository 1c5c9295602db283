"""The operational store, on SQLite and on PostgreSQL."""
