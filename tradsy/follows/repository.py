"""All SQL of follows and plans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tradsy.domain.ids import PlanId, SignalId
from tradsy.follows.plans import PlannedSignal, PlanOutcome
from tradsy.platform.db import DbSession, Row, Write, dump_json, sql

# Filters and windows restrain what opens risk; a close must always find its way to the position.
# A window's days are those on which it begins, Monday 1 to Sunday 7; one that ends before it begins runs overnight.
_IN_WINDOW = """
exists (
    select 1 from jsonb_to_recordset(f.windows) as w(days int[], "from" time, "to" time, timezone text),
    lateral (select cast(:received_at as timestamptz) at time zone w.timezone as local) l
    where case when w."from" < w."to"
        then l.local::time >= w."from" and l.local::time < w."to"
             and extract(isodow from l.local)::int = any(w.days)
        else (l.local::time >= w."from" and extract(isodow from l.local)::int = any(w.days))
             or (l.local::time < w."to" and extract(isodow from l.local - interval '1 day')::int = any(w.days))
        end
)
"""

# For any number of followers: the verdict on each, and the plans.
PLANNING = f"""
    judged as (
        select f.id as follow_id, f.user_id, f.account_id, a.partition, f.sizing_mode, f.sizing_value,
            f.exit_policy, f.is_demo, f.approval_minutes,
            case
                when t.user_id is null then 'consent_required'
                when a.state <> 'active' then 'account_' || a.state
                when :closing and f.exit_policy @> '{{"use_signal_exits": false}}' then 'signal_exits_off'
                when not :opening then ''
                when cast(:symbol as text) = any(f.symbols_blocked) then 'symbol_not_allowed'
                when f.symbols_allowed <> '{{}}' and not coalesce(cast(:symbol as text) = any(f.symbols_allowed), false)
                    then 'symbol_not_allowed'
                when f.asset_classes <> '{{}}'
                    and not coalesce(cast(:asset_class as text) = any(f.asset_classes), false)
                    then 'asset_class_not_allowed'
                when f.windows <> '[]' and not {_IN_WINDOW} then 'outside_window'
                else ''
            end as refusal,
            case
                when cast(:hold_reason as text) <> '' then cast(:hold_reason as text)
                when cast(:confidence as numeric) < f.confidence_bar then 'low_confidence'
                when f.mode = 'approve' then 'approval_required'
                else ''
            end as hold
        from follows f
        join accounts a on a.id = f.account_id
        left join identity_trading_users t on t.user_id = f.user_id
        where f.source_id = :source_id and f.state = 'active' and exists (select from won)
    ), planned as (
        insert into plans (id, user_id, trace_id, signal_id, source_id, follow_id, account_id, partition, state,
            reason, intent, sizing_mode, sizing_value, exit_policy, origin, is_demo, created_at, expires_at)
        select gen_random_uuid(), user_id, :trace_id, :signal_id, :source_id, follow_id, account_id, partition,
            case when refusal <> '' then 'refused' when hold <> '' then 'pending' else 'approved' end,
            case when refusal <> '' then refusal else hold end,
            cast(:intent as jsonb), sizing_mode, sizing_value, exit_policy, 'automatic', is_demo or :is_demo,
            :received_at,
            case when refusal = '' and hold <> ''
                then cast(:received_at as timestamptz) + approval_minutes * interval '1 minute'
                else cast(:expires_at as timestamptz) end
        from judged
        returning id, user_id, account_id, partition, state, reason
    )
"""
"""Plans a signal in the statement that stores it, if `won`, a part before it, has a row."""
PLANNED = """
    select null::uuid as id, null::uuid as user_id, null::uuid as account_id, 'approved' as state, '' as reason,
        count(*) as plans, array_agg(distinct partition order by partition) as partitions
    from planned where state = 'approved'
    union all
    select id, user_id, account_id, state, reason, 1, null from planned where state <> 'approved'
