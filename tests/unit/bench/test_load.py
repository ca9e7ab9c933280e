"""The load of a measurement stays below every default limit."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from uuid import uuid4

import pytest

from tradsy.bench.provision import Trader
from tradsy.bench.storm import POINT_TIMES, POINTS, make_steps
from tradsy.bench.wire import SYMBOLS, accounts_for, make_shots, percentile
from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.domain.ids import AccountId, UserId
from tradsy.platform.failpoints import FAILPOINTS
from tradsy.risk.limits import EffectiveLimits

LIMITS = EffectiveLimits()


def traders(count: int) -> list[Trader]:
    return [
        Trader(UserId(uuid4()), AccountId(uuid4()), f"SA{n}", IdempotencyClass.STRONG, (f"/h/{n}/0", f"/h/{n}/1"))
        for n in range(count)
    ]


@pytest.mark.parametrize(("rate", "seconds", "accounts"), [(50, 60, 100), (200, 60, 400), (10, 600, 100)])
def test_no_default_limit_is_reached(rate: float, seconds: float, accounts: int) -> None:
    assert accounts_for(rate, seconds) == accounts
    shots = make_shots(traders(accounts), rate=rate, seconds=seconds)
    by_account: dict[str, list[float]] = defaultdict(list)
    by_source: dict[str, list[float]] = defaultdict(list)
    repeats: Counter[tuple[str, str, str]] = Counter()
    for shot in shots:
        by_account[shot.path.rpartition("/")[0]].append(shot.after)
        by_source[shot.path].append(shot.after)
        body = json.loads(shot.body)
        repeats[shot.path, body["symbol"], body["side"]] += 1

    assert len(shots) == rate * seconds
    assert len(by_account) == accounts
    assert most_within(10, by_account) <= LIMITS.messages_10s
    assert most_within(60, by_account) <= LIMITS.messages_60s
    assert most_within(60, by_source) <= LIMITS.source_messages_60s
    assert max(map(len, by_account.values())) <= LIMITS.max_orders_per_day
    assert max(repeats.values()) <= LIMITS.repeat_fills_5min
    assert {json.loads(shot.body)["symbol"] for shot in shots} == set(SYMBOLS)


def most_within(seconds: float, times: dict[str, list[float]]) -> int:
    return max(sum(at <= other < at + seconds for other in one) for one in times.values() for at in one)


def test_a_source_sells_what_it_bought_before_it_buys_again() -> None:
    shots = make_shots(traders(100), rate=50, seconds=60)
    mine = [json.loads(shot.body) for shot in shots if shot.path == "/h/7/1"]

    assert [body["side"] for body in mine[:4]] == ["buy", "sell", "buy", "sell"]
    assert mine[0]["symbol"] == mine[1]["symbol"] != mine[2]["symbol"]


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(number) for number in range(1, 101)]

    assert [percentile(values, part) for part in (0.5, 0.99, 0.999, 1.0)] == [50, 99, 100, 100]


def test_a_long_run_arms_every_point_three_times_and_is_repeatable() -> None:
    steps = make_steps(200, seed=5)

    assert steps == make_steps(200, seed=5)
    assert Counter(step.point for step in steps if step.point) == dict.fromkeys(POINTS, POINT_TIMES)
    assert set(FAILPOINTS) - set(POINTS) == {"during_migration", "during_rewrap"}
    assert {step.victim for step in steps if step.point is None} >= {"api", "worker", "postgres", "nats", "all"}
