"""All SQL of sources and signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tradsy.domain.ids import SignalId, SourceId, TraceId, UserId
from tradsy.follows.plans import PlannedSignal
from tradsy.follows.service import PLANNED, PLANNING, planning_parameters
from tradsy.platform.db import DbSession, Row, dump_json, sql
from tradsy.signals.model import Incoming, KnownSignal, Reading, SignalState, Source, SourceKind, SourceState

_SOURCE_COLUMNS = "s.id, s.user_id, s.name, s.kind, s.state, s.body_secret, s.is_demo"

# The owner must be able to act: a disabled user's hooks are dead with everything else of his or hers.
_BY_TOKEN = sql(
    f"""
    select {_SOURCE_COLUMNS} from sources s join users u on u.id = s.user_id and u.state = 'active'
    where s.state <> 'closed' and (s.hook_token_hash = :hash
        or (s.old_hook_token_hash = :hash and s.old_hook_token_until > :now))
    """
)
_BY_NAME = sql(
    f"""
    select {_SOURCE_COLUMNS} from sources s
    where s.user_id = :user and s.state <> 'closed' and (s.name = :name or s.id = :id)
    order by s.id = :id desc nulls last limit 1
    """
)


async def find_source_by_token(session: DbSession, token_hash: bytes, now: datetime) -> Source | None:
    row = (await session.execute(_BY_TOKEN, {"hash": token_hash, "now": now})).one_or_none()
    return None if row is None else _source(row)


async def find_source_by_name(session: DbSession, user_id: UserId, name: str, id_: UUID | None) -> Source | None:
    row = (await session.execute(_BY_NAME, {"user": user_id, "name": name, "id": id_})).one_or_none()
    return None if row is None else _source(row)


_TICKETS = sql(f"select {_SOURCE_COLUMNS} from sources s where s.user_id = :user and s.kind = 'ticket'")


async def find_ticket_source(session: DbSession, user_id: UserId) -> Source | None:
    """Return the source of orders that the user places by hand, whatever its state."""
    row = (await session.execute(_TICKETS, {"user": user_id})).one_or_none()
    return None if row is None else _source(row)


async def insert_ticket_source(session: DbSession, **values: Any) -> bool:
    """Store the one ticket source of a user; return whether it was stored."""
    result = await session.execute(
        sql(
            """
            insert into sources (id, user_id, name, kind, visibility, state, created_at)
            values (:id, :user, :name, 'ticket', 'private', 'active', :at)
            on conflict do nothing returning id
            """
        ),
        values,
    )
    return result.first() is not None


def _source(row: Row) -> Source:
    return Source(
        SourceId(row["id"]),
        UserId(row["user_id"]),
        row["name"],
        SourceKind(row["kind"]),
        SourceState(row["state"]),
        row["body_secret"],
        row["is_demo"],
    )


@dataclass(frozen=True, slots=True)
class NewSignal:
    """One row of `signals` with the key that makes it unique."""

    id: SignalId
    trace_id: TraceId
    source: Source
    key: bytes
    key_expires_at: datetime | None
    """None: the key is taken for ever."""
    incoming: Incoming
    raw_hash: bytes
    reading: Reading
    expires_at: datetime | None


# The key decides the race: of simultaneous copies one inserts, the others wait for it and then find it taken.
_WON = """
    won as (
        insert into signal_keys (source_id, key, user_id, signal_id, trace_id, expires_at)
        values (:source, :key, :user, :id, :trace, :key_expires_at)
        on conflict (source_id, key) do update
            set signal_id = excluded.signal_id, trace_id = excluded.trace_id, expires_at = excluded.expires_at
            where signal_keys.expires_at <= :received_at
        returning signal_id
    )
"""
_STORE = """
    insert into signals (id, user_id, trace_id, source_id, dialect, content_type, raw, raw_hash, received_at, signal_at,
        expires_at, intent, confidence, reasons, spans, state, is_demo, plans)
    select signal_id, :user, :trace, :source, :dialect, :content_type, :raw, :raw_hash, :received_at,
        :signal_at, :expires_at, cast(:intent as jsonb), :confidence, cast(:reasons as jsonb), cast(:spans as jsonb),
        :state, :is_demo, {plans}
    from won returning id
