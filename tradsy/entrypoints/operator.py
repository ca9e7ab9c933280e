"""What the operator does on the machine of the installation, straight on its engines: whoever may read the keys may.

Each act is recorded in the audit log with the operating system's user as its actor.
"""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from tradsy.audit.service import SYSTEM_CHAIN, AuditEntry
from tradsy.audit.service import append as append_audit
from tradsy.domain.errors import NotFound, TradsyError
from tradsy.domain.ids import UserId
from tradsy.entrypoints import demo
from tradsy.entrypoints.api_client import KEY_FILE
from tradsy.entrypoints.container import Container, open_container
from tradsy.entrypoints.processes import required_addresses
from tradsy.execution.kill import SITE, KillTarget, KillView, list_kills
from tradsy.identity.mails import Mail, list_mails
from tradsy.identity.setup import ensure_setup_link
from tradsy.platform.db import sql
from tradsy.platform.settings import Settings
from tradsy.risk.model import KillScope


class BadScope(TradsyError):
    """There is no such scope, or the subject is missing."""

    code = "bad_scope"
    title = "Name a scope (site, broker, user, account, source) and, but for the site, its subject"


def actor() -> str:
    """Name the operator for the audit log."""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = str(os.geteuid())
    return f"operator:{name}"


@asynccontextmanager
async def local(settings: Settings) -> AsyncGenerator[Container]:
    """Connect to the engines of the installation on this machine, which must be running."""
    async with open_container(settings, required_addresses(settings)) as container:
        yield container


async def read_mails(settings: Settings) -> list[Mail]:
    """Return the mails that wait to be sent; reading them is recorded, for whoever has a link is let in by it."""
    async with local(settings) as container:
        now = container.clock.now()
        async with container.database.as_engine() as session:
            found = await list_mails(session, container.vault)
            entry = AuditEntry(SYSTEM_CHAIN, actor(), "mails.read", "mails", {"count": len(found)})
            await append_audit(session, [entry], at=now)
        return found


async def set_kill(settings: Settings, scope: str, subject: str | None, *, reason: str) -> dict[str, Any]:
    """Stop a scope."""
    async with local(settings) as container:
        target = await _target(container, scope, subject)
        return _view(await container.kills.kill(target, reason=reason, by=actor(), cancel_stops=False))


async def release_kill(settings: Settings, scope: str, subject: str | None, *, reason: str) -> dict[str, Any]:
    """Let a scope run again."""
    async with local(settings) as container:
        target = await _target(container, scope, subject)
        return _view(await container.kills.release(target, reason=reason, by=actor()))


async def _target(container: Container, scope: str, subject: str | None) -> KillTarget:
    """Return what is meant; a missing subject is the only switch of that scope that is set, or the only user."""
    try:
        wanted = KillScope(scope)
    except ValueError:
        raise BadScope from None
    if wanted is KillScope.SITE:
        return KillTarget(wanted, SITE, None)
    async with container.database.as_engine() as session:
        if subject is None:
            set_now = {view.subject for view in await list_kills(session) if view.scope is wanted and view.active}
            if len(set_now) != 1:
                raise BadScope(f"{len(set_now)} switches of scope {wanted} are set: name the subject.")
            (subject,) = set_now
        if wanted is KillScope.BROKER:
            return KillTarget(wanted, subject, None)
        return KillTarget(wanted, subject, await _owner_of(session, wanted, subject))


async def _owner_of(session: Any, scope: KillScope, subject: str) -> UserId:
    try:
        identifier = UUID(subject)
    except ValueError:
        raise BadScope("The subject is no id.") from None
    if scope is KillScope.USER:
        return UserId(identifier)
    table = "accounts" if scope is KillScope.ACCOUNT else "sources"
    found = (await session.execute(sql(f"select user_id from {table} where id = :id"), {"id": identifier})).scalar()
    if found is None:
        raise NotFound("There is no such account or source.")
    return UserId(found)


def _view(view: KillView) -> dict[str, Any]:
    return {
        "scope": str(view.scope),
        "subject": view.subject,
        "active": view.active,
        "reason": view.reason,
        "resting": view.resting,
    }


async def make_setup_link(settings: Settings) -> str | None:
    """Return a fresh link for the first admin; None once there is one."""
    async with local(settings) as container:
        now = container.clock.now()
        async with container.database.as_engine() as session:
            return await ensure_setup_link(session, site_url=_site_url(container), at=now)


def _site_url(container: Container) -> str:
    """Return where people reach the product: as it said itself when it started, unless a public address is set."""
    saved = container.installation.root / KEY_FILE
    if container.settings.public_url or not saved.exists():
        return container.settings.url
    return str(json.loads(saved.read_text())["url"])


async def make_demo_key(settings: Settings) -> str:
    """Return a key that reads the demo user's data for a day; that it was made is on the demo user's audit chain.

    Raises:
        NotFound: there is no demo.
    """
    async with local(settings) as container:
        return await demo.make_view_key(container, by=actor())


async def remove_demo(settings: Settings) -> bool:
    """Close everything of the demo; return whether there was one."""
    async with local(settings) as container:
        return await demo.remove_demo(container, actor=actor())
