"""Alembic's migrations of the operational store; ``Store.migrate`` runs them."""
