"""Alembic's entrance: runs the steps on the connection that :func:`cloud_sync.server.migrate.migrate` holds."""

from alembic import context

from cloud_sync.server.database import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
