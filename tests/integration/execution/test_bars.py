"""Bars for charts: from the venue of an own account, through the process that owns it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from tests.integration.execution.scenes import state_of
from tradsy.brokers.errors import BrokerAuthExpired, BrokerError, BrokerProtocolChanged, InvalidSymbol, RateLimited
from tradsy.domain.market import Bar, BarStep
from tradsy.execution import bars
from tradsy.execution.questions import OwnerSilent
from tradsy.testing.product import Answer, Product, Trader

START = datetime(2026, 1, 5, tzinfo=UTC)
LENGTHS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}


async def ask(product: Product, trader: Trader | None, account: Trader | None = None, **fields: Any) -> Answer:
    owner = account or trader
    query = {
        "account_id": owner.account_id if owner else uuid4(),
        "symbol": "ETH/USD",
        "step": "1h",
        "start": START.isoformat(),
        "end": (START + timedelta(days=1)).isoformat(),
        **fields,
    }
    return await product.call("GET", f"/api/v1/bars?{urlencode(query)}", trader)


def count_reads(product: Product, trader: Trader, monkeypatch: pytest.MonkeyPatch, wait: float = 0) -> list[str]:
    """Return a list that grows with each read of bars at the venue."""
    broker, asked = state_of(product, trader).broker, list[str]()
    real = broker.list_bars

    async def counted(symbol: str, start: datetime, end: datetime, step: str) -> Sequence[Bar]:
        asked.append(symbol)
        await asyncio.sleep(wait)
        return await real(symbol, start, end, step)

    monkeypatch.setattr(broker, "list_bars", counted)
    return asked


@pytest.mark.parametrize("step", list(LENGTHS))
async def test_bars_come_oldest_first_and_whole(product: Product, step: str) -> None:
    trader = await product.trader()
    length, now = timedelta(seconds=LENGTHS[step]), datetime.now(UTC)
    start = now - 20 * length
    answer = await ask(product, trader, step=step, start=start.isoformat(), end=now.isoformat())
    assert answer.status == 200, answer.body
    assert (answer.body["symbol"], answer.body["step"]) == ("ETH/USD", step)
    items = answer.body["items"]
    assert 15 <= len(items) <= 20
    times = [datetime.fromisoformat(item["at"]) for item in items]
    assert times == sorted(set(times))
    assert all(start <= at < now for at in times)
    for item in items:
        figures = {name: Decimal(item[name]) for name in ("open", "high", "low", "close", "volume")}
        assert all(isinstance(item[name], str) for name in figures)
        assert figures["low"] <= min(figures["open"], figures["close"])
        assert figures["high"] >= max(figures["open"], figures["close"])


async def test_equal_questions_of_a_moment_are_one_read(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    trader = await product.trader()
    asked = count_reads(product, trader, monkeypatch, wait=0.2)
    end = (START + timedelta(hours=7)).isoformat()
    first, second = await asyncio.gather(ask(product, trader, end=end), ask(product, trader, end=end))
    third = await ask(product, trader, end=end)
    assert (first.status, first.body) == (200, second.body)
    assert third.body == first.body
    assert len(asked) == 1
    await asyncio.sleep(bars.KEEP)
    await ask(product, trader, end=end)
    assert len(asked) == 2


async def test_anothers_account_is_404_like_a_missing_one(product: Product) -> None:
    owner, other = await product.trader(), await product.trader()
    foreign = await ask(product, other, owner)
    missing = await ask(product, other, account_id=uuid4())
    assert (foreign.status, foreign.body["code"]) == (404, "account_not_found")
    assert foreign.body == missing.body
    assert (await ask(product, None, owner)).status == 401


async def test_owner_answers_nobody_elses_question(product: Product) -> None:
    """The owner checks again: the bus is not where tenants are told apart."""
    owner, other = await product.trader(), await product.trader()
    question = bars.Question(
        other.user_id, owner.account_id, "ETH/USD", BarStep.HOUR, START, START + timedelta(hours=3)
    )
    with pytest.raises(OwnerSilent):
        await bars.ask(product.container.bus, question)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"end": START.isoformat()}, "bad_bar_range"),
        ({"end": (START - timedelta(days=1)).isoformat()}, "bad_bar_range"),
        ({"end": (START + timedelta(hours=1000, seconds=1)).isoformat()}, "bad_bar_range"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "bad_bar_range"),
        ({"end": "9999-12-31T23:59:59-14:00"}, "bad_bar_range"),
        ({"start": "2026-01-05T00:00:00"}, "invalid"),
        ({"step": "2h"}, "invalid"),
        ({"symbol": "ZZZZQ"}, "unknown_instrument"),
        ({"symbol": "x" * 41}, "invalid"),
    ],
)
async def test_question_that_makes_no_sense_is_422(product: Product, fields: dict[str, Any], code: str) -> None:
    trader = await product.trader()
    answer = await ask(product, trader, **fields)
    assert (answer.status, answer.body["code"]) == (422, code), answer.body


async def test_thousand_bars_are_the_most(product: Product) -> None:
    trader = await product.trader()
    now = datetime.now(UTC)
    answer = await ask(
        product, trader, step="1m", start=(now - timedelta(minutes=1000)).isoformat(), end=now.isoformat()
    )
    assert answer.status == 200
    assert 900 <= len(answer.body["items"]) <= 1000


async def test_silent_owner_is_503(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    trader = await product.trader()
    monkeypatch.setattr(state_of(product, trader), "is_open", False)
    answer = await ask(product, trader)
    assert (answer.status, answer.body["code"]) == (503, "account_not_open")
    assert answer.headers.get("Retry-After")


async def test_unreadable_venue_is_503_and_the_next_question_asks_again(product: Product) -> None:
    trader = await product.trader()
    end = (START + timedelta(hours=5)).isoformat()
    await product.control("POST", "/fault", {"knob": "error_before_accept", "endpoint": "bars"})
    failed = await ask(product, trader, end=end)
    assert (failed.status, failed.body["code"]) == (503, "broker_read_failed")
    await product.control("DELETE", "/fault", {"knob": "error_before_accept"})
    assert (await ask(product, trader, end=end)).status == 200


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RateLimited(retry_after=7), 503, "broker_rate_limited"),
        (InvalidSymbol(), 422, "invalid_symbol"),
        (BrokerAuthExpired(), 409, "broker_auth_expired"),
        (BrokerProtocolChanged(), 502, "broker_protocol_changed"),
    ],
)
async def test_what_the_venue_says_reaches_the_caller(
    product: Product, monkeypatch: pytest.MonkeyPatch, error: BrokerError, status: int, code: str
) -> None:
    trader = await product.trader()

    async def fail(*_: Any) -> Sequence[Bar]:
        raise error

    monkeypatch.setattr(state_of(product, trader).broker, "list_bars", fail)
    answer = await ask(product, trader, end=(START + timedelta(hours=4)).isoformat())
    assert (answer.status, answer.body["code"]) == (status, code)
    if isinstance(error, RateLimited):
        assert answer.headers["Retry-After"] == "7"


async def test_slow_venue_is_told_as_such_and_holds_up_nobody_else(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = await product.trader(), await product.trader()
    count_reads(product, slow, monkeypatch, wait=10)
    waiting = asyncio.create_task(ask(product, slow, end=(START + timedelta(hours=2)).isoformat()))
    await asyncio.sleep(0.1)
    assert (await ask(product, quick, end=(START + timedelta(hours=9)).isoformat())).status == 200
    assert not waiting.done()
    answer = await waiting
    assert (answer.status, answer.body["code"]) == (503, "broker_read_failed")


async def test_charts_leave_the_venues_budget_to_orders(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    trader = await product.trader()
    budget = state_of(product, trader).broker.capabilities.requests_per_minute
    monkeypatch.setattr(bars, "_SHARE", budget // 3)
    asked = count_reads(product, trader, monkeypatch)
    answers = [await ask(product, trader, end=(START + timedelta(hours=10 + n)).isoformat()) for n in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 503]
    assert answers[-1].body["code"] == "broker_rate_limited"
    assert int(answers[-1].headers["Retry-After"]) >= 50
    assert len(asked) == 3


async def test_step_that_the_venue_has_not_is_refused_before_it_is_asked(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    shown = await product.call("GET", f"/api/v1/accounts/{trader.account_id}/capabilities", trader)
    assert shown.body["bar_steps"] == list(LENGTHS)
    asked = count_reads(product, trader, monkeypatch)
    broker = state_of(product, trader).broker
    poorer = replace(broker.capabilities, bar_steps=frozenset({BarStep.DAY}))
    monkeypatch.setattr(type(broker), "capabilities", property(lambda _: poorer))
    answer = await ask(product, trader, end=(START + timedelta(hours=6)).isoformat())
    assert (answer.status, answer.body["code"]) == (422, "unsupported_by_broker")
    assert asked == []
