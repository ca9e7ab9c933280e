"""Profile and consents: what a user tells about themselves, and which texts they accepted when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tradsy.domain.ids import UserId
from tradsy.identity import legal, repository, service
from tradsy.identity.errors import OutdatedDocument
from tradsy.identity.legal import DocumentName
from tradsy.identity.model import User
from tradsy.identity.records import announce, entry, record
from tradsy.platform.db import DbSession, sql
from tradsy.platform.ids import new_id


@dataclass(frozen=True, slots=True)
class Consent:
    """One acceptance, as it was recorded."""

    document: DocumentName
    version: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Onboarding:
    """How far a user has come."""

    user: User
    current: Mapping[DocumentName, str]
    consents: list[Consent]
    may_trade: bool


async def get_onboarding(session: DbSession, user_id: UserId) -> Onboarding:
    """Return how far the session's user has come."""
    user = await service.get_user(session, user_id)
    rows = await session.execute(
        sql("select document, version, accepted_at from consents where user_id = :user order by id"),
        {"user": user_id},
    )
    consents = [Consent(DocumentName(r.document), r.version, r.accepted_at) for r in rows]
    current = await legal.list_current_versions(session)
    return Onboarding(user, current, consents, await repository.is_trading_allowed(session, user_id))


async def update_profile(
    session: DbSession, user_id: UserId, changes: Mapping[str, str | None], *, at: datetime
) -> User:
    """Change the given fields of a user's profile (display_name, country, risk_tolerance, experience)."""
    await repository.update_profile(session, user_id, dict(changes))
    await record(session, [entry(user_id, "user.profile_changed", fields=sorted(changes))], at=at)
    return await service.get_user(session, user_id)


async def accept_documents(
    session: DbSession,
    user_id: UserId,
    versions: Mapping[DocumentName, str],
    *,
    at: datetime,
    actor: str | None = None,
) -> None:
    """Record that a user accepts texts; `actor` is `demo` for the demo user, nobody else is consented for.

    Accepting twice changes nothing.

    Raises:
        OutdatedDocument: a version is not the current one.
    """
    current = await legal.list_current_versions(session)
    if any(current.get(name) != version for name, version in versions.items()):
        raise OutdatedDocument
    fresh = [
        name for name in sorted(versions) if await _insert_consent(session, user_id, name, versions[name], at, actor)
    ]
    if not fresh:
        return
    columns = ", ".join(f"{name}_version = :{name}" for name in fresh)
    await session.execute(
        sql(f"update users set {columns} where id = :id"), {"id": user_id, **{str(n): versions[n] for n in fresh}}
    )
    accepted = [
        entry(
            user_id,
            "consent.accepted",
            actor=actor,
            subject=f"document:{name}",
            version=versions[name],
            sha256=legal.get_document(name).sha256,
        )
        for name in fresh
    ]
    payload = {"documents": {str(name): versions[name] for name in fresh}}
    await announce(session, "users.consented", payload, at=at, user_id=user_id)
    await record(session, accepted, at=at)


async def accept_current_documents(session: DbSession, user_id: UserId, *, at: datetime, actor: str) -> None:
    """Accept whatever is current, for users that the installation itself makes (the demo user, benches, tests)."""
    await accept_documents(session, user_id, await legal.list_current_versions(session), at=at, actor=actor)


async def _insert_consent(
    session: DbSession, user_id: UserId, name: DocumentName, version: str, at: datetime, actor: str | None
) -> bool:
    done = await session.execute(
        sql(
            "insert into consents (id, user_id, document, version, accepted_at, actor) "
            "values (:id, :user, :name, :version, :at, :actor) "
            "on conflict (user_id, document, version) do nothing returning 1"
        ),
        {
            "id": new_id(),
            "user": user_id,
            "name": name,
            "version": version,
            "at": at,
            "actor": actor or f"user:{user_id}",
        },
    )
    return done.first() is not None
