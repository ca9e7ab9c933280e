"""Alembic migrations: the schema `tradsy`, owned by `tradsy_owner`."""
