"""What a chaos run does to the product: the load, the venue's faults, and who dies when."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from tradsy.bench.generator import Shot
from tradsy.bench.provision import Trader
from tradsy.platform.failpoints import FAILPOINTS
from tradsy.simulation.universe import default_listings

SYMBOLS = ("AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "TSLA", "AMD", "JPM", "DIS", "SPY", "QQQ")
CYCLE = 6
"""Messages of a source until it begins anew: a round trip, a resting order and its cancel, a bracket and its end."""

FAULTS: tuple[dict[str, Any], ...] = (
    {"knob": "drop_response", "endpoint": "orders.submit", "probability": 0.04},
    {"knob": "drop_request", "endpoint": "orders.submit", "probability": 0.02},
    {"knob": "error_after_accept", "endpoint": "orders.submit", "probability": 0.01},
    {"knob": "half_response", "endpoint": "orders", "probability": 0.005},
    {"knob": "invalid_json", "endpoint": "orders.submit", "probability": 0.01},
    {"knob": "delay_before", "endpoint": "orders", "probability": 0.03, "seconds": 0.3},
    {"knob": "delay_after", "endpoint": "orders.submit", "probability": 0.03, "seconds": 0.5},
    {"knob": "hide_accepted", "endpoint": "orders.submit", "probability": 0.02, "seconds": 1},
    {"knob": "stale_list", "endpoint": "orders.list", "probability": 0.02, "seconds": 1},
    {"knob": "partial_fills", "endpoint": "orders.submit", "probability": 0.05, "n": 3},
    {"knob": "fill_after_cancel", "probability": 0.3, "seconds": 0.5},
    {"knob": "duplicate_fill", "endpoint": "stream", "probability": 0.05},
    {"knob": "duplicate_fill_new_id", "endpoint": "stream", "probability": 0.02},
    {"knob": "fill_before_ack", "endpoint": "stream", "probability": 0.05},
    {"knob": "stream_disconnect", "endpoint": "stream", "probability": 0.005},
    {"knob": "stream_replay", "endpoint": "stream", "probability": 0.01, "n": 5},
    {"knob": "sequence_gap", "endpoint": "stream", "probability": 0.01},
)
"""Faults that the venue keeps up while the load lasts; the longest hides an order for a second."""
SETTLE_SECONDS = 4
"""Settle time of all classes in a chaos run: well above what the faults above hide."""

API_POINTS = ("signal_received", "before_signal_commit", "after_signal_commit")
OTHER_POINTS = ("during_migration", "during_rewrap")
"""Those of commands that a run does not use: migration and key changes are acts of their own."""
WORKER_POINTS = tuple(point for point in FAILPOINTS if point not in {*API_POINTS, *OTHER_POINTS})
"""Every other fail point there is: `serve worker` passes them."""
POINTS = (*API_POINTS, *WORKER_POINTS)
VICTIMS = ("api", "worker", "postgres", "nats", "all", "stall")
POINT_TIMES = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One blow."""

    victim: str
    """Kind of process; `all` at once, or `stall` for a worker that stops and goes on after its leases ran out."""
    point: str | None = None
    """Fail point at which the process started next shall die."""
    pause: float = 0.0
    """Seconds of load before it."""


def make_steps(kills: int, seed: int, victims: Sequence[str] = VICTIMS) -> list[Step]:
    """Return the blows of a run: every fail point three times where there is room, the rest by lot."""
    rng = random.Random(seed)  # noqa: S311 - reproducible, nothing secret
    points: list[str] = []
    if set(victims) >= {"api", "worker"}:
        pool = [*POINTS] * POINT_TIMES
        points = pool if kills >= 2 * len(POINTS) * POINT_TIMES else rng.sample(pool, max(kills // 3, 1))
    # Arming a point takes a kill of its own: only a fresh process reads what is armed.
    steps = [Step("api" if point in API_POINTS else "worker", point) for point in points]
    plain = max(kills - 2 * len(steps), 0)
    steps += [Step(victims[number % len(victims)]) for number in range(plain)]
    rng.shuffle(steps)
    return [Step(step.victim, step.point, rng.uniform(0.3, 1.5)) for step in steps]


def make_shots(traders: Sequence[Trader], *, rate: float, seconds: float) -> list[Shot]:
    """Return a load that enters, exits, rests, cancels and brackets, spread over all accounts."""
    listings = default_listings()
    shots: list[Shot] = []
    for number in range(int(rate * seconds)):
        turn, place = divmod(number, len(traders))
        hooks = traders[place].hooks
        leg, hook = divmod(turn, len(hooks))
        # Each act of a cycle has a symbol of its own, so that a late one does not change what the next one means.
        symbol = SYMBOLS[(place + hook * len(SYMBOLS) // len(hooks) + leg // CYCLE + leg % CYCLE // 2) % len(SYMBOLS)]
        body = {"id": f"{place}-{turn}", **_message(leg % CYCLE, symbol, listings[symbol].anchor)}
        shots.append(Shot(number / rate, hooks[hook], orjson.dumps(body, default=str).decode()))
    return shots


def _message(act: int, symbol: str, anchor: Decimal) -> dict[str, Any]:
    entry = {"symbol": symbol, "side": "buy", "quantity": 2}
    match act:
        case 2:
            far = (anchor * Decimal("0.98")).quantize(Decimal("0.01"))
            return {**entry, "type": "limit", "limit_price": far, "time_in_force": "gtc"}
        case 3:
            return {"ticker": symbol, "action": "cancel"}
        case 4:
            level = {"value": 4, "unit": "percent"}
            return {**entry, "type": "market", "stop_loss": level, "take_profit": level}
        case 1 | 5:
            return {"symbol": symbol, "side": "sell", "position_effect": "close", "type": "market"}
        case _:
            return {**entry, "type": "market"}
