"""All SQL of execution. Batches travel as one JSON array, read by PostgreSQL with the table's own column types."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from tradsy.domain.ids import AccountId, OrderId, SourceId, TraceId, VenueOrderId
from tradsy.domain.orders import Side
from tradsy.execution.model import Order, to_json
from tradsy.platform.db import DbSession, Write, sql

OPEN_STATES = (
    "submitting",
    "unknown",
    "new",
    "partially_filled",
    "pending_cancel",
    "pending_replace",
    "quarantined",
)
OPEN = ", ".join(f"'{state}'" for state in OPEN_STATES)
"""The same, as the inside of an SQL `in (...)`."""


def _rows(rows: Iterable[Mapping[str, Any]]) -> str:
    return orjson.dumps([{key: to_json(value) for key, value in row.items()} for row in rows]).decode()


_INSERT_ORDERS = sql("insert into orders select * from json_populate_recordset(null::orders, cast(:orders as json))")
_INSERT_FIRST_EVENTS = sql(
    "insert into order_events select * from json_populate_recordset(null::order_events, cast(:events as json))"
)
_INSERT_VERDICTS = sql(
    "insert into verdicts select * from json_populate_recordset(null::verdicts, cast(:verdicts as json))"
)
_UPDATE_ORDERS = sql(
    "update orders o set state = r.state, venue_order_id = r.venue_order_id, "
    "cumulative_quantity = r.cumulative_quantity, average_price = r.average_price, fees = r.fees, "
    "reason_code = r.reason_code, reason = r.reason, attempt = r.attempt, epoch = r.epoch, "
    "baseline = r.baseline, evidence = r.evidence, sent_at = r.sent_at, accepted_at = r.accepted_at, "
    "unknown_at = r.unknown_at, finished_at = r.finished_at, updated_at = r.updated_at "
    "from json_populate_recordset(null::orders, cast(:orders as json)) r where o.id = r.id"
)
_BOOK_EXECUTIONS = sql(
    "insert into executions select * from json_populate_recordset(null::executions, cast(:executions as json))"
)
_APPEND_EVENTS = sql(
    "insert into order_events (order_id, seq, user_id, account_id, trace_id, at, event, from_state, to_state, data) "
    "select r.order_id, coalesce(last.seq, 0) + r.seq, r.user_id, r.account_id, r.trace_id, r.at, r.event, "
    "r.from_state, r.to_state, r.data "
    "from json_populate_recordset(null::order_events, cast(:events as json)) r left join "
    "(select order_id, max(seq) as seq from order_events where order_id = any(:ids) group by order_id) last "
    "on last.order_id = r.order_id"
)


def intent_writes(
    orders: Sequence[Order],
    events: Sequence[Mapping[str, Any]],
    verdicts: Sequence[Mapping[str, Any]],
) -> list[Write]:
    """Return what inserts order rows, their first events and the verdicts."""
    writes = [Write(_INSERT_VERDICTS, {"verdicts": _rows(verdicts)})] if verdicts else []
    if orders:
        writes.append(Write(_INSERT_ORDERS, {"orders": _order_rows(orders)}))
        writes.append(Write(_INSERT_FIRST_EVENTS, {"events": _rows(events)}))
    return writes


def order_writes(
    orders: Sequence[Order],
    events: Sequence[Mapping[str, Any]],
    executions: Sequence[Mapping[str, Any]] = (),
) -> list[Write]:
    """Return what writes the mutable columns of `orders`, appends their events and books executions.

    The unique key of executions refuses one that is booked already.

    `exits_covered` is not among the columns: see `cover_entries`.
    Events get their place in the order's own sequence: the single writer holds the lease, so nobody else counts.
    """
    writes = [Write(_UPDATE_ORDERS, {"orders": _order_rows(orders)})] if orders else []
    if executions:
        writes.append(Write(_BOOK_EXECUTIONS, {"executions": _rows(executions)}))
    if events:
        ids = list({event["order_id"] for event in events})
        writes.append(Write(_APPEND_EVENTS, {"events": _rows(events), "ids": ids}))
    return writes


def _order_rows(orders: Sequence[Order]) -> str:
    return orjson.dumps([order.to_row() for order in orders]).decode()


async def cover_entries(session: DbSession, covered: Mapping[OrderId, Decimal]) -> None:
    """Write how much of each entry has protective orders: that column alone, which nobody else writes.

    The ledger may have moved the rest of the row on since the entries were read, and this must not take it back.
    """
    await session.execute(
        sql(
            "update orders o set exits_covered = c.quantity from unnest(cast(:ids as uuid[]), "
            "cast(:quantities as numeric[])) c(id, quantity) where o.id = c.id"
        ),
        {"ids": list(covered), "quantities": list(covered.values())},
    )


async def insert_orders(session: DbSession, orders: Sequence[Order]) -> None:
    """Insert order rows that were not ours to send: adopted external ones."""
    await session.execute(_INSERT_ORDERS, {"orders": _order_rows(orders)})


async def find_orders(
    session: DbSession,
    *,
    ids: Sequence[OrderId] = (),
    client_ids: Sequence[tuple[AccountId, str]] = (),
    venue_ids: Sequence[tuple[AccountId, str]] = (),
) -> list[Order]:
    """Return the orders that any of the three kinds of key names."""
    rows = await session.execute(
        sql(
            "select o.* from orders o where o.id = any(:ids) "
            "union all select o.* from orders o join unnest(cast(:ca as uuid[]), cast(:ci as text[])) c(a, i) "
            "on o.account_id = c.a and o.client_order_id = c.i "
            "union all select o.* from orders o join unnest(cast(:va as uuid[]), cast(:vi as text[])) v(a, i) "
            "on o.account_id = v.a and o.venue_order_id = v.i"
        )
        if client_ids or venue_ids
        else sql("select o.* from orders o where o.id = any(:ids)"),
        {
            "ids": list(ids),
            "ca": [a for a, _ in client_ids],
            "ci": [i for _, i in client_ids],
            "va": [a for a, _ in venue_ids],
            "vi": [i for _, i in venue_ids],
        }
        if client_ids or venue_ids
        else {"ids": list(ids)},
    )
    # A report names both ids of its order, so most rows come twice.
    return [Order.from_row(dict(row)) for row in {row["id"]: row for row in rows}.values()]


async def list_uncovered_entries(session: DbSession, partitions: Sequence[int]) -> list[Order]:
    """Return entries with fills for which no protective order has been committed yet."""
    rows = await session.execute(
        sql(
            "select * from orders where partition = any(:p) and exits is not null and not exits ? 'moving' "
            "and exits_covered < cumulative_quantity and created_at > now() - interval '7 days'"
        ),
        {"p": list(partitions)},
    )
    return [Order.from_row(dict(row)) for row in rows]


async def move_exits(
    session: DbSession,
    account: AccountId,
    source: SourceId,
    symbol: str,
    side: Side,
    *,
    changed: Mapping[str, Any],
    dropped: Sequence[str],
) -> list[OrderId]:
    """Give the entries of a source that stand behind the present position other exits; return them.

    They are marked as `moving`: nothing covers them until `settle_moves` finds their old protection gone.
    """
    rows = await session.scalars(
        sql(
            "update orders o set exits = (coalesce(exits, '{\"targets\": []}') - cast(:dropped as text[])) "
            "|| cast(:changed as jsonb) || '{\"moving\": true}' where account_id = :account and source_id = :source "
            "and symbol = :symbol and side = :side and role = 'entry' and created_at > now() - interval '7 days' "
            f"and (state in ({OPEN}) or (cumulative_quantity > 0 and finished_at >= (select opened_at "
            "from positions p where p.account_id = o.account_id and p.symbol = o.symbol))) returning id"
        ),
        {
            "account": account,
            "source": source,
            "symbol": symbol,
            "side": str(side),
            "changed": orjson.dumps(changed).decode(),
            "dropped": list(dropped),
        },
    )
    return [OrderId(order_id) for order_id in rows]


async def settle_moves(session: DbSession, partitions: Sequence[int]) -> list[AccountId]:
    """Let entries be covered anew whose old protection is gone; return their accounts."""
    rows = await session.scalars(
        sql(
            "update orders o set exits = exits - 'moving', exits_covered = 0 "
            "where partition = any(:p) and exits ? 'moving' and not exists (select from orders l "
            f"where l.parent_order_id = o.id and l.role in ('stop', 'target') and l.state in ({OPEN})) "
            "returning account_id"
        ),
        {"p": list(partitions)},
    )
    return [AccountId(account_id) for account_id in rows]


async def protected_quantities(
    session: DbSession, accounts: Sequence[AccountId]
) -> dict[tuple[AccountId, str, str], Decimal]:
    """Return, by (account, symbol, role), what open protective orders still cover."""
    rows = await session.execute(
        sql(
            "select account_id, symbol, role, sum(quantity - cumulative_quantity) as leaves from orders "
            f"where account_id = any(:a) and role in ('stop', 'target') and state in ({OPEN}) "
            "group by account_id, symbol, role"
        ),
        {"a": list(accounts)},
    )
    return {(AccountId(r.account_id), r.symbol, r.role): r.leaves for r in rows}


async def booked_executions(
    session: DbSession, keys: Sequence[tuple[AccountId, str]]
) -> dict[tuple[AccountId, str], dict[str, Mapping[str, Any]]]:
    """Return, by (account, venue execution id), the booked rows by kind."""
    if not keys:
        return {}
    rows = await session.execute(
        sql(
            "select e.* from executions e join unnest(cast(:a as uuid[]), cast(:i as text[])) k(a, i) "
            "on e.account_id = k.a and e.venue_execution_id = k.i"
        ),
        {"a": [a for a, _ in keys], "i": [i for _, i in keys]},
    )
    found: dict[tuple[AccountId, str], dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["account_id"], row["venue_execution_id"]), {})[row["kind"]] = dict(row)
    return found


async def recent_activity(
    session: DbSession, accounts: Sequence[AccountId], *, since: datetime
) -> list[Mapping[str, Any]]:
    """Return the orders of `accounts` made since `since`: what the counters of risk are rebuilt from."""
    rows = await session.execute(
        sql(
            "select id, account_id, source_id, symbol, side, order_type, quantity, limit_price, stop_price, "
            "time_in_force, reduce_only, role, state, cumulative_quantity, plan_id, parent_order_id, created_at, "
            "finished_at from orders where account_id = any(:a) and created_at >= :since order by created_at"
        ),
        {"a": list(accounts), "since": since},
    )
    return [dict(row) for row in rows]


async def finished_venue_ids(
    session: DbSession, accounts: Sequence[AccountId], *, since: datetime
) -> list[tuple[AccountId, str]]:
    """Return (account, venue order id) of our orders that finished since `since`, in the order in which they did."""
    rows = await session.execute(
        sql(
            "select account_id, venue_order_id from orders where account_id = any(:a) and finished_at >= :since "
            f"and venue_order_id is not null and state not in ({OPEN}) order by finished_at"
        ),
        {"a": list(accounts), "since": since},
    )
    return [(AccountId(row.account_id), str(row.venue_order_id)) for row in rows]


async def known_venue_ids(
    session: DbSession, account_id: AccountId, venue_ids: Collection[VenueOrderId]
) -> set[VenueOrderId]:
    """Return which of the venue's order ids belong to an order of ours, finished ones included."""
    found = await session.scalars(
        sql("select venue_order_id from orders where account_id = :a and venue_order_id = any(:ids)"),
        {"a": account_id, "ids": list(venue_ids)},
    )
    return {VenueOrderId(venue_id) for venue_id in found}


