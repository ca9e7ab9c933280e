"""Proves the invariants of a finished run from two sources alone: PostgreSQL and the venue's truth file.

Ids are those of RELIABILITY 2.6. The checker imports no code of execution: it reads rows, not what wrote them.

| id | proved here |
|---|---|
| R-I1 | at most one venue order per intent |
| R-I2 | each venue order has an intent that was there before its first byte |
| R-I3 | no intent is left without an outcome |
| R-I4 | filled <= ordered, and equal to the executions; exits <= what their entry filled |
| R-I5 | position = executions = the venue's position |
| R-I6 | each venue execution is booked once, with its price and fee, and nothing else is |
| R-I8 | each transition has one audit row of the same transaction; states follow one another; epochs never step back |
| R-I10 | each acknowledged signal is stored and decided |
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from tradsy.platform.db import DbSession, sql
from tradsy.sandbox.truth import Truth, TruthExecution

Row = Mapping[str, Any]
ZERO = Decimal(0)
IN_DOUBT = ("submitting", "unknown")
OPEN = (*IN_DOUBT, "new", "partially_filled", "pending_cancel", "pending_replace")
NEVER_WORKED = ("not_placed", "rejected")
VENUE_DONE = {"filled": "filled", "canceled": "canceled", "expired": "expired"}
WITHOUT_ID = "D"
"""Class of accounts whose venue keeps no id of ours."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken invariant."""

    invariant: str
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.subject}: {self.text}"


@dataclass(slots=True)
class Books:
    """What PostgreSQL says."""

    accounts: list[Row]
    orders: list[Row]
    executions: list[Row]
    positions: list[Row]
    entries: list[Row]
    transitions: list[Row]
    signals: list[Row]
    plans: list[Row]
    venue_of: dict[Any, str] = field(init=False)

    def __post_init__(self) -> None:
        self.venue_of = {row["id"]: row["venue_account_id"] for row in self.accounts}


_QUERIES = {
    "accounts": "select a.id, a.venue_account_id, c.idempotency from accounts a "
    "join connections c on c.id = a.connection_id",
    "orders": "select id, account_id, client_order_id, venue_order_id, plan_id, parent_order_id, origin, state, "
    "quantity, cumulative_quantity, role, symbol, partition, epoch, reason_code, created_at from orders "
    "order by created_at, id",
    "executions": "select account_id, order_id, venue_execution_id, kind, symbol, side, quantity, price, fee "
    "from executions order by booked_at, id",
    "positions": "select account_id, symbol, quantity from positions",
    "entries": "select account_id, symbol, quantity from ledger_entries",
    # Rows of one transaction have one xmin; a frozen row keeps it.
    "transitions": "select order_id, seq, event, from_state, to_state, xmin::text as transaction from order_events "
    "order by order_id, seq",
    "signals": "select id, state, plans, intent is null as is_empty from signals",
    "plans": "select id, signal_id, state, order_id from plans",
}
_AUDIT = (
    "select substr(subject, 7) as order_id, xmin::text as transaction, count(*) as rows from audit_events "
    "where subject like 'order:%' and action <> 'order.cancel_requested' group by 1, 2"
)
_TRANSITIONS = "select order_id::text, xmin::text as transaction, count(*) as rows from order_events group by 1, 2"


async def read_books(session: DbSession) -> Books:
    """Read everything that the checker compares, in the session's snapshot."""
    found: dict[str, list[Row]] = {}
    for name, statement in _QUERIES.items():
        found[name] = [dict(row) for row in (await session.execute(sql(statement)))]
    return Books(**found)


async def check_audit_rows(session: DbSession) -> list[Violation]:
    """R-I8: per order and transaction there are as many audit rows as transitions."""
    counts: dict[str, Counter[tuple[str, str]]] = {}
    for name, statement in (("transitions", _TRANSITIONS), ("audit", _AUDIT)):
        rows = (await session.execute(sql(statement))).all()
        counts[name] = Counter({(row[0], row[1]): row[2] for row in rows})
    transitions, audit = counts["transitions"], counts["audit"]
    return [
        Violation("R-I8", f"order {order}", f"{transitions[key]} transitions, {audit[key]} audit rows in {key[1]}")
        for key in sorted(transitions.keys() | audit.keys())
        if transitions[key] != audit[key] and (order := key[0])
    ]


