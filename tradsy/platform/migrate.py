"""Roles and migrations: everything that needs more rights than the running product has."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from tradsy.platform.db import (
    APP_ROLE,
    AUTH_ROLE,
    ENGINE_ROLE,
    LOGIN_ROLES,
    OWNER_ROLE,
    parse_url,
    role_password,
    sqlalchemy_url,
)
from tradsy.platform.failpoints import failpoint
from tradsy.platform.installation import Installation

log = structlog.get_logger(__name__)

SCHEMA = "tradsy"
_LOCK = 0x7472_6164
"""Advisory lock key: one process migrates at a time."""


async def ensure_roles(url: str, installation: Installation) -> None:
    """Make the four roles and the schema, and set the login roles' derived passwords."""
    connection = await asyncpg.connect(**parse_url(url))
    try:
        async with connection.transaction():
            await connection.execute(f"select pg_advisory_xact_lock({_LOCK})")
            for role in (OWNER_ROLE, AUTH_ROLE, APP_ROLE, ENGINE_ROLE):
                if not await connection.fetchval("select 1 from pg_roles where rolname = $1", role):
                    await connection.execute(f"create role {role} nologin")
            for role in LOGIN_ROLES:
                # The password is hexadecimal and derived, never input; a statement of this kind takes no parameters.
                password = role_password(installation, role)
                await connection.execute(f"alter role {role} login password '{password}'")
            for role in (OWNER_ROLE, *LOGIN_ROLES):
                await connection.execute(f"alter role {role} set search_path = {SCHEMA}")
            user = await connection.fetchval("select current_user")
            await connection.execute(f'grant {OWNER_ROLE}, {AUTH_ROLE} to "{user}"')
            # The owner hands look-up functions to the look-up role, which takes membership and CREATE on the schema.
            await connection.execute(f"grant {AUTH_ROLE} to {OWNER_ROLE}")
            await connection.execute(f"create schema if not exists {SCHEMA} authorization {OWNER_ROLE}")
            await connection.execute(f"grant usage on schema {SCHEMA} to {APP_ROLE}, {ENGINE_ROLE}")
            await connection.execute(f"grant usage, create on schema {SCHEMA} to {AUTH_ROLE}")
    finally:
        await connection.close()


def alembic_config() -> Config:
    """Return Alembic's configuration: the migrations inside the package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    return config


async def migrate(url: str, installation: Installation, *, revision: str = "head") -> None:
    """Bring the schema to `revision`, as its owner, one process at a time."""
    await ensure_roles(url, installation)
    engine = create_async_engine(sqlalchemy_url(parse_url(url)))
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"select pg_advisory_lock({_LOCK})"))
            await connection.execute(text(f"set role {OWNER_ROLE}"))
            await connection.execute(text(f"set search_path = {SCHEMA}"))
            await connection.commit()
            try:
                await connection.run_sync(_run_alembic, revision)
                failpoint("during_migration")
                await connection.commit()
            finally:
                await connection.rollback()
                await connection.execute(text(f"select pg_advisory_unlock({_LOCK})"))
                await connection.commit()
    finally:
        await engine.dispose()


async def read_revisions(url: str) -> tuple[str | None, str | None]:
    """Return the schema's revision and the newest one that this build knows."""
    engine = create_async_engine(sqlalchemy_url(parse_url(url)))
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"set search_path = {SCHEMA}"))
            current = await connection.run_sync(_current_revision)
    finally:
        await engine.dispose()
    return current, ScriptDirectory.from_config(alembic_config()).get_current_head()


def _run_alembic(connection: Connection, revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    current = _current_revision(connection)
    if current is not None and revision != "head" and revision < current:
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


def _current_revision(connection: Connection) -> str | None:
    exists = connection.execute(text("select to_regclass('tradsy.alembic_version')")).scalar()
    return connection.execute(text("select version_num from alembic_version")).scalar() if exists else None