"""
"""What `PLANNING` made: one row sums up the approved plans, one stands for each other."""


def planning_parameters(signal: PlannedSignal) -> dict[str, Any]:
    """Return the parameters of `PLANNING`, but for those of the signal's own row.

    These are `intent`, `confidence`, `received_at`, `expires_at` and `is_demo`.
    """
    intent = signal.intent
    return {
        "signal_id": signal.signal_id,
        "trace_id": signal.trace_id,
        "source_id": signal.source_id,
        "symbol": intent.symbol,
        "asset_class": intent.asset_class and intent.asset_class.value,
        "opening": intent.action.is_opening,
        "closing": intent.action.is_closing,
        "hold_reason": signal.hold_reason,
    }


# Locking comes first and alone: whatever the statistics say, at most `limit` plans are joined.
_CLAIM = """
with claimed as materialized (
    select * from plans where state = 'approved' and partition = any(:partitions) {signal}
    order by created_at, id limit :limit for update skip locked
)
select p.id as plan_id, p.user_id, p.trace_id, p.signal_id, p.source_id, src.state as source_state,
    p.follow_id, f.state as follow_state, p.account_id, a.state as account_state, a.connection_id,
    c.state as connection_state, a.venue, p.partition, a.is_paper, p.intent, p.sizing_mode, p.sizing_value,
    p.exit_policy, p.origin, p.confirmation, s.confidence, s.received_at, s.signal_at, p.created_at, p.decided_at,
    p.expires_at, exists (select 1 from identity_trading_users t where t.user_id = p.user_id) as may_trade, p.is_demo
from claimed p
join signals s on s.id = p.signal_id
join sources src on src.id = p.source_id
join accounts a on a.id = p.account_id
join connections c on c.id = a.connection_id
left join follows f on f.id = p.follow_id
order by p.created_at, p.id
"""
_CLAIM_ANY = sql(_CLAIM.format(signal=""))
_CLAIM_SIGNAL = sql(_CLAIM.format(signal="and signal_id = :signal_id"))


async def claim_plans(
    session: DbSession, *, partitions: Sequence[int], signal_id: SignalId | None, limit: int
) -> Sequence[Row]:
    """Lock and return approved plans, oldest first, that no other transaction holds."""
    arguments: dict[str, Any] = {"partitions": list(partitions), "limit": limit}
    if signal_id is not None:
        arguments["signal_id"] = signal_id
    result = await session.execute(_CLAIM_ANY if signal_id is None else _CLAIM_SIGNAL, arguments)
    return result.all()


_FINISH = sql(
    """
    update plans p set state = u.state, reason = u.reason, order_id = coalesce(u.order_id, p.order_id),
        expires_at = case when u.state = 'pending'
            then greatest(p.expires_at, p.created_at + interval '1 minute' * coalesce(
                (select f.approval_minutes from follows f where f.id = p.follow_id), 10))
            else p.expires_at end
    from unnest(cast(:ids as uuid[]), cast(:states as text[]), cast(:reasons as text[]), cast(:orders as uuid[]))
        as u(id, state, reason, order_id)
    where p.id = u.id
    """
)


def finishing(outcomes: Sequence[PlanOutcome]) -> Write:
    return Write(
        _FINISH,
        {
            "ids": [outcome.plan_id for outcome in outcomes],
            "states": [outcome.state.value for outcome in outcomes],
            "reasons": [outcome.reason for outcome in outcomes],
            "orders": [outcome.order_id for outcome in outcomes],
        },
    )


_EXPIRE = sql(
    """
    update plans set state = 'expired', decided_at = :now
    where id in (
        select id from plans where state = 'pending' and expires_at <= :now
        order by expires_at limit :limit for update skip locked
    )
    returning id, user_id, account_id, signal_id
    """
)


async def expire_plans(session: DbSession, now: datetime, limit: int) -> Sequence[Row]:
    return (await session.execute(_EXPIRE, {"now": now, "limit": limit})).all()


_PLAN = """
select p.id, p.user_id, p.trace_id, p.signal_id, p.source_id, s.name as source_name, p.follow_id, p.account_id,
    p.partition, p.state, p.reason, p.intent, p.sizing_mode, p.sizing_value, p.exit_policy, p.origin, p.confirmation,
    p.order_id, p.is_demo, p.created_at, p.expires_at, p.decided_at, p.decided_by
