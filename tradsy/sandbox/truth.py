"""The ground-truth file of a sandbox: what really happened at the venue, one JSON object a line, append-only.

| type | holds |
|---|---|
| `boot` | one per start: `at`, `pid` |
| `account` | `account`, `login`, `api_key`, `api_secret`, `cash`, `idempotency`, `short_selling` |
| `request` | receipt of a write: `id`, `method`, `path`, `endpoint`, `account`, `client_order_id`, `incomplete`, and \
when its first byte came: `first_byte_ns` (CLOCK_MONOTONIC), `first_byte_at` (wall) |
| `answer` | `id` of the request, `status`, `code`, `order_id` |
| `order` | an order event: `kind`, `at`, `request`, `order` (whole state), `execution`, `corrects` |
| `blocked` | `account`, `blocked` |
| `adjust` | `account`, `cash` |

A line is in the file and fsynced before the answer or stream event that tells of it leaves. A last line cut off by
a crash was never told to anyone, and is ignored.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

Record = dict[str, Any]


class TruthWriter:
    """Appends records; one write and one fsync serve all that wait (group commit), in a thread of its own."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_torn_line(path)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="truth")
        self._buffer: list[bytes] = []
        self._waiting: list[tuple[Callable[[], None], bool]] = []
        self._flusher: asyncio.Task[None] | None = None
        self.failure: OSError | None = None
        """Set when the file cannot be written: the venue then stops answering."""

    def append(self, record: Record, on_durable: Callable[[], None] | None = None) -> None:
        """Add a record; `on_durable` runs once it is on disk, in the order of the calls."""
        self._buffer.append(orjson.dumps(record))
        if on_durable:
            self._waiting.append((on_durable, False))
        self._wake()

    async def commit(self) -> None:
        """Return when everything appended so far is on disk.

        Raises:
            OSError: it could not be written.
        """
        if self.failure:
            raise self.failure
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((lambda: None if done.done() else done.set_result(None), True))
        self._wake()
        await done
        if self.failure:
            raise self.failure

    async def close(self) -> None:
        """Write what is left and close the file; nothing may be appended afterwards."""
        while not self.failure and (self._buffer or self._waiting):
            await self.commit()
        self._thread.shutdown()
        os.close(self._fd)

    def _wake(self) -> None:
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._buffer or self._waiting:
            lines, self._buffer = self._buffer, []
            waiting, self._waiting = self._waiting, []
            if lines:
                try:
                    await loop.run_in_executor(self._thread, self._write, b"\n".join(lines) + b"\n")
                except OSError as error:
                    self.failure = error
            for call, always in waiting:
                if always or not self.failure:
                    call()

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        os.fdatasync(self._fd)


def _cut_torn_line(path: Path) -> None:
    """Cut off a last line without its line end: it was never durable, so never told."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        keep = size
        while keep > 0:
            file.seek(keep - 1)
            if file.read(1) == b"\n":
                break
            keep -= 1
        if keep != size:
            file.truncate(keep)


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of a truth file, oldest first; a torn last line is left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield orjson.loads(line)


@dataclass(frozen=True, slots=True)
class TruthOrder:
    """An order that the venue accepted, in its last state."""

    order_id: str
    account: str
    client_order_id: str | None
    symbol: str
    side: str
    order_type: str
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    status: str
    filled_quantity: Decimal
    entered_at: str
    parent_id: str | None
    replaces: str | None
    replaced_by: str | None
    request: int | None
    """Id of the request that entered it."""
    first_byte_ns: int | None


@dataclass(frozen=True, slots=True)
class TruthExecution:
    """An execution that stands (not busted, not superseded)."""

    execution_id: str
    order_id: str
    account: str
    client_order_id: str | None
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    amount: Decimal
    at: str


@dataclass(slots=True)
class Truth:
    """A truth file, folded."""

    accounts: dict[str, Record] = field(default_factory=dict[str, Record])
    orders: dict[str, TruthOrder] = field(default_factory=dict[str, TruthOrder])
    executions: dict[str, TruthExecution] = field(default_factory=dict[str, TruthExecution])
    positions: dict[tuple[str, str], Decimal] = field(default_factory=dict[tuple[str, str], Decimal])
    """Signed quantity by (account, symbol)."""
    cash: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    requests: list[Record] = field(default_factory=list[Record])
    answers: dict[int, Record] = field(default_factory=dict[int, Record])
    boots: int = 0

    def orders_by_client_id(self) -> dict[tuple[str, str], list[TruthOrder]]:
        """Return accepted orders by (account, client order id): more than one is a double."""
        found: dict[tuple[str, str], list[TruthOrder]] = {}
        for order in self.orders.values():
            if order.client_order_id:
                found.setdefault((order.account, order.client_order_id), []).append(order)
        return found


def read_truth(path: Path) -> Truth:
    """Fold a truth file into the venue's present state."""
    truth = Truth()
    first_bytes: dict[int, int] = {}
    for record in read_records(path):
        kind = record["type"]
        if kind == "order":
            _fold_order(truth, record, first_bytes)
        elif kind == "request":
            truth.requests.append(record)
            first_bytes[record["id"]] = record["first_byte_ns"]
        elif kind == "answer":
            truth.answers[record["id"]] = record
        elif kind == "account":
            truth.accounts[record["account"]] = record
            truth.cash[record["account"]] = Decimal(record["cash"])
        elif kind == "adjust":
            truth.cash[record["account"]] = Decimal(record["cash"])
        elif kind == "transfer":
            truth.positions[record["account"], record["symbol"]] = Decimal(record["position"])
        elif kind == "boot":
            truth.boots += 1
    return truth


def _fold_order(truth: Truth, record: Record, first_bytes: dict[int, int]) -> None:
    order = record["order"]
    before = truth.orders.get(order["order_id"])
    request = before.request if before else record.get("request")
    truth.orders[order["order_id"]] = TruthOrder(
        order_id=order["order_id"],
        account=order["account"],
        client_order_id=order["client_order_id"],
        symbol=order["symbol"],
        side=order["side"],
        order_type=order["type"],
        quantity=Decimal(order["quantity"]),
        limit_price=_decimal(order["limit_price"]),
        stop_price=_decimal(order["stop_price"]),
        status=order["status"],
        filled_quantity=Decimal(order["filled_quantity"]),
        entered_at=order["entered_at"],
        parent_id=order["parent_id"],
        replaces=order["replaces"],
        replaced_by=order["replaced_by"],
        request=request,
        first_byte_ns=first_bytes.get(request) if request is not None else None,
    )
    if record["corrects"]:
        truth.executions.pop(record["corrects"], None)
    made = record["execution"]
    if made:
        truth.cash[order["account"]] = Decimal(made["cash"])
        truth.positions[order["account"], order["symbol"]] = Decimal(made["position"])
        if record["kind"] != "bust":
            truth.executions[made["execution_id"]] = _execution(order, made)


def _execution(order: Record, made: Record) -> TruthExecution:
    return TruthExecution(
        execution_id=made["execution_id"],
        order_id=order["order_id"],
        account=order["account"],
        client_order_id=order["client_order_id"],
        symbol=order["symbol"],
        side=order["side"],
        quantity=Decimal(made["quantity"]),
        price=Decimal(made["price"]),
        fee=Decimal(made["fee"]),
        amount=Decimal(made["amount"]),
        at=made["at"],
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
