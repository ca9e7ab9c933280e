"""Kill switches: what stops risk at once, and what it takes to let it run again.

Setting and releasing take the lock that every intent's transaction shares (`partitions.KILL_LOCK`): once a kill has
committed, no intent that adds risk can commit, and those that committed before it are canceled by the same
transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tradsy.audit.service import SYSTEM_CHAIN, AuditEntry
from tradsy.audit.service import append as append_audit
from tradsy.domain.ids import OrderId, UserId
from tradsy.execution.commands import request_cancels
from tradsy.execution.errors import NotKilled
from tradsy.execution.repository import OPEN
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DbSession, sql
from tradsy.platform.outbox import OutboxPublisher, emit, new_event
from tradsy.platform.partitions import KILL_LOCK
from tradsy.risk.model import KillScope

SITE = "site"

_SCOPE_FILTER = {
    KillScope.SITE: "true",
    KillScope.BROKER: "venue = :subject",
    KillScope.USER: "user_id = cast(:subject as uuid)",
    KillScope.ACCOUNT: "account_id = cast(:subject as uuid)",
    KillScope.SOURCE: "source_id = cast(:subject as uuid)",
    KillScope.STRATEGY: "source_id = cast(:subject as uuid)",
}


@dataclass(frozen=True, slots=True)
class KillTarget:
    """What to stop."""

    scope: KillScope
    subject: str
    """`site`, a venue's name, or an id."""
    user_id: UserId | None
    """Whose it is; None for the site and for brokers."""


@dataclass(frozen=True, slots=True)
class KillView:
    """One switch, and what still rests in its scope."""

    scope: KillScope
    subject: str
    active: bool
    reason: str
    changed_by: str
    changed_at: datetime
    cancel_stops: bool
    resting: int
    """Open orders that add risk and are not proved canceled yet."""


class KillSwitches:
    """Sets and releases kill switches, with the engine's role: the request role can only read them."""

    def __init__(self, database: Database, outbox: OutboxPublisher, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock

    async def kill(self, target: KillTarget, *, reason: str, by: str, cancel_stops: bool) -> KillView:
        """Stop a scope and ask for the cancel of what adds risk in it; doing it twice asks again."""
        now = self._clock.now()
        async with self._database.as_engine() as session:
            await self._lock(session)
            await session.execute(
                sql(
                    "insert into kill_switches (scope, subject, user_id, active, cancel_stops, reason, changed_by, "
                    "changed_at) values (:scope, :subject, :user, true, :stops, :reason, :by, :now) "
                    "on conflict (scope, subject) do update set active = true, cancel_stops = excluded.cancel_stops, "
                    "reason = excluded.reason, changed_by = excluded.changed_by, changed_at = excluded.changed_at, "
                    "version = kill_switches.version + 1"
                ),
                {
                    "scope": str(target.scope),
                    "subject": target.subject,
                    "user": target.user_id,
                    "stops": cancel_stops,
                    "reason": reason,
                    "by": by,
                    "now": now,
                },
            )
            orders = await self._open_orders(session, target, cancel_stops=cancel_stops)
            requested = await request_cancels(session, orders, by=by, origin="person", now=now)
            event = new_event(
                "kills.changed",
                {"scope": str(target.scope), "subject": target.subject, "active": True, "cancels": requested.count},
                at=now,
                user_id=target.user_id,
            )
            events = [*requested.events, event]
            await emit(session, events)
            data = {"reason": reason, "cancels": requested.count, "cancel_stops": cancel_stops}
            await append_audit(session, [*requested.audit, _entry(target, by, "kill.set", data)], at=now)
        self._outbox.hand_over(events)
        return _changed(target, reason, by, now, active=True, stops=cancel_stops, resting=len(orders))

    async def release(self, target: KillTarget, *, reason: str, by: str) -> KillView:
        """Let a scope run again; the caller has proved a second factor.

        Raises:
            NotKilled: the switch is not set.
        """
        now = self._clock.now()
        async with self._database.as_engine() as session:
            await self._lock(session)
            row = (
                await session.execute(
                    sql(
                        "update kill_switches set active = false, reason = :reason, changed_by = :by, "
                        "changed_at = :now, version = version + 1 "
                        "where scope = :scope and subject = :subject and active returning cancel_stops"
                    ),
                    {
                        "reason": reason,
                        "by": by,
                        "now": now,
                        "scope": str(target.scope),
                        "subject": target.subject,
                    },
                )
            ).one_or_none()
            if row is None:
                raise NotKilled
            event = new_event(
                "kills.changed",
                {"scope": str(target.scope), "subject": target.subject, "active": False, "cancels": 0},
                at=now,
                user_id=target.user_id,
            )
            await emit(session, [event])
            await append_audit(session, [_entry(target, by, "kill.released", {"reason": reason})], at=now)
        self._outbox.hand_over([event])
        return _changed(target, reason, by, now, active=False, stops=row.cancel_stops, resting=0)

    async def _lock(self, session: DbSession) -> None:
        """Wait for every intent that is being committed, and let none begin until this has committed."""
        await session.execute(sql(f"select pg_advisory_xact_lock({KILL_LOCK})"))

    async def _open_orders(self, session: DbSession, target: KillTarget, *, cancel_stops: bool) -> list[OrderId]:
        keep = "" if cancel_stops else " and not reduce_only"
        rows = await session.execute(
            sql(f"select id from orders where {_SCOPE_FILTER[target.scope]} and state in ({OPEN}){keep}"),
            {} if target.scope is KillScope.SITE else {"subject": target.subject},
        )
        return [OrderId(row.id) for row in rows]


async def list_kills(session: DbSession) -> list[KillView]:
    """Return the switches that the session's role may see, each with what still rests in its scope."""
    rows = await session.execute(sql("select * from kill_switches order by changed_at desc"))
    return [await _view(session, dict(row)) for row in rows.all()]


async def _view(session: DbSession, row: Mapping[str, Any]) -> KillView:
    scope = KillScope(row["scope"])
    resting = 0
    if row["active"]:
        keep = "" if row["cancel_stops"] else " and not reduce_only"
        counted = await session.execute(
            sql(f"select count(*) from orders where {_SCOPE_FILTER[scope]} and state in ({OPEN}){keep}"),
            {} if scope is KillScope.SITE else {"subject": row["subject"]},
        )
        resting = counted.scalar_one()
    return KillView(
        scope=scope,
        subject=row["subject"],
        active=row["active"],
        reason=row["reason"],
        changed_by=row["changed_by"],
        changed_at=row["changed_at"],
        cancel_stops=row["cancel_stops"],
        resting=resting,
    )


async def owns_subject(session: DbSession, scope: KillScope, subject: UUID) -> bool:
    """Whether the account or source is one of the caller's own."""
    table = "accounts" if scope is KillScope.ACCOUNT else "sources"
    # Public sources of others are readable; only the own ones may be stopped for everybody.
    owned = "user_id = nullif(current_setting('app.user_id', true), '')::uuid"
    found = await session.execute(sql(f"select 1 from {table} where id = :id and {owned}"), {"id": subject})
    return found.scalar() is not None


def _entry(target: KillTarget, by: str, action: str, data: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(
        chain_id=target.user_id or SYSTEM_CHAIN,
        actor=by,
        action=action,
        subject=f"{target.scope}:{target.subject}",
        data=dict(data),
    )


def _changed(
    target: KillTarget, reason: str, by: str, at: datetime, *, active: bool, stops: bool, resting: int
) -> KillView:
    return KillView(target.scope, target.subject, active, reason, by, at, stops, resting)
