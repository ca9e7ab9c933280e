"""Alembic's entry: runs on the connection that `tradsy.platform.migrate` opened as the schema's owner."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # Migrations are written by hand: no row classes describe the tables a second time.
    target_metadata=None,
    version_table_schema="tradsy",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
