"""All SQL of risk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from tradsy.domain.ids import UserId
from tradsy.platform.db import DatabaseError, DbSession, Row, sql
from tradsy.risk.errors import LimitsChangedMeanwhile, LimitSubjectNotFound
from tradsy.risk.limits import Scope

INSTALLATION = UUID(int=0)
"""Subject of the platform's and the operator's layer."""

# The text of the JSON is returned as it is, so that equal layers are parsed once.
_LAYER = (
    "select scope, subject, user_id, version, effective_at, pending_at, pending_at <= :now as due, "
    '"values"::text as values_text, pending::text as pending_text from risk_limits '
)
_LOAD = sql(_LAYER + "where subject = any(:subjects) and (user_id is null or user_id = any(:users))")
_FIND = sql(_LAYER + "where scope = :scope and subject = :subject and user_id is not distinct from :user for update")
_INSERT = sql(
    'insert into risk_limits (scope, subject, user_id, "values", effective_at, pending, pending_at, changed_by, '
    "changed_at) values (:scope, :subject, :user, cast(:values as jsonb), :now, cast(:pending as jsonb), :pending_at, "
    ":actor, :now) on conflict do nothing returning version"
)
_UPDATE = sql(
    'update risk_limits set "values" = cast(:values as jsonb), effective_at = :now, pending = cast(:pending as jsonb), '
    "pending_at = :pending_at, changed_by = :actor, changed_at = :now, version = version + 1 "
    "where scope = :scope and subject = :subject and user_id is not distinct from :user returning version"
)
_ADD_CHANGE = sql(
    "insert into limit_changes (id, user_id, scope, subject, old, new, is_raise, version, changed_by, changed_at, "
    "effective_at) values (:id, :user, :scope, :subject, cast(:old as jsonb), cast(:new as jsonb), :is_raise, "
    ":version, :actor, :now, :effective_at)"
)
_LIST_CHANGES = sql(
    "select id, scope, subject, old, new, is_raise, version, changed_by, changed_at, effective_at from limit_changes "
    "where user_id = :user and (cast(:before as uuid) is null or id < :before) order by id desc limit :limit"
)
_STATE = "select scope, subject, user_id, mode, rule, code, reason, peak_since, changed_by, changed_at from risk_state "
# Limits and states of the same subjects, and all active kill switches, which are few, in one round trip; each row is
# of one kind, and `kind` tells which.
_LOAD_STANDING = sql(
    "select 'layer' as kind, scope, subject, user_id, version, effective_at, pending_at, pending_at <= :now as due, "
    '"values"::text as values_text, pending::text as pending_text, null as mode, null::timestamptz as peak_since, '
    "null as killed from risk_limits where subject = any(:subjects) and (user_id is null or user_id = any(:users)) "
    "union all select 'state', scope, subject, user_id, null, null, null, null, null, null, mode, peak_since, null "
    "from risk_state where subject = any(:subjects) and user_id = any(:users) "
    "union all select 'kill', scope, null, null, null, null, null, null, null, null, null, null, subject "
    "from kill_switches where active"
)
_LIST_STATES = sql(_STATE + "where user_id = :user order by scope, subject")
_FIND_STATE = sql(_STATE + "where scope = :scope and subject = :subject and user_id = :user for update")
_STOP = sql(
    "insert into risk_state as s (scope, subject, user_id, mode, rule, code, reason, changed_by, changed_at) "
    "values (:scope, :subject, :user, :mode, :rule, :code, :reason, :actor, :now) "
    "on conflict (subject, scope, user_id) do update set mode = excluded.mode, rule = excluded.rule, "
    "code = excluded.code, reason = excluded.reason, changed_by = excluded.changed_by, "
    "changed_at = excluded.changed_at, version = s.version + 1 "
    # A state only ever gets stricter here; lifting it is a statement of its own.
    "where s.mode = 'normal' or (s.mode = 'reduce_only' and excluded.mode in ('halted', 'disabled')) returning mode"
)
# Row-level security answers: only what the caller may see exists.
_VISIBLE = sql(
    "select (cast(:account as uuid) is null or exists (select 1 from accounts where id = :account)) "
    "and (cast(:source as uuid) is null or exists (select 1 from sources where id = :source))"
)
_ENABLE = sql(
    "update risk_state set mode = 'normal', rule = '', code = '', reason = :reason, peak_since = :now, "
    "changed_by = :actor, changed_at = :now, version = version + 1 "
    "where scope = :scope and subject = :subject and user_id = :user"
)
_INVISIBLE = frozenset({"42501", "23503"})
"""SQL states of a row whose subject its writer may not see (row-level security) or that does not exist."""


async def load_layers(
    session: DbSession, subjects: Sequence[UUID], users: Sequence[UserId], now: datetime
) -> Sequence[Row]:
    """Return the layers of all subjects, and the installation's, in one statement."""
    parameters = {"subjects": [INSTALLATION, *subjects], "users": list(users), "now": now}
    return (await session.execute(_LOAD, parameters)).all()