"""
_INSERT = sql(f"with {_WON} {_STORE.format(plans=':plans')}")
_INSERT_AND_PLAN = sql(
    f"with {_WON}, {PLANNING}, stored as ({_STORE.format(plans='(select count(*) from planned)')}) "
    f"select p.*, exists (select from stored) as is_stored from ({PLANNED}) p"
)


async def insert_signal(session: DbSession, signal: NewSignal, *, plans: int = 0) -> bool:
    """Store a signal unless its key is taken; return whether it was stored."""
    return (await session.execute(_INSERT, {**_parameters(signal), "plans": plans})).first() is not None


async def insert_and_plan(session: DbSession, signal: NewSignal, planned: PlannedSignal) -> Sequence[Row] | None:
    """Store a signal with its plans unless its key is taken; return the rows of `PLANNED`, None where it was taken."""
    parameters = {**planning_parameters(planned), **_parameters(signal)}
    rows = (await session.execute(_INSERT_AND_PLAN, parameters)).all()
    return rows if rows[0].is_stored else None


def _parameters(signal: NewSignal) -> dict[str, Any]:
    reading = signal.reading
    return {
        "id": signal.id,
        "trace": signal.trace_id,
        "source": signal.source.id,
        "user": signal.source.user_id,
        "key": signal.key,
        "key_expires_at": signal.key_expires_at,
        "dialect": reading.dialect.value,
        "content_type": signal.incoming.content_type,
        "raw": reading.raw,
        "raw_hash": signal.raw_hash,
        "received_at": signal.incoming.received_at,
        "signal_at": reading.envelope.signal_at,
        "expires_at": signal.expires_at,
        "intent": None if reading.intent is None else dump_json(reading.intent.to_json()),
        "confidence": reading.confidence,
        "reasons": dump_json(reading.reasons),
        "spans": dump_json(reading.spans),
        "state": reading.state.value,
        "is_demo": signal.source.is_demo,
    }


_KNOWN = sql(
    """
    select k.signal_id, k.trace_id, s.state, s.reasons, s.raw_hash
    from signal_keys k join signals s on s.id = k.signal_id
    where k.source_id = :source and k.key = :key
    """
)


async def get_known_signal(session: DbSession, source_id: SourceId, key: bytes) -> KnownSignal:
    """Return the signal that holds a key; the caller was just told that one does."""
    row = (await session.execute(_KNOWN, {"source": source_id, "key": key})).one()
    return KnownSignal(row.signal_id, row.trace_id, SignalState(row.state), tuple(row.reasons), row.raw_hash)


async def delete_expired_keys(session: DbSession, before: datetime, limit: int) -> int:
    """Delete keys that keep nothing out any more; return how many."""
    result = await session.execute(
        sql(
            "delete from signal_keys where (source_id, key) in "
            "(select source_id, key from signal_keys where expires_at < :before limit :limit) returning 1"
        ),
        {"before": before, "limit": limit},
    )
    return len(result.all())


# --- requests of people -------------------------------------------------------------------------------------------

_SOURCE_READ = """
select s.id, s.user_id, s.name, s.kind, s.description, s.visibility, s.state, s.hook_token_hint,
    s.body_secret is not null as has_body_secret, s.old_hook_token_until, s.is_demo, s.created_at,
    s.user_id = :user as is_own
from sources s
"""


async def insert_source(session: DbSession, **values: Any) -> bool:
    """Store a source unless its owner has one of that name; return whether it was stored."""
    result = await session.execute(
        sql(
            """
            insert into sources (id, user_id, name, kind, description, visibility, state, hook_token_hash,
                hook_token_hint, body_secret, is_demo, created_at)
            values (:id, :user_id, :name, :kind, :description, :visibility, 'active', :token_hash, :token_hint,
                :body_secret, :is_demo, :created_at)
            on conflict (user_id, name) do nothing returning id
            """
        ),
        values,
    )
    return result.first() is not None


async def list_sources(
    session: DbSession,
    user_id: UserId,
    *,
    public: bool,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return own sources, or the public ones of everybody, newest first."""
    result = await session.execute(
        sql(
            _SOURCE_READ
            + """
            where (case when :public then s.visibility = 'public' and s.state <> 'closed' else s.user_id = :user end)
              and (cast(:at as timestamptz) is null or (s.created_at, s.id) < (:at, :id))
            order by s.created_at desc, s.id desc limit :limit
            """
        ),
        {
            "user": user_id,
            "public": public,
            "at": before and before[0],
            "id": before and before[1],
            "limit": limit,
        },
    )
    return result.all()


