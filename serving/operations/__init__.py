"""The operational store: accounts, sessions, wall tokens, failed logins, audit; SQLite, or PostgreSQL by URL."""