async def find_layer(
    session: DbSession, scope: Scope, subject: UUID, user_id: UserId | None, now: datetime
) -> Row | None:
    """Return one layer, locked until the transaction ends."""
    parameters = {"scope": scope, "subject": subject, "user": user_id, "now": now}
    return (await session.execute(_FIND, parameters)).one_or_none()


async def save_layer(
    session: DbSession,
    scope: Scope,
    subject: UUID,
    user_id: UserId | None,
    *,
    exists: bool,
    values: dict[str, Any],
    pending: dict[str, Any] | None,
    pending_at: datetime | None,
    actor: str,
    now: datetime,
) -> int:
    """Write one layer and return its version.

    Raises:
        LimitSubjectNotFound: the writer may not see the account or source.
        LimitsChangedMeanwhile: another transaction made the layer first.
    """
    parameters = {
        "scope": scope,
        "subject": subject,
        "user": user_id,
        "values": _dump(values),
        "pending": None if pending is None else _dump(pending),
        "pending_at": pending_at,
        "actor": actor,
        "now": now,
    }
    version = await _write(session, _UPDATE if exists else _INSERT, parameters)
    if version is None:
        raise LimitsChangedMeanwhile
    return int(version)


async def add_change(session: DbSession, **parameters: Any) -> None:
    """Write one line of the history."""
    parameters["old"], parameters["new"] = _dump(parameters["old"]), _dump(parameters["new"])
    await session.execute(_ADD_CHANGE, parameters)


async def list_changes(session: DbSession, user_id: UserId, before: UUID | None, limit: int) -> Sequence[Row]:
    """Return the user's history, newest first."""
    return (await session.execute(_LIST_CHANGES, {"user": user_id, "before": before, "limit": limit})).all()


async def is_visible(session: DbSession, account: UUID | None, source: UUID | None) -> bool:
    """Whether the request's user may see the account and the source."""
    return bool((await session.execute(_VISIBLE, {"account": account, "source": source})).scalar_one())


async def load_standing(
    session: DbSession, subjects: Sequence[UUID], users: Sequence[UserId], now: datetime
) -> dict[str, list[Row]]:
    """Return rows by kind: layers, the installation's among them, and states of all subjects; active kill switches."""
    parameters = {"subjects": [INSTALLATION, *subjects], "users": list(users), "now": now}
    found: dict[str, list[Row]] = {"layer": [], "state": [], "kill": []}
    for row in await session.execute(_LOAD_STANDING, parameters):
        found[row["kind"]].append(row)
    return found


async def list_states(session: DbSession, user_id: UserId) -> Sequence[Row]:
    """Return every state of a user that was ever set."""
    return (await session.execute(_LIST_STATES, {"user": user_id})).all()


async def find_state(session: DbSession, scope: str, subject: UUID, user_id: UserId) -> Row | None:
    """Return one state, locked until the transaction ends."""
    return (await session.execute(_FIND_STATE, {"scope": scope, "subject": subject, "user": user_id})).one_or_none()


async def stop(session: DbSession, **parameters: Any) -> bool:
    """Make a state stricter; False when it already is as strict.

    Raises:
        LimitSubjectNotFound: the writer may not see the account or source.
    """
    return await _write(session, _STOP, parameters) is not None


async def enable(session: DbSession, **parameters: Any) -> None:
    """Set a state back to normal; drawdown counts from now on."""
    await session.execute(_ENABLE, parameters)


async def _write(session: DbSession, statement: Any, parameters: dict[str, Any]) -> Any:
    """Run a write whose row names an account or source of the caller."""
    try:
        return (await session.execute(statement, parameters)).scalar_one_or_none()
    except DatabaseError as error:
        if error.sqlstate in _INVISIBLE:
            raise LimitSubjectNotFound from None
        raise


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()
