"""Alembic's way in: it runs in the connection and the transaction that ``Store.migrate`` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