from plans p left join sources s on s.id = p.source_id
"""


async def list_plans(
    session: DbSession,
    user_id: UUID,
    *,
    state: str | None,
    account_id: UUID | None,
    signal_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return plans, newest first; `before` is the (created_at, id) of the last one seen."""
    result = await session.execute(
        sql(
            _PLAN
            + """
            where p.user_id = :user
              and (cast(:state as text) is null or p.state = :state)
              and (cast(:account as uuid) is null or p.account_id = :account)
              and (cast(:signal as uuid) is null or p.signal_id = :signal)
              and (cast(:at as timestamptz) is null or (p.created_at, p.id) < (:at, :id))
            order by p.created_at desc, p.id desc limit :limit
            """
        ),
        {
            "user": user_id,
            "state": state,
            "account": account_id,
            "signal": signal_id,
            "at": before and before[0],
            "id": before and before[1],
            "limit": limit,
        },
    )
    return result.all()


async def find_plan(session: DbSession, user_id: UUID, plan_id: PlanId, *, lock: bool) -> Row | None:
    """Return one plan; `lock` keeps others from deciding it until the transaction ends."""
    result = await session.execute(
        sql(_PLAN + "where p.id = :id and p.user_id = :user" + (" for update of p" if lock else "")),
        {"id": plan_id, "user": user_id},
    )
    return result.one_or_none()


_DECIDE = sql(
    """
    update plans set state = :state, reason = :reason, origin = 'person', intent = cast(:intent as jsonb),
        sizing_mode = :sizing_mode, sizing_value = :sizing_value,
        confirmation = cast(:confirmation as jsonb), decided_at = :at, decided_by = :by, expires_at = :expires_at
    where id = :id
    """
)


async def decide_plan(session: DbSession, **values: Any) -> None:
    await session.execute(_DECIDE, values)


_FOLLOW = """
select f.id, f.source_id, s.name as source_name, f.account_id, f.sizing_mode, f.sizing_value, f.mode, f.confidence_bar,
    f.symbols_allowed, f.symbols_blocked, f.asset_classes, f.windows, f.exit_policy, f.approval_minutes, f.state,
    f.is_demo, f.created_at, f.updated_at
from follows f left join sources s on s.id = f.source_id
"""

_SETTINGS = (
    "sizing_mode",
    "sizing_value",
    "mode",
    "confidence_bar",
    "symbols_allowed",
    "symbols_blocked",
    "asset_classes",
    "windows",
    "exit_policy",
    "approval_minutes",
)
_CASTS = {
    "symbols_allowed": "text[]",
    "symbols_blocked": "text[]",
    "asset_classes": "text[]",
    "windows": "jsonb",
    "exit_policy": "jsonb",
}


def _marker(name: str) -> str:
    return f"cast(:{name} as {_CASTS[name]})" if name in _CASTS else f":{name}"


def _dumped(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: dump_json(value) if name in {"windows", "exit_policy"} else value for name, value in settings.items()}


_INSERT_FOLLOW = sql(
    f"""
    insert into follows (id, user_id, source_id, account_id, {", ".join(_SETTINGS)}, state, is_demo, created_at,
        updated_at)
    values (:id, :user_id, :source_id, :account_id, {", ".join(_marker(name) for name in _SETTINGS)}, 'active',
        :is_demo, :at, :at)
    on conflict (source_id, account_id) where state <> 'closed' do nothing returning id
    """
)
_UPDATE_FOLLOW = sql(
    f"update follows set {', '.join(f'{name} = {_marker(name)}' for name in _SETTINGS)}, updated_at = :at "
    "where id = :id"
)


async def insert_follow(session: DbSession, settings: dict[str, Any], **values: Any) -> bool:
    """Store a follow unless the account follows the source already; return whether it was stored."""
    result = await session.execute(_INSERT_FOLLOW, {**_dumped(settings), **values})
    return result.first() is not None


