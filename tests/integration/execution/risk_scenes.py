"""One scene for each way in which a rule stops a signal: it brings the product there and sends the signal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest

from tests.integration.execution.scenes import (
    alter_facts,
    blind,
    bought,
    buy,
    fault,
    reconciled,
    resting,
    state_of,
    tighten,
    verdict,
)
from tradsy.connections.model import ConnectionRecord
from tradsy.domain.orders import OrderType
from tradsy.risk.model import RISK_UNAVAILABLE, EngineFacts, RiskInput
from tradsy.testing.product import Product, Trader


@dataclass
class Scene:
    """One refusal: the product, the trader whom it befalls, and the tools to bring it about."""

    product: Product
    trader: Trader
    patch: pytest.MonkeyPatch
    expect: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Numbers of the check: exact values, or tests of the value."""
    text: str = ""
    """What the check's sentence says."""


Act = Callable[[Scene], Awaitable[str]]


@dataclass(frozen=True)
class Refusal:
    """A way to be stopped by one rule."""

    rule: str
    code: str
    outcome: str
    act: Act


REFUSALS: dict[str, Refusal] = {}


def stops(rule: str, code: str, outcome: str = "refuse") -> Callable[[Act], Act]:
    """Register a scene: it returns the trace of the signal that the rule stops."""

    def register(act: Act) -> Act:
        REFUSALS[f"{rule} {code} {outcome}"] = Refusal(rule, code, outcome, act)
        return act

    return register


def at_least(bound: str) -> Callable[[Decimal], bool]:
    return lambda value: value >= Decimal(bound)


def between(low: str, high: str) -> Callable[[Decimal], bool]:
    return lambda value: Decimal(low) <= value <= Decimal(high)


@stops("R-P1", "KILLED")
async def _killed(s: Scene) -> str:
    body = {"scope": "account", "subject": str(s.trader.account_id), "reason": "test"}
    assert (await s.product.call("POST", "/api/v1/kills", s.trader, json=body)).status == 201
    s.text = "account"
    return await buy(s.product, s.trader)


@stops("R-P3", "SIGNAL_STALE")
async def _stale(s: Scene) -> str:
    s.expect = {"limit": "30", "value": at_least("45")}
    at = s.product.container.clock.now() - timedelta(seconds=45)
    return await buy(s.product, s.trader, time=at.isoformat())


@stops("R-P5", "SYMBOL_NOT_ALLOWED")
async def _other_symbol(s: Scene) -> str:
    await tighten(s.product, s.trader, allowed_symbols=["BTC/USD"])
    s.text = "ETH/USD"
    return await buy(s.product, s.trader)


@stops("R-P5", "SYMBOL_HALTED")
async def _halted(s: Scene) -> str:
    await s.product.control("POST", "/conditions", {"symbol": "XRP/USD", "halt": True})

    async def seen() -> bool:
        quote = s.product.container.quotes.get("XRP/USD")
        return quote is not None and bool(quote.halted)

    await s.product.until(seen)
    s.text = "XRP/USD"
    return await buy(s.product, s.trader, "XRPUSD", "100")


@stops("R-P6", "TOO_MANY_DIGITS")
async def _digits(s: Scene) -> str:
    s.expect = {"limit": "18", "value": "19"}
    # What the message says has 18 digits; the follow's multiplier makes it more.
    return await buy(s.product, s.trader, quantity="1234567890.12345678")


@stops("R-P7", "MAX_ORDER_NOTIONAL", "soft")
async def _large(s: Scene) -> str:
    s.expect = {"limit": "10000", "value": "12006"}
    return await buy(s.product, s.trader, quantity="6")


@stops("R-P7", "MAX_ORDER_NOTIONAL")
async def _too_large(s: Scene) -> str:
    s.expect = {"limit": "20000", "value": "22011"}
    return await buy(s.product, s.trader, quantity="11")


@stops("R-P8", "MAX_ADV_FRACTION")
async def _volume(s: Scene) -> str:
    await tighten(s.product, s.trader, max_adv_fraction="0.000000000001")
    s.expect = {"limit": between("0", "0.4"), "value": "0.5"}
    return await buy(s.product, s.trader)


@stops("R-P9", "PRICE_COLLAR")
async def _collar(s: Scene) -> str:
    s.expect = {"limit": "0.05", "value": at_least("0.0997")}
    return await buy(s.product, s.trader, orderType="limit", limitPrice="2200")


@stops("R-P10", "SPREAD_TOO_WIDE")
async def _spread(s: Scene) -> str:
    await s.product.pin("DOGE/USD", "0.18000", "0.20000")
    s.expect = {"limit": "0.02", "value": at_least("0.1")}
    return await buy(s.product, s.trader, "DOGEUSD", "100")