async def find_source(
    session: DbSession, user_id: UserId, source_id: SourceId, *, own: bool, lock: bool = False
) -> Row | None:
    result = await session.execute(
        sql(_SOURCE_READ + " where s.id = :id and (not :own or s.user_id = :user)" + (" for update" if lock else "")),
        {"id": source_id, "user": user_id, "own": own},
    )
    return result.one_or_none()


async def update_source(session: DbSession, source_id: SourceId, values: dict[str, Any]) -> None:
    """Change columns of a source; the names come from `service`, never from a request."""
    columns = ", ".join(f"{name} = :{name}" for name in values)
    await session.execute(sql(f"update sources set {columns} where id = :id"), {**values, "id": source_id})


async def rotate_token(session: DbSession, source_id: SourceId, values: dict[str, Any], *, until: datetime) -> None:
    """Put a new token in place; the present one becomes the old one, and an older one dies."""
    await session.execute(
        sql(
            """
            update sources set old_hook_token_hash = hook_token_hash, old_hook_token_until = :until,
                hook_token_hash = :hook_token_hash, hook_token_hint = :hook_token_hint
            where id = :id
            """
        ),
        {**values, "until": until, "id": source_id},
    )


async def has_source_named(session: DbSession, user_id: UserId, name: str) -> bool:
    result = await session.execute(
        sql("select 1 from sources where user_id = :user and name = :name"), {"user": user_id, "name": name}
    )
    return result.first() is not None


_SIGNAL_READ = """
select g.id, g.trace_id, g.source_id, s.name as source_name, g.dialect, g.state, g.received_at, g.signal_at,
    g.expires_at, g.intent, g.confidence, g.reasons, g.spans, g.plans, g.is_demo, g.user_id = :user as is_own
    {columns}
from signals g left join sources s on s.id = g.source_id
"""


# Each half walks one index: the row-level policy alone would have every signal of the installation looked at.
_LIST = sql(
    """
    with own as (
        select id, received_at from signals
        where user_id = :user
          and (cast(:source as uuid) is null or source_id = :source)
          and (cast(:state as text) is null or state = :state)
          and (cast(:at as timestamptz) is null or (received_at, id) < (:at, :id))
        order by received_at desc, id desc limit :limit
    ), reached as (
        select distinct signal_id, created_at from plans
        where user_id = :user
          and (cast(:source as uuid) is null or source_id = :source)
          and (cast(:state as text) is null or :state = 'accepted')
          and (cast(:at as timestamptz) is null or (created_at, signal_id) < (:at, :id))
        order by created_at desc, signal_id desc limit :limit
    ), seen as (
        select id, received_at from own union select signal_id, created_at from reached
        order by received_at desc, id desc limit :limit
    )
    """
    + _SIGNAL_READ.format(columns="")
    + " join seen on seen.id = g.id order by g.received_at desc, g.id desc"
)


async def list_signals(
    session: DbSession,
    user_id: UserId,
    *,
    source_id: UUID | None,
    state: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return the signals that the user sent or that reached an account of his or hers, newest first."""
    result = await session.execute(
        _LIST,
        {
            "user": user_id,
            "source": source_id,
            "state": state,
            "at": before and before[0],
            "id": before and before[1],
            "limit": limit,
        },
    )
    return result.all()


async def find_signal(session: DbSession, user_id: UserId, signal_id: SignalId) -> Row | None:
    """Return one signal with its bytes, if the session's user may see it."""
    result = await session.execute(
        sql(_SIGNAL_READ.format(columns=", g.raw, g.content_type") + " where g.id = :id"),
        {"user": user_id, "id": signal_id},
    )
    return result.one_or_none()
