"""`tradsy bench signal-to-wire`: from a webhook's arrival to the first byte of its order at the venue."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from tradsy.bench.generator import Result, Shot, read_results, write_plan
from tradsy.bench.provision import Trader, await_open, provision
from tradsy.bench.site import BenchFailed, SideDoor, WholeProduct, cpu_seconds, data_folder, side_door
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import sql
from tradsy.sandbox.truth import Truth, read_truth

SYMBOLS = (
    "AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "TSLA", "AMD", "NFLX", "JPM",
    "BAC", "XOM", "DIS", "COIN", "PLTR", "F", "INTC", "SPY", "QQQ", "IWM",
)  # fmt: skip
SOURCES_EACH = 2
MIN_ACCOUNTS = 100
ORDERS_PER_DAY = 90
"""Below the 100 orders of an account and day after which R-P16 asks a person."""
SECONDS_BETWEEN = 2.0
"""Between two orders of an account: 5 in 10 s and 15 a minute of each source, where R-P14 allows 10 and 20."""
DRAIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Sent:
    """One signal's way to the venue; wall-clock times of this host."""

    signal_id: UUID
    received_at: datetime
    first_byte_at: datetime
    first_byte_ns: int


def accounts_for(rate: float, seconds: float) -> int:
    """Return how many accounts a load needs so that no default limit of any is reached."""
    by_rate = math.ceil(rate * SECONDS_BETWEEN)
    by_day = math.ceil(rate * seconds / ORDERS_PER_DAY)
    return max(MIN_ACCOUNTS, by_rate, by_day)