@stops("R-P10", "QUOTE_STALE")
async def _stale_quote(s: Scene) -> str:
    await tighten(s.product, s.trader, market_quote_age="2")
    await s.product.control("POST", "/conditions", {"symbol": "LTC/USD", "stale_quotes": True})

    async def old() -> bool:
        quote = s.product.container.quotes.get("LTC/USD")
        return quote is not None and s.product.container.clock.now() - quote.at > timedelta(seconds=2.2)

    await s.product.until(old)
    s.expect = {"limit": "2", "value": at_least("2.2")}
    return await buy(s.product, s.trader, "LTCUSD", "1")


@stops("R-P11", "BUYING_POWER")
async def _buying_power(s: Scene) -> str:
    await tighten(s.product, s.trader, buying_power_fraction="0.001")
    s.expect = {"limit": between("1", "999"), "value": "1000.5", "unit": "USD"}
    return await buy(s.product, s.trader)


@stops("R-P11", "ACCOUNT_STALE")
async def _old_snapshot(s: Scene) -> str:
    await blind(s.product, s.trader)
    state = state_of(s.product, s.trader)
    assert state.balance is not None
    state.balance = replace(state.balance, snapshot_at=state.balance.snapshot_at - timedelta(seconds=90))
    s.expect = {"limit": "60", "value": at_least("90")}
    return await buy(s.product, s.trader)


@stops("R-P12", "SYMBOL_EXPOSURE")
async def _symbol_exposure(s: Scene) -> str:
    await tighten(s.product, s.trader, max_symbol_exposure="0.01")
    s.expect = {"limit": "1000", "value": "1000.5"}
    return await buy(s.product, s.trader)


@stops("R-P12", "GROSS_EXPOSURE")
async def _gross_exposure(s: Scene) -> str:
    await tighten(s.product, s.trader, max_gross_exposure="0.015")
    await bought(s.product, s.trader, "SOLUSD", "10")
    s.expect = {"limit": between("1400", "1500"), "value": at_least("2000")}
    return await buy(s.product, s.trader)


@stops("R-P13", "MAX_OPEN_ORDERS")
async def _open_orders(s: Scene) -> str:
    await tighten(s.product, s.trader, max_open_orders=1)
    await resting(s.product, s.trader)
    s.expect = {"limit": "1", "value": "2"}
    return await buy(s.product, s.trader)


@stops("R-P13", "MAX_OPEN_ORDERS_PER_SIDE")
async def _open_orders_of_side(s: Scene) -> str:
    await tighten(s.product, s.trader, max_open_orders_per_side=1)
    await resting(s.product, s.trader)
    s.expect = {"limit": "1", "value": "2"}
    return await buy(s.product, s.trader, "LINKUSD", "5", orderType="limit", limitPrice="14.800")


@stops("R-P14", "ACCOUNT_RATE_10S")
async def _account_rate(s: Scene) -> str:
    await tighten(s.product, s.trader, messages_10s=1)
    await buy(s.product, s.trader, quantity="0.1")
    s.expect = {"limit": "1", "value": "2"}
    return await buy(s.product, s.trader, quantity="0.2")


@stops("R-P14", "SOURCE_RATE_60S")
async def _source_rate(s: Scene) -> str:
    await tighten(s.product, s.trader, "source", source_messages_60s=1)
    await buy(s.product, s.trader, quantity="0.1")
    s.expect = {"limit": "1", "value": "2"}
    return await buy(s.product, s.trader, quantity="0.2")


@stops("R-P15", "REPEATED_EXECUTION")
async def _repeated(s: Scene) -> str:
    await tighten(s.product, s.trader, repeat_fills_5min=1)
    await bought(s.product, s.trader, quantity="0.1")
    s.expect = {"limit": "1", "value": "1"}
    return await buy(s.product, s.trader, quantity="0.2")


@stops("R-P15", "SOURCE_DISABLED")
async def _disabled(s: Scene) -> str:
    trace = await _repeated(s)
    await s.product.until_step(s.trader, trace, "risk")
    shown = await s.product.call("GET", "/api/v1/risk/state", s.trader)
    assert [(row["scope"], row["mode"], row["rule"]) for row in shown.body] == [("source", "disabled", "R-P15")]
    s.expect, s.text = {}, "a person must enable"
    return await buy(s.product, s.trader, "BTCUSD", "0.01")


@stops("R-P16", "MAX_ORDERS_PER_DAY", "soft")
async def _many_today(s: Scene) -> str:
    await tighten(s.product, s.trader, max_orders_per_day=1)
    await buy(s.product, s.trader, quantity="0.1")
    s.expect = {"limit": "1", "value": "2"}
    return await buy(s.product, s.trader, quantity="0.2")