def check(books: Books, truth: Truth, acknowledged: Collection[str]) -> list[Violation]:
    """Return every violation of the invariants that rows and truth can prove."""
    return [
        *check_intents(books, truth),
        *check_outcomes(books, truth),
        *check_quantities(books),
        *check_executions(books, truth),
        *check_positions(books, truth),
        *check_history(books),
        *check_signals(books, acknowledged),
    ]


def check_intents(books: Books, truth: Truth) -> Iterator[Violation]:
    """R-I1 and R-I2."""
    without_id = {row["venue_account_id"] for row in books.accounts if row["idempotency"] == WITHOUT_ID}
    by_client = {(books.venue_of[row["account_id"]], row["client_order_id"]): row for row in books.orders}
    by_venue: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in books.orders:
        if row["venue_order_id"]:
            by_venue[books.venue_of[row["account_id"]], row["venue_order_id"]].append(row)
    first_bytes = {request["id"]: request["first_byte_at"] for request in truth.requests}
    for (account, client_id), orders in truth.orders_by_client_id().items():
        live = [order.order_id for order in orders if order.replaces is None]
        if account not in without_id and len(live) > 1:
            yield Violation("R-I1", f"account {account} order id {client_id}", f"venue orders {', '.join(live)}")
    for order in truth.orders.values():
        subject = f"venue order {order.order_id} of {order.account}"
        claimed = by_venue[order.account, order.order_id]
        if len(claimed) > 1:
            yield Violation("R-I1", subject, f"claimed by {', '.join(str(row['id']) for row in claimed)}")
        row = by_client.get((order.account, order.client_order_id or "")) or (claimed[0] if claimed else None)
        if row is None or row["origin"] == "external":
            yield Violation("R-I2", subject, "has no intent of ours")
        elif order.request in first_bytes and datetime.fromisoformat(first_bytes[order.request]) < row["created_at"]:
            yield Violation("R-I2", subject, f"left before its intent {row['id']}")


def check_outcomes(books: Books, truth: Truth) -> Iterator[Violation]:
    """R-I3: nothing in doubt, nothing open that the venue has finished, nothing at the venue that we gave up."""
    theirs = truth.orders_by_client_id()
    for row in books.orders:
        if row["state"] in IN_DOUBT:
            yield Violation("R-I3", f"order {row['id']}", f"is still {row['state']} ({row['reason_code']})")
            continue
        if row["state"].startswith("pending_"):
            yield Violation("R-I3", f"order {row['id']}", f"is still {row['state']}")
        shown = truth.orders.get(row["venue_order_id"] or "")
        if shown is not None and row["state"] in OPEN and shown.status in VENUE_DONE:
            yield Violation("R-I3", f"order {row['id']}", f"is {row['state']}, the venue says {shown.status}")
        if row["state"] == "not_placed" and (
            found := theirs.get((books.venue_of[row["account_id"]], row["client_order_id"]))
        ):
            yield Violation("R-I3", f"order {row['id']}", f"is not_placed, the venue has {found[0].order_id}")


def check_quantities(books: Books) -> Iterator[Violation]:
    """R-I4."""
    booked: dict[Any, Decimal] = defaultdict(Decimal)
    for row in books.executions:
        booked[row["order_id"]] += -row["quantity"] if row["kind"] == "bust" else row["quantity"]
    filled = {row["id"]: row["cumulative_quantity"] for row in books.orders}
    exits: dict[tuple[Any, str], Decimal] = defaultdict(Decimal)
    for row in books.orders:
        subject = f"order {row['id']}"
        if row["cumulative_quantity"] > row["quantity"]:
            yield Violation("R-I4", subject, f"filled {row['cumulative_quantity']} of {row['quantity']}")
        if row["cumulative_quantity"] != booked[row["id"]]:
            yield Violation("R-I4", subject, f"says {row['cumulative_quantity']}, executions {booked[row['id']]}")
        if row["parent_order_id"] is not None and row["state"] not in NEVER_WORKED:
            # Ordered, not filled: a venue that fills canceled siblings can sell more than either of us asked for.
            exits[row["parent_order_id"], row["role"]] += row["quantity"]
    for (parent, role), ordered in exits.items():
        if ordered > filled.get(parent, ZERO):
            yield Violation("R-I4", f"order {parent}", f"filled {filled.get(parent)}, its {role} orders {ordered}")