async def update_follow(session: DbSession, follow_id: UUID, settings: dict[str, Any], at: datetime) -> None:
    await session.execute(_UPDATE_FOLLOW, {**_dumped(settings), "id": follow_id, "at": at})


async def set_follow_state(session: DbSession, follow_id: UUID, state: str, at: datetime) -> None:
    await session.execute(
        sql("update follows set state = :state, updated_at = :at where id = :id"),
        {"state": state, "at": at, "id": follow_id},
    )


async def list_follows(
    session: DbSession,
    user_id: UUID,
    *,
    source_id: UUID | None,
    account_id: UUID | None,
    state: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return the user's follows, newest first."""
    result = await session.execute(
        sql(
            _FOLLOW
            + """
            where f.user_id = :user
              and (cast(:source as uuid) is null or f.source_id = :source)
              and (cast(:account as uuid) is null or f.account_id = :account)
              and (cast(:state as text) is null or f.state = :state)
              and (cast(:at as timestamptz) is null or (f.created_at, f.id) < (:at, :id))
            order by f.created_at desc, f.id desc limit :limit
            """
        ),
        {
            "user": user_id,
            "source": source_id,
            "account": account_id,
            "state": state,
            "at": before and before[0],
            "id": before and before[1],
            "limit": limit,
        },
    )
    return result.all()


async def find_follow(session: DbSession, user_id: UUID, follow_id: UUID, *, lock: bool) -> Row | None:
    result = await session.execute(
        sql(_FOLLOW + "where f.id = :id and f.user_id = :user" + (" for update of f" if lock else "")),
        {"id": follow_id, "user": user_id},
    )
    return result.one_or_none()


async def has_open_account(session: DbSession, user_id: UUID, account_id: UUID) -> bool:
    result = await session.execute(
        sql("select 1 from accounts where id = :id and user_id = :user and state <> 'closed'"),
        {"id": account_id, "user": user_id},
    )
    return result.first() is not None


async def has_visible_source(session: DbSession, user_id: UUID, source_id: UUID) -> bool:
    """Whether the user may follow a source: it is open, and own or public."""
    result = await session.execute(
        sql(
            "select 1 from sources where id = :id and state <> 'closed' and kind <> 'ticket' "
            "and (user_id = :user or visibility = 'public')"
        ),
        {"id": source_id, "user": user_id},
    )
    return result.first() is not None


async def list_unknown_timezones(session: DbSession, names: Sequence[str]) -> list[str]:
    """Return which of `names` the database cannot compute with."""
    result = await session.execute(
        sql(
            "select n from unnest(cast(:names as text[])) as n "
            "where not exists (select 1 from pg_timezone_names z where z.name = n)"
        ),
        {"names": list(names)},
    )
    return [row.n for row in result]


_OPEN_ACCOUNT = "from accounts a where a.id = :account and a.user_id = :user and a.state <> 'closed'"
_INSERT_PLACED = sql(
    f"""
    insert into plans (id, user_id, trace_id, signal_id, source_id, follow_id, account_id, partition, state, reason,
        intent, sizing_mode, sizing_value, origin, confirmation, is_demo, created_at, expires_at, decided_at,
        decided_by)
    select :id, a.user_id, :trace, :signal, :source, null, a.id, a.partition, :state, '', cast(:intent as jsonb),
        :sizing_mode, :sizing_value, :origin, cast(:confirmation as jsonb), a.is_demo, :at, :expires_at, :at, :user
    {_OPEN_ACCOUNT} returning partition
    """
)


async def find_partition(session: DbSession, user_id: UUID, account_id: UUID) -> int | None:
    """Return the partition of an open account of the user."""
    arguments = {"account": account_id, "user": user_id}
    return await session.scalar(sql(f"select a.partition {_OPEN_ACCOUNT}"), arguments)


async def insert_placed(session: DbSession, **values: Any) -> int | None:
    """Insert a plan that a person made for an own open account; return the account's partition, None without one."""
    return await session.scalar(_INSERT_PLACED, values)