@stops("R-P16", "MAX_ORDERS_PER_DAY")
async def _too_many_today(s: Scene) -> str:
    await tighten(s.product, s.trader, hard_orders_per_day=1, max_orders_per_day=1)
    await buy(s.product, s.trader, quantity="0.1")
    s.expect = {"limit": "1", "value": "2"}
    return await buy(s.product, s.trader, quantity="0.2")


@stops("R-P17", "DUPLICATE_ORDER", "soft")
async def _duplicate(s: Scene) -> str:
    await bought(s.product, s.trader)
    s.expect = {"limit": "10", "value": between("0", "10")}
    return await buy(s.product, s.trader)


@stops("R-P18", "SELF_MATCH")
async def _self_match(s: Scene) -> str:
    await resting(s.product, s.trader)
    s.expect = {"limit": "14.9", "value": "14.85"}
    return await s.product.send(s.trader, ticker="LINKUSD", action="sell", quantity="5")


async def _lose(s: Scene) -> None:
    """Lose the fees of a purchase: 25 basis points of 4,904.90."""
    await bought(s.product, s.trader, "SOLUSD", "49")
    await reconciled(s.product, s.trader)


@stops("R-P19", "DAILY_LOSS")
async def _daily_loss(s: Scene) -> str:
    await tighten(s.product, s.trader, daily_loss_reduce_only="0.0001")
    await _lose(s)
    s.expect = {"limit": "0.0001", "value": at_least("0.00012"), "unit": "of equity"}
    return await buy(s.product, s.trader)


@stops("R-P19", "ACCOUNT_HALTED")
async def _halted_by_loss(s: Scene) -> str:
    await tighten(s.product, s.trader, daily_loss_halt="0.0001")
    await _lose(s)
    trace = await buy(s.product, s.trader)
    first = await verdict(s.product, s.trader, trace)
    assert "DAILY_LOSS_HALT" in first["reasons"]
    return await buy(s.product, s.trader)


@stops("R-X6", "USER_DAILY_LOSS")
async def _daily_loss_of_all(s: Scene) -> str:
    await tighten(s.product, s.trader, "user", daily_loss_reduce_only="0.00004", any_symbol=True)
    # Half of the money lies on a second account: the loss of both together is half as deep.
    await _second_account(s)
    await _lose(s)
    s.expect = {"limit": "0.00004", "value": between("0.00006", "0.0001")}
    return await buy(s.product, s.trader)


@stops("R-X6", "USER_HALTED")
async def _user_halted(s: Scene) -> str:
    path = f"/api/v1/risk/state/user/{s.trader.user_id}"
    answer = await s.product.call("PUT", path, s.trader, json={"mode": "halted", "reason": "holiday"})
    assert answer.status == 200, answer.body
    return await buy(s.product, s.trader)


async def _second_account(s: Scene) -> ConnectionRecord:
    record = await s.product.open_account(s.trader.user_id)

    async def is_open() -> bool:
        state = s.product.owner.find_account(record.accounts[0].id)
        return state is not None and state.is_open

    await s.product.until(is_open)
    return record


@stops("R-P20", "SOURCE_REJECTS")
async def _rejects(s: Scene) -> str:
    await tighten(s.product, s.trader, source_rejects_60s=1)
    await _rejected(s)
    s.expect = {"limit": "1", "value": "1"}
    return await buy(s.product, s.trader, quantity="0.2")


@stops("R-P20", "ACCOUNT_REJECTS")
async def _account_rejects(s: Scene) -> str:
    await tighten(s.product, s.trader, account_rejects_5min=1)
    await _rejected(s)
    s.expect = {"limit": "1", "value": "1"}
    return await buy(s.product, s.trader, quantity="0.2")


async def _rejected(s: Scene) -> None:
    async def skip(_: object) -> bool:
        return True

    account = s.trader.venue_account_id
    await reconciled(s.product, s.trader)
    # A round that read the block would make risk refuse what the venue is to reject.
    with patch.object(s.product.owner.reconciler, "run", skip):
        await s.product.control("POST", "/accounts/state", {"account": account, "blocked": True})
        trace = await buy(s.product, s.trader, quantity="0.1")
        await s.product.until_step(s.trader, trace, "rejected")
        await s.product.control("POST", "/accounts/state", {"account": account, "blocked": False})


@stops("R-P21", "UNKNOWN_ORDER")
async def _unknown(s: Scene) -> str:
    await fault(s.product, s.trader, "drop_request", "orders.submit", count=1)
    trace = await buy(s.product, s.trader, quantity="0.1")
    await s.product.until_step(s.trader, trace, "unknown")
    return await buy(s.product, s.trader, quantity="0.2")


