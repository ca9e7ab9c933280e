"""`python -m tradsy.sandbox sim` as a process: its ready line, its end, and its life after kill -9."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from tests.contract.harness import new_id, yes
from tradsy.brokers.errors import BrokerError
from tradsy.brokers.port import Broker, OrderRequest
from tradsy.brokers.registry import BrokerRegistry
from tradsy.domain.ids import VenueAccountId
from tradsy.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from tradsy.platform.clock import SystemClock
from tradsy.sandbox.truth import Truth, TruthWriter, read_records, read_truth


@dataclass(slots=True)
class Process:
    """A running sandbox."""

    child: asyncio.subprocess.Process
    ready: dict[str, Any]

    async def end(self, number: signal.Signals) -> int:
        self.child.send_signal(number)
        return await self.child.wait()

    def broker(self, http: aiohttp.ClientSession) -> Broker:
        fields = self.ready["credentials"][0]["fields"]
        config = {"url": self.ready["url"], "ws_url": self.ready["ws_url"], **fields}
        return BrokerRegistry().open("sim", config, http, SystemClock())


async def _start(data: Path, *more: str) -> Process:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tradsy.sandbox", "sim", "--data", str(data), "--always-open", *more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert child.stdout
    return Process(child, orjson.loads(await child.stdout.readline()))


@asynccontextmanager
async def _session() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


def _buy(account: str, symbol: str = "BTC/USD", quantity: str = "0.01", limit: str | None = None) -> OrderRequest:
    kind = OrderType.LIMIT if limit else OrderType.MARKET
    price = Decimal(limit) if limit else None
    terms = OrderTerms(symbol, Side.BUY, kind, Decimal(quantity), TimeInForce.GTC, price)
    return OrderRequest(new_id(), VenueAccountId(account), terms)


async def _trade_until_killed(broker: Broker, account: str, seen: list[tuple[str, str]]) -> None:
    """Trade without pause; notes the (client, venue) ids of what was acknowledged."""
    for number in range(100_000):
        request = _buy(account, quantity="0.001", limit="1000" if number % 2 else None)
        ack = await broker.submit(request, yes)
        seen.append((request.client_order_id, ack.venue_order_id))


async def test_ready_line_and_orderly_end(tmp_path: Path) -> None:
    process = await _start(tmp_path, "--accounts", "3", "--seed", "7", "--idempotency", "B")
    ready = process.ready
    assert set(ready) == {"venue", "url", "ws_url", "control_url", "credentials"}
    assert ready["venue"] == "sim"
    assert all(ready[u].split("://")[1].startswith("127.0.0.1:") for u in ("url", "ws_url", "control_url"))
    assert [c["account"] for c in ready["credentials"]] == ["SA000001", "SA000002", "SA000003"]
    assert all(set(c["fields"]) == {"api_key", "api_secret"} for c in ready["credentials"])
    assert await process.end(signal.SIGTERM) == 0
    assert {a["idempotency"] for a in read_truth(tmp_path / "truth.jsonl").accounts.values()} == {"B"}


async def test_everything_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    account = "SA000001"
    acknowledged: list[tuple[str, str]] = []
    for round_number in range(3):
        process = await _start(tmp_path)
        assert process.ready["credentials"][0]["account"] == account
        async with _session() as http:
            broker = process.broker(http)
            await _check_state(broker, account, read_truth(tmp_path / "truth.jsonl"))
            traders = [asyncio.create_task(_trade_until_killed(broker, account, acknowledged)) for _ in range(4)]
            target = 60 * (round_number + 1)
            while len(acknowledged) < target:
                await asyncio.wait(traders, timeout=0.01)
            assert await process.end(signal.SIGKILL) == -signal.SIGKILL
            ends = await asyncio.gather(*traders, return_exceptions=True)
            assert all(isinstance(e, BrokerError) for e in ends)
    truth = read_truth(tmp_path / "truth.jsonl")
    by_client = truth.orders_by_client_id()
    assert truth.boots == 3
    for client_order_id, venue_order_id in acknowledged:
        (order,) = by_client[account, client_order_id]
        assert order.order_id == venue_order_id
        assert order.first_byte_ns is not None


async def _check_state(broker: Broker, account: str, truth: Truth) -> None:
    """The venue after a start is what its file says."""
    snapshot = await broker.get_account(VenueAccountId(account))
    assert snapshot.cash == truth.cash[account]
    held = {p.symbol: p.quantity for p in (await broker.list_positions(VenueAccountId(account))).items}
    assert held == {symbol: q for (a, symbol), q in truth.positions.items() if a == account and q}
    resting = await broker.list_open_orders(VenueAccountId(account))
    assert {o.venue_order_id for o in resting.items} == {o.order_id for o in truth.orders.values() if o.status == "new"}
    sums = sum((e.quantity for e in truth.executions.values()), Decimal(0))
    assert sums == sum((o.filled_quantity for o in truth.orders.values()), Decimal(0))


async def test_the_first_byte_of_each_request_is_stamped(tmp_path: Path) -> None:
    process = await _start(tmp_path)
    account = process.ready["credentials"][0]["account"]
    spans: dict[str, tuple[int, int]] = {}
    async with _session() as http:
        broker = process.broker(http)
        for _ in range(100):
            request = _buy(account, quantity="0.001", limit="1000")
            begun = time.monotonic_ns()
            await broker.submit(request, yes)
            spans[request.client_order_id] = begun, time.monotonic_ns()
    await process.end(signal.SIGTERM)
    requests = read_truth(tmp_path / "truth.jsonl").requests
    assert len(requests) == 100
    for receipt in requests:
        begun, ended = spans[receipt["client_order_id"]]
        assert begun <= receipt["first_byte_ns"] <= ended


async def test_resting_orders_fill_after_a_restart(tmp_path: Path) -> None:
    process = await _start(tmp_path)
    account = process.ready["credentials"][0]["account"]
    async with _session() as http:
        ack = await process.broker(http).submit(_buy(account, limit="50000"), yes)
        await process.end(signal.SIGKILL)
        process = await _start(tmp_path)
        pin = {"symbol": "BTC/USD", "bid": "49000", "ask": "49001"}
        async with http.post(process.ready["control_url"] + "/price", json=pin) as response:
            assert response.status == 200
        order = await process.broker(http).get_order(VenueAccountId(account), ack.venue_order_id)
        assert order.average_price == Decimal(50000)
        await process.end(signal.SIGKILL)
        process = await _start(tmp_path)
        quote = await process.broker(http).get_quote("BTC/USD")
        assert abs(quote.last - 50000) < 100
        assert await process.end(signal.SIGTERM) == 0


async def test_ten_thousand_accounts_open_in_seconds(tmp_path: Path) -> None:
    process = await _start(tmp_path)
    async with _session() as http, asyncio.timeout(20):
        async with http.post(process.ready["control_url"] + "/accounts", json={"count": 10_000}) as response:
            credentials = (await response.json())["credentials"]
        assert len({c["fields"]["api_key"] for c in credentials}) == 10_000
    await process.end(signal.SIGTERM)
    assert len(read_truth(tmp_path / "truth.jsonl").accounts) == 10_001


async def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_bytes(b'{"type":"boot","at":"x","pid":1}\n{"type":"acc')
    assert [r["type"] for r in read_records(path)] == ["boot"]
    writer = TruthWriter(path)
    writer.append({"type": "boot", "at": "y", "pid": 2})
    await writer.close()
    assert [r["pid"] for r in read_records(path)] == [1, 2]


async def test_callbacks_run_in_order_after_the_line_is_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    writer = TruthWriter(path)
    seen: list[tuple[int, int]] = []
    for number in range(200):
        writer.append({"n": number}, lambda n=number: seen.append((n, path.read_bytes().count(b"\n"))))
        if number % 7 == 0:
            await writer.commit()
    await writer.close()
    assert [n for n, _ in seen] == list(range(200))
    assert all(lines > n for n, lines in seen)


async def test_a_full_disk_stops_answers_and_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = TruthWriter(tmp_path / "truth.jsonl")
    told: list[str] = []

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    writer.append({"n": 1}, lambda: told.append("event"))
    with pytest.raises(OSError, match="No space"):
        await writer.commit()
    with pytest.raises(OSError, match="No space"):
        await writer.commit()
    assert told == []
    await writer.close()
