"""`tradsy bench fanout`: one signal, many followers; when the last order leaves, and what an order costs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import orjson

from tradsy.bench.generator import Shot
from tradsy.bench.provision import Trader, await_open, follow, provision, public_source
from tradsy.bench.site import BenchFailed, SideDoor, WholeProduct, cpu_seconds, data_folder, side_door
from tradsy.bench.wire import SYMBOLS, count_doubled, drain, find_sent, fire, refusals, spread
from tradsy.platform.clock import SystemClock
from tradsy.sandbox.truth import read_truth

ROUNDS = 4
"""Signals of a run; the first one warms up and does not count."""


async def fanout(data: Path | None, *, accounts: int) -> dict[str, Any]:
    """Send one signal to `accounts` accounts of as many users, several times."""
    async with data_folder(data) as folder:
        product = WholeProduct(folder)
        try:
            addresses = await product.start()
            async with side_door(product.settings, addresses) as door:
                traders, hook = await _followers(door, accounts)
            await product.stop()
            stopped = SystemClock().now()
            addresses = await product.start()
            async with side_door(product.settings, addresses) as door:
                await await_open(door, [t.account_id for t in traders], stopped)
                rounds = [await _round(product, door, hook, number, accounts) for number in range(ROUNDS)]
            truth = await asyncio.to_thread(read_truth, product.truth_path)
        finally:
            await product.stop()
    counted = sorted(rounds[1:], key=lambda one: one["last_ms"])
    middle = counted[len(counted) // 2]
    return {
        **middle,
        "accounts": accounts,
        "last_ms_of_rounds": [one["last_ms"] for one in rounds],
        "doubled": count_doubled(truth),
        "cores": os.cpu_count(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }


async def _followers(door: SideDoor, count: int) -> tuple[list[Trader], str]:
    _, source_id, hook = await public_source(door)
    traders = await provision(door, count, sources_each=0)
    for trader in traders:
        await follow(door, trader.user_id, source_id, trader.account_id)
    return traders, hook


async def _round(product: WholeProduct, door: SideDoor, hook: str, number: int, accounts: int) -> dict[str, Any]:
    since, before = door.clock.now(), cpu_seconds(product.pid)
    body = {"id": f"round-{number}", "symbol": SYMBOLS[number], "side": "buy", "quantity": 1, "type": "market"}
    (result,) = await fire(product.folder, product.url, [Shot(0, hook, orjson.dumps(body).decode())])
    await drain(door, since)
    used = {name: used - before.get(name, 0) for name, used in cpu_seconds(product.pid).items()}
    truth = await asyncio.to_thread(read_truth, product.truth_path)
    sent = await find_sent(door, truth, since)
    reasons = await refusals(door, since)
    if result.status != 202 or reasons or len(sent) != accounts:
        raise BenchFailed(f"{len(sent)} of {accounts} orders left; HTTP {result.status}; {dict(reasons)}")
    delays = [(one.first_byte_at - one.received_at).total_seconds() * 1000 for one in sent]
    return {
        "last_ms": round(max(delays), 1),
        **spread(delays),
        "answer_ms": round((result.answered_ns - result.sent_ns) / 1e6, 1),
        "cpu_ms_per_order": {name: round(value * 1000 / accounts, 2) for name, value in used.items()},
        "cpu_ms_per_order_total": round(sum(used.values()) * 1000 / accounts, 2),
    }