@stops("R-P21", "RECONCILIATION_STALE")
async def _not_reconciled(s: Scene) -> str:
    await blind(s.product, s.trader)
    state = state_of(s.product, s.trader)
    assert state.reconciled_at is not None
    state.reconciled_at -= timedelta(seconds=150)
    s.expect = {"limit": "120", "value": at_least("150")}
    return await buy(s.product, s.trader)


@stops("R-P21", "RECONCILIATION_BREAK")
async def _break(s: Scene) -> str:
    await blind(s.product, s.trader)
    state_of(s.product, s.trader).open_breaks = 2
    s.expect = {"limit": "0", "value": "2"}
    return await buy(s.product, s.trader)


@stops("R-P22", "PARENT_EXCEEDED")
async def _leaving_twice(s: Scene) -> str:
    await bought(s.product, s.trader, "LINKUSD", "10")
    leave = {"ticker": "LINKUSD", "action": "exit", "orderType": "limit"}
    first = await s.product.send(s.trader, **leave, limitPrice="15.500")
    await s.product.until_step(s.trader, first, "accepted")
    s.expect = {"limit": "10", "value": "20", "unit": "units"}
    return await s.product.send(s.trader, **leave, limitPrice="15.600")


@stops("R-P23", "NOT_REDUCING")
async def _not_reducing(s: Scene) -> str:
    await bought(s.product, s.trader)
    # A close is drafted from the position itself; only one that turned round in between could add to it.
    alter_facts(s.patch, s.trader, lambda _: {"position": Decimal(-1)})
    s.text = "would add to the position"
    return await s.product.send(s.trader, ticker="ETHUSD", action="exit")


@stops("R-P25", "LIMIT_RAISE_PENDING")
async def _raise_pending(s: Scene) -> str:
    # The layer is read by the clock of the same transaction; only a clock that was set back could see this.
    later = s.product.container.clock.now() + timedelta(minutes=7)
    alter_facts(s.patch, s.trader, lambda facts: {"limits": replace(facts.limits, effective_at=later)})
    s.text = later.isoformat()
    return await buy(s.product, s.trader)


@stops("R-P26", "CLOCK_OFFSET")
async def _clock(s: Scene) -> str:
    await blind(s.product, s.trader)
    state_of(s.product, s.trader).venue_offset = timedelta(seconds=-3)
    s.expect = {"limit": "2", "value": "3", "unit": "s"}
    return await buy(s.product, s.trader)


@stops("R-P27", "BUILD_MISMATCH")
async def _old_build(s: Scene) -> str:
    engine = EngineFacts(holds_lease=True, epoch_current=True, build_current=False)
    alter_facts(s.patch, s.trader, lambda _: {"engine": engine})
    return await buy(s.product, s.trader)


@stops("R-P27", "LEASE_LOST")
async def _lease_lost(s: Scene) -> str:
    alter_facts(s.patch, s.trader, lambda _: {"engine": EngineFacts(holds_lease=False)})
    return await buy(s.product, s.trader)


@stops("R-B8", "UNSUPPORTED_BY_BROKER")
async def _unsupported(s: Scene) -> str:
    # The paper venue takes every type; the broker of this account shall take all but market orders.
    def without_market(facts: RiskInput) -> dict[str, Any]:
        assert facts.capabilities is not None
        offered = facts.capabilities.order_types - {OrderType.MARKET}
        return {"capabilities": replace(facts.capabilities, order_types=offered)}

    alter_facts(s.patch, s.trader, without_market)
    s.text = "sim takes no market order"
    return await buy(s.product, s.trader)


@stops("R-X7", "ACCOUNT_TOO_SMALL")
async def _small_account(s: Scene) -> str:
    await tighten(s.product, s.trader, min_account_equity="250000")
    s.expect = {"limit": "250000", "value": "100000"}
    return await buy(s.product, s.trader)


@stops("R-X7", "MAX_POSITIONS")
async def _many_positions(s: Scene) -> str:
    await tighten(s.product, s.trader, max_positions=1)
    await bought(s.product, s.trader, "SOLUSD", "1")
    s.expect = {"limit": "1", "value": "2", "unit": "positions"}
    return await buy(s.product, s.trader)


@stops("R-X7", "MAX_POSITION_SIZE")
async def _large_position(s: Scene) -> str:
    await tighten(s.product, s.trader, max_position_fraction="0.005")
    s.expect = {"limit": "500", "value": "1000.5"}
    return await buy(s.product, s.trader)


@stops("R-P28", RISK_UNAVAILABLE, "unavailable")
async def _slow(s: Scene) -> str:
    await tighten(s.product, s.trader, evaluation_budget="0.000001")
    s.expect, s.text = {"limit": "0.000001", "value": at_least("0")}, "too slow"
    return await buy(s.product, s.trader)