def check_executions(books: Books, truth: Truth) -> Iterator[Violation]:
    """R-I6: the booked executions that stand are the venue's, one for one."""
    booked: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in books.executions:
        booked[books.venue_of[row["account_id"]], row["venue_execution_id"]].append(row)
    standing = {key: rows for key, rows in booked.items() if all(row["kind"] != "bust" for row in rows)}
    theirs = {(one.account, one.execution_id): one for one in truth.executions.values()}
    for key in sorted(theirs.keys() - standing.keys()):
        yield Violation("R-I6", f"execution {key[1]} of {key[0]}", f"is not booked: {_tell(theirs[key])}")
    for key in sorted(standing.keys() - theirs.keys()):
        yield Violation("R-I6", f"execution {key[1]} of {key[0]}", "is booked, the venue has none that stands")
    for key in sorted(standing.keys() & theirs.keys()):
        rows, one = standing[key], theirs[key]
        ours = [(row["symbol"], row["side"], row["quantity"], row["price"], row["fee"]) for row in rows]
        if ours != [(one.symbol, one.side, one.quantity, one.price, one.fee)]:
            yield Violation("R-I6", f"execution {key[1]} of {key[0]}", f"is booked as {ours}, was {_tell(one)}")


def _tell(one: TruthExecution) -> str:
    return f"{one.side} {one.quantity} {one.symbol} at {one.price} fee {one.fee} of {one.order_id}"


def check_positions(books: Books, truth: Truth) -> Iterator[Violation]:
    """R-I5."""
    summed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in books.executions:
        # A bust's row has the side opposite to that of what it takes back.
        signed = row["quantity"] if row["side"] == "buy" else -row["quantity"]
        summed[books.venue_of[row["account_id"]], row["symbol"]] += signed
    for row in books.entries:
        summed[books.venue_of[row["account_id"]], row["symbol"]] += row["quantity"]
    ours = {(books.venue_of[row["account_id"]], row["symbol"]): row["quantity"] for row in books.positions}
    known = set(books.venue_of.values())
    theirs = {key: quantity for key, quantity in truth.positions.items() if key[0] in known}
    for key in sorted(summed.keys() | ours.keys() | theirs.keys()):
        three = ours.get(key, ZERO), summed.get(key, ZERO), theirs.get(key, ZERO)
        if len(set(three)) > 1:
            text = f"position {three[0]}, executions {three[1]}, venue {three[2]}"
            yield Violation("R-I5", f"{key[1]} of {key[0]}", text)


def check_history(books: Books) -> Iterator[Violation]:
    """R-I8: states follow one another without a gap, and no older owner writes after a newer one."""
    last: dict[Any, Row] = {}
    for row in books.transitions:
        before = last.get(row["order_id"])
        subject = f"order {row['order_id']}"
        if before is not None and row["from_state"] != before["to_state"]:
            text = f"event {row['seq']} goes from {row['from_state']} after {before['to_state']}"
            yield Violation("R-I8", subject, text)
        if row["seq"] != (before["seq"] + 1 if before else row["seq"]):
            yield Violation("R-I8", subject, f"event {row['seq']} follows {before['seq'] if before else 0}")
        last[row["order_id"]] = row
    epochs: dict[int, int] = {}
    for row in books.orders:
        if row["epoch"] < epochs.get(row["partition"], 0):
            text = f"made under epoch {row['epoch']} after one of epoch {epochs[row['partition']]}"
            yield Violation("R-I1", f"order {row['id']}", text)
        epochs[row["partition"]] = max(row["epoch"], epochs.get(row["partition"], 0))
    for row in books.orders:
        if row["id"] in last and last[row["id"]]["to_state"] != row["state"]:
            text = f"is {row['state']}, its last event says {last[row['id']]['to_state']}"
            yield Violation("R-I8", f"order {row['id']}", text)


def check_signals(books: Books, acknowledged: Collection[str]) -> Iterator[Violation]:
    """R-I10: nothing acknowledged is lost, nothing stored waits for ever."""
    stored = {str(row["id"]): row for row in books.signals}
    plans: Counter[str] = Counter(str(row["signal_id"]) for row in books.plans)
    orders = {row["id"] for row in books.orders}
    for signal_id in sorted(set(acknowledged)):
        row = stored.get(signal_id)
        if row is None:
            yield Violation("R-I10", f"signal {signal_id}", "was acknowledged and is not stored")
        elif row["state"] == "accepted" and not plans[signal_id]:
            yield Violation("R-I10", f"signal {signal_id}", "was acknowledged and has no plan")
    for row in books.plans:
        if row["state"] == "approved":
            yield Violation("R-I10", f"plan {row['id']}", "is approved and was never decided")
        if row["state"] == "executed" and row["order_id"] not in orders:
            yield Violation("R-I10", f"plan {row['id']}", "is executed without an order")
