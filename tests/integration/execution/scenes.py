"""What the tests of the running product do again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tradsy.execution.facts import FactsBuilder
from tradsy.execution.state import AccountState
from tradsy.identity.model import Origin as SessionOrigin
from tradsy.identity.sessions import open_program_session
from tradsy.risk.model import RiskInput
from tradsy.testing.product import Product, Trader

QUOTES = {
    "BTC/USD": ("50000.00", "50010.00"),
    "ETH/USD": ("2000.00", "2001.00"),
    "SOL/USD": ("100.00", "100.10"),
    "LINK/USD": ("15.000", "15.020"),
    "AVAX/USD": ("30.00", "30.02"),
    "ADA/USD": ("0.8000", "0.8001"),
}
"""Quotes that hold still, so that a test can name the numbers that it expects."""


async def pin_all(product: Product) -> None:
    """Hold the market still; quotes flow once an account of the venue is open."""
    await product.trader()
    for symbol, (bid, ask) in QUOTES.items():
        await product.pin(symbol, bid, ask)


def state_of(product: Product, trader: Trader) -> AccountState:
    """Return what the owner remembers of the trader's account."""
    state = product.owner.find_account(trader.account_id)
    assert state is not None
    return state


async def tighten(product: Product, trader: Trader, scope: str = "account", **limits: Any) -> None:
    """Tighten limits of the trader through the API, which holds at once."""
    subject = {"user": trader.user_id, "account": trader.account_id, "source": trader.source_id}[scope]
    answer = await product.call("PUT", f"/api/v1/risk/limits/{scope}/{subject}", trader, json=limits)
    assert answer.status == 200, answer.body
    assert answer.body["pending"] is None


async def fault(product: Product, trader: Trader, knob: str, endpoint: str, **options: Any) -> None:
    """Set a fault of the venue for the trader's account."""
    body = {"knob": knob, "account": trader.venue_account_id, "endpoint": endpoint, **options}
    await product.control("POST", "/fault", body)


async def blind(product: Product, trader: Trader) -> None:
    """Let every reconciliation of the account fail, so that what the owner remembers stays as a test sets it."""
    await fault(product, trader, "error_before_accept", "accounts.get")
    state = state_of(product, trader)
    state.reconcile_asked = True

    async def begun() -> bool:
        return not state.reconcile_asked

    # One that began before the fault has ended once the next one begins.
    await product.until(begun, what="blind reconciliation")


async def reconciled(product: Product, trader: Trader) -> None:
    """Ask for a reconciliation, and wait until one that began after this was good."""
    state = state_of(product, trader)
    before = product.container.clock.now()
    state.reconcile_asked = True

    async def done() -> bool:
        return state.reconciled_at is not None and state.reconciled_at > before

    await product.until(done, what="reconciliation")


async def buy(product: Product, trader: Trader, ticker: str = "ETHUSD", quantity: str = "0.5", **more: Any) -> str:
    """Send a buy; return its trace."""
    return await product.send(trader, ticker=ticker, action="buy", quantity=quantity, **more)


async def bought(product: Product, trader: Trader, ticker: str = "ETHUSD", quantity: str = "0.5", **more: Any) -> str:
    """Send a buy and wait until it is filled."""
    trace = await buy(product, trader, ticker, quantity, **more)
    await product.until_step(trader, trace, "filled")
    return trace


async def resting(product: Product, trader: Trader, *, price: str = "14.900", quantity: str = "10") -> str:
    """Send a buy of LINK that rests, and wait until the venue has it."""
    trace = await buy(product, trader, "LINKUSD", quantity, orderType="limit", limitPrice=price)
    await product.until_step(trader, trace, "accepted")
    return trace


async def verdict(product: Product, trader: Trader, trace: str) -> dict[str, Any]:
    """Return the verdict of a trace as the timeline shows it; the list of verdicts must show the same."""
    steps = await product.until_step(trader, trace, "risk")
    (shown,) = [step["data"] for step in steps if step["step"] == "risk"]
    answer = await product.call("GET", "/api/v1/verdicts", trader)
    assert answer.status == 200, answer.body
    (listed,) = [item for item in answer.body["items"] if item["trace_id"] == trace]
    for key in ("outcome", "reasons", "checks", "config_hash"):
        assert listed[key] == shown[key]
    return shown


def alter_facts(monkeypatch: pytest.MonkeyPatch, trader: Trader, change: Callable[[RiskInput], dict[str, Any]]) -> None:
    """Change what risk is told about the trader's orders, where the running product cannot be brought to it."""
    original = FactsBuilder.build

    def build(self: FactsBuilder, subject: Any, account: AccountState, judgment: Any, **known: Any) -> RiskInput:
        facts = original(self, subject, account, judgment, **known)
        return replace(facts, **change(facts)) if account.account_id == trader.account_id else facts

    monkeypatch.setattr(FactsBuilder, "build", build)


async def nothing_sent(product: Product, trader: Trader, trace: str) -> None:
    """Check that no order came of a trace."""
    steps = await product.steps(trader, trace)
    assert not [step for step in steps if step["step"] in {"intent", "sent", "accepted", "filled"}]


async def person_token(product: Product, trader: Trader) -> str:
    """Return an access token of the trader as a person who just proved to be there."""
    at = product.container.clock.now()
    async with product.container.database.as_user(trader.user_id) as session:
        pair = await open_program_session(session, trader.user_id, SessionOrigin(), at=at, lifetime=timedelta(days=1))
    return pair.access_token