def make_shots(traders: Sequence[Trader], *, rate: float, seconds: float) -> list[Shot]:
    """Spread a load evenly over accounts, sources and symbols: each source buys one symbol, sells it, takes the next.

    The two sources of an account are half the symbols apart, so they never hold the same one.
    """
    shots: list[Shot] = []
    for number in range(int(rate * seconds)):
        turn, place = divmod(number, len(traders))
        hook = turn % SOURCES_EACH
        leg = turn // SOURCES_EACH
        symbol = SYMBOLS[(place + leg // 2 + hook * len(SYMBOLS) // SOURCES_EACH) % len(SYMBOLS)]
        body = {
            "id": f"{place}-{turn}",
            "symbol": symbol,
            "side": "sell" if leg % 2 else "buy",
            "position_effect": "close" if leg % 2 else "open",
            "quantity": 1,
            "type": "market",
        }
        shots.append(Shot(number / rate, traders[place].hooks[hook], orjson.dumps(body).decode()))
    return shots


def percentile(values: Sequence[float], part: float) -> float:
    """Return the nearest-rank percentile of sorted values."""
    return values[min(len(values), max(1, math.ceil(part * len(values)))) - 1]


def spread(values: Sequence[float], prefix: str = "") -> dict[str, float]:
    """Return the percentiles that a report shows, in milliseconds."""
    if not values:
        raise BenchFailed("no order reached the venue")
    ordered = sorted(values)
    parts = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
    return {prefix + name: round(percentile(ordered, part), 2) for name, part in parts.items()}


async def fire(folder: Path, url: str, shots: Sequence[Shot]) -> list[Result]:
    """Run the generator over `shots` in its own process; return one result a shot."""
    plan, output = folder / "plan.json", folder / "results.jsonl"
    output.unlink(missing_ok=True)
    write_plan(plan, [url], shots, retry=False)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradsy.bench.generator", str(plan), str(output)
    )
    if await process.wait():
        raise BenchFailed("the load generator failed")
    return read_results(output)


async def drain(door: SideDoor, since: datetime) -> None:
    """Wait until every plan is decided and every order left."""
    statement = sql(
        "select (select count(*) from plans where state = 'approved' and created_at >= :since) "
        "+ (select count(*) from orders where state = 'submitting' and created_at >= :since)"
    )
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while True:
                async with door.database.as_engine() as session:
                    if not (await session.execute(statement, {"since": since})).scalar_one():
                        return
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise BenchFailed(f"signals were not worked off within {DRAIN_SECONDS} s") from None


async def refusals(door: SideDoor, since: datetime) -> Counter[str]:
    """Return the reasons of plans that came to no order, and of orders that the venue did not take."""
    async with door.database.as_engine() as session:
        rows = await session.execute(
            sql(
                "select coalesce(nullif(reason, ''), state), count(*) from plans "
                "where state <> 'executed' and created_at >= :since group by 1 "
                "union all select 'order ' || state || ' ' || reason_code, count(*) from orders "
                "where state in ('rejected', 'not_placed', 'unknown', 'quarantined') "
                "and created_at >= :since group by 1"
            ),
            {"since": since},
        )
        return Counter({str(reason): int(count) for reason, count in rows})


async def find_sent(door: SideDoor, truth: Truth, since: datetime) -> list[Sent]:
    """Return the signals whose order reached the venue, by the venue's own file."""
    async with door.database.as_engine() as session:
        rows = await session.execute(
            sql(
                "select s.id, s.received_at, o.client_order_id from signals s "
                "join orders o on o.signal_id = s.id and o.role in ('entry', 'exit') where s.received_at >= :since"
            ),
            {"since": since},
        )
        ours = {row.client_order_id: (row.id, row.received_at) for row in rows}
    sent: dict[str, Sent] = {}
    for request in truth.requests:
        client_id = str(request["client_order_id"])
        if request["endpoint"] == "orders.submit" and client_id in ours and client_id not in sent:
            signal_id, received_at = ours[client_id]
            first_byte_at = datetime.fromisoformat(request["first_byte_at"])
            sent[client_id] = Sent(signal_id, received_at, first_byte_at, request["first_byte_ns"])
    return list(sent.values())


def count_doubled(truth: Truth) -> int:
    """Return how many of our order ids the venue holds more than one order for."""
    return sum(len(orders) > 1 for orders in truth.orders_by_client_id().values())


async def measure(folder: Path, *, rate: float, seconds: float) -> dict[str, Any]:
    """Run one measurement on a fresh installation in `folder`."""
    product = WholeProduct(folder)
    load_before = os.getloadavg()[0]
    try:
        addresses = await product.start()
        async with side_door(product.settings, addresses) as door:
            traders = await provision(door, accounts_for(rate, seconds), sources_each=SOURCES_EACH)
        # A start takes all accounts over at once; opening them one by one while they are linked would take longer.
        await product.stop()
        stopped = SystemClock().now()
        addresses = await product.start()
        async with side_door(product.settings, addresses) as door:
            await await_open(door, [t.account_id for t in traders], stopped)
            return {
                **await _drive(product, door, traders, rate=rate, seconds=seconds),
                "load_average_before": round(load_before, 2),
            }
    finally:
        await product.stop()


async def _drive(
    product: WholeProduct, door: SideDoor, traders: Sequence[Trader], *, rate: float, seconds: float
) -> dict[str, Any]:
    since, before = door.clock.now(), cpu_seconds(product.pid)
    shots = make_shots(traders, rate=rate, seconds=seconds)
    results = await fire(product.folder, product.url, shots)
    await drain(door, since)
    used = {name: used - before.get(name, 0) for name, used in cpu_seconds(product.pid).items()}
    truth = await asyncio.to_thread(read_truth, product.truth_path)
    sent = await find_sent(door, truth, since)
    by_signal = {str(one.signal_id): one for one in sent}
    accepted = [result for result in results if result.status == 202]
    reached = [(result, by_signal[result.signal_id]) for result in accepted if result.signal_id in by_signal]
    reasons = await refusals(door, since)
    not_taken = Counter(f"HTTP {result.status}" for result in results if result.status != 202)
    return {
        **spread([(one.first_byte_at - one.received_at).total_seconds() * 1000 for one in sent]),
        "sent": len(shots),
        "lost": len(shots) - len(reached),
        "doubled": count_doubled(truth),
        "cores": os.cpu_count(),
        **spread([(one.first_byte_ns - result.scheduled_ns) / 1e6 for result, one in reached], "client_"),
        **spread([(result.answered_ns - result.scheduled_ns) / 1e6 for result in accepted], "answer_"),
        "generator_late_max": round(max((r.sent_ns - r.scheduled_ns) / 1e6 for r in results), 2),
        "rate": rate,
        "seconds": seconds,
        "accounts": len(traders),
        "sources": len(traders) * SOURCES_EACH,
        "symbols": len(SYMBOLS),
        "refused": dict(reasons + not_taken),
        "restarts": product.restarts,
        "cpu_ms_per_order": {name: round(value * 1000 / len(shots), 2) for name, value in used.items()},
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }


def is_good(report: dict[str, Any]) -> bool:
    """Whether a run stands: nothing refused, lost, doubled or died."""
    return not (report["refused"] or report["lost"] or report["doubled"] or report["restarts"])


async def signal_to_wire(data: Path | None, *, rate: float, seconds: float, runs: int) -> dict[str, Any]:
    """Run `runs` measurements; return the one with the middle p99, with the p99 of all."""
    reports: list[dict[str, Any]] = []
    for number in range(runs):
        async with data_folder(data / f"run-{number + 1}" if data else None) as folder:
            reports.append(await measure(folder, rate=rate, seconds=seconds))
    bad = [report for report in reports if not is_good(report)]
    ordered = sorted(bad or reports, key=lambda report: report["p99"])
    chosen = ordered[(len(ordered) - 1) // 2]
    return {**chosen, "good": not bad, "runs": runs, "p99_of_runs": [report["p99"] for report in reports]}
