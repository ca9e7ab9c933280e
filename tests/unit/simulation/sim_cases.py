"""Builders for tests of the engine: one market of a stock, a coin and a future, always open unless told."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tradsy.domain.instruments import AssetClass, Instrument
from tradsy.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from tradsy.simulation.fees import FeeRate, FeeSchedule
from tradsy.simulation.ledger import AccountRules
from tradsy.simulation.matching import EngineRules, MatchingEngine
from tradsy.simulation.model import Event, MarketPhase, NewOrder, SimOrder, Tick
from tradsy.simulation.sessions import AlwaysOpen, SessionCalendar

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SATOSHI = Decimal("0.00000001")
STOCK = Instrument("ACME", AssetClass.STOCK)
COIN = Instrument("BTC/USD", AssetClass.CRYPTO, lot_size=SATOSHI, min_quantity=SATOSHI)
FUTURE = Instrument("ESZ26", AssetClass.FUTURE, tick_size=Decimal("0.25"), multiplier=Decimal(50))
OPTION = Instrument("ACME270115C00100000", AssetClass.OPTION, multiplier=Decimal(100))
INSTRUMENTS = {i.symbol: i for i in (STOCK, COIN, FUTURE, OPTION)}
FEES = FeeSchedule({AssetClass.STOCK: FeeRate(per_unit=Decimal("0.005"), minimum=Decimal(1))})


def build_engine(
    *,
    cash: str = "100000",
    fees: FeeSchedule | None = None,
    calendar: SessionCalendar | None = None,
    short_selling: bool = True,
    rules: EngineRules | None = None,
) -> MatchingEngine:
    """Return an engine with account A and each instrument quoted at 100 (99.99 / 100.01)."""
    market = calendar or AlwaysOpen()
    chosen = rules or EngineRules(fees=fees or FeeSchedule())
    engine = MatchingEngine(INSTRUMENTS.get, random.Random(7), chosen, lambda _: market)
    engine.open_account("A", "login", Decimal(cash), AccountRules(short_selling=short_selling))
    for symbol in INSTRUMENTS:
        engine.on_tick(symbol, tick("100", phase=market.phase(START)))
    return engine


def tick(
    last: str,
    *,
    at: datetime = START,
    spread: str = "0.02",
    liquidity: str | None = None,
    halted: bool = False,
    phase: MarketPhase = MarketPhase.OPEN,
) -> Tick:
    """Return a tick around `last`."""
    half = Decimal(spread) / 2
    limit = None if liquidity is None else Decimal(liquidity)
    return Tick(Decimal(last) - half, Decimal(last) + half, Decimal(last), at, limit, halted, phase)


def terms(
    side: str = "buy", quantity: str = "10", kind: str = "market", symbol: str = "ACME", **more: Any
) -> OrderTerms:
    """Return terms; prices as text."""
    for name in ("limit_price", "stop_price", "trail_amount", "trail_percent"):
        if name in more:
            more[name] = Decimal(more[name])
    tif = TimeInForce(more.pop("tif", "gtc"))
    return OrderTerms(symbol, Side(side), OrderType(kind), Decimal(quantity), tif, **more)


def order(side: str = "buy", quantity: str = "10", kind: str = "market", **more: Any) -> NewOrder:
    """Return a new order of account A."""
    group = more.pop("oco_group", None)
    exits = {n: Decimal(more.pop(n)) for n in ("take_profit", "stop_loss", "stop_loss_limit", "max_fill") if n in more}
    return NewOrder("A", terms(side, quantity, kind, **more), more.pop("cid", None), group, **exits)


def place(engine: MatchingEngine, *args: Any, at: datetime = START, **more: Any) -> SimOrder:
    """Enter an order and return it."""
    return engine.submit(order(*args, **more), at)[0].order


def kinds(events: list[Event]) -> list[str]:
    """Return the kinds of events."""
    return [e.kind.value for e in events]