async def save_reconciliation(
    session: DbSession,
    *,
    account_id: AccountId,
    user_id: UUID,
    at: datetime,
    good: bool,
    error: str,
    venue_offset_ms: int | None,
) -> None:
    """Record one reconciliation of an account."""
    await session.execute(
        sql(
            "insert into reconciliations (account_id, user_id, good_at, started_at, error, venue_offset_ms) "
            "values (:a, :u, case when :good then cast(:at as timestamptz) end, :at, :error, :offset) "
            "on conflict (account_id) do update set good_at = coalesce(excluded.good_at, reconciliations.good_at), "
            "started_at = excluded.started_at, error = excluded.error, venue_offset_ms = excluded.venue_offset_ms"
        ),
        {"a": account_id, "u": user_id, "at": at, "good": good, "error": error, "offset": venue_offset_ms},
    )


async def list_trace(session: DbSession, trace_id: TraceId) -> list[Mapping[str, Any]]:
    """Return everything of one trace that the session's role may see, in time order: one row per step."""
    rows = await session.execute(sql(_TRACE), {"trace": trace_id})
    return [dict(row) for row in rows]


_TRACE = """
select s.received_at as at, 'received' as step, 0 as rank, null::uuid as account_id, null::uuid as order_id,
  jsonb_build_object('signal_id', s.id, 'source_id', s.source_id, 'dialect', s.dialect,
    'text', case when s.dialect = 'text' then convert_from(s.raw, 'UTF8') end) as data
from signals s where s.trace_id = :trace
union all
select s.received_at, 'parsed', 1, null, null,
  jsonb_build_object('intent', s.intent, 'confidence', s.confidence, 'reasons', s.reasons, 'state', s.state)
from signals s where s.trace_id = :trace
union all
select p.created_at, 'planned', 2, p.account_id, null,
  jsonb_build_object('plan_id', p.id, 'follow_id', p.follow_id, 'state', p.state, 'reason', p.reason)
from plans p where p.trace_id = :trace
union all
select p.decided_at, 'decided', 3, p.account_id, null,
  jsonb_build_object('plan_id', p.id, 'state', p.state, 'origin', p.origin)
from plans p where p.trace_id = :trace and p.decided_at is not null and p.decided_by is not null
union all
select v.at, 'risk', 4, v.account_id, v.order_id,
  jsonb_build_object('outcome', v.outcome, 'reasons', v.reasons, 'checks', v.checks, 'config_hash', v.config_hash)
from verdicts v where v.trace_id = :trace
union all
select o.created_at, 'intent', 5, o.account_id, o.id,
  jsonb_build_object('role', o.role, 'symbol', o.symbol, 'side', o.side, 'type', o.order_type,
    'quantity', trim_scale(o.quantity)::text, 'limit_price', trim_scale(o.limit_price)::text,
    'stop_price', trim_scale(o.stop_price)::text, 'client_order_id', o.client_order_id)
from orders o where o.trace_id = :trace
union all
select o.sent_at, 'sent', 6, o.account_id, o.id, jsonb_build_object('attempt', o.attempt)
from orders o where o.trace_id = :trace and o.sent_at is not null
union all
select e.at, case e.event when 'accept' then 'accepted' when 'reject' then 'rejected' when 'fill' then 'filled'
    when 'cancel' then 'canceled' when 'expire' then 'expired' when 'lose' then 'unknown'
    when 'prove_absent' then 'not_placed' when 'quarantine' then 'quarantined' else e.event end,
  7, e.account_id, e.order_id, e.data || jsonb_build_object('from', e.from_state, 'to', e.to_state)
from order_events e where e.trace_id = :trace and e.event <> 'submit'
order by 1, 3
"""
