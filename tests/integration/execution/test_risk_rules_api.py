"""Every pre-trade control through the public API: a webhook that it stops, with its numbers, and one whose facts are
missing.

R-P2 and R-P24 belong to what they guard; R-P4 is judged where the message comes in.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.integration.execution.risk_scenes import REFUSALS, Scene
from tests.integration.execution.scenes import (
    alter_facts,
    blind,
    bought,
    buy,
    nothing_sent,
    person_token,
    pin_all,
    state_of,
    tighten,
    verdict,
)
from tradsy.risk.catalogue import CATALOGUE
from tradsy.risk.model import RISK_UNAVAILABLE, Counters, EngineFacts, RiskInput
from tradsy.testing.product import Product, Trader


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    """Let no price move but by a test."""
    await pin_all(product)


@pytest.mark.parametrize("name", list(REFUSALS))
async def test_rule_stops_a_signal_and_shows_its_numbers(
    product: Product, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    refusal = REFUSALS[name]
    follow = {"sizing_value": "11"} if refusal.code == "TOO_MANY_DIGITS" else None
    scene = Scene(product, await product.trader(follow=follow), monkeypatch)
    trace = await refusal.act(scene)
    shown = await verdict(product, scene.trader, trace)
    assert shown["outcome"] == ("held" if refusal.outcome == "soft" else "refused"), shown["reasons"]
    assert refusal.code in shown["reasons"]
    (check,) = [check for check in shown["checks"] if check["rule"] == refusal.rule]
    assert (check["code"], check["outcome"]) == (refusal.code, refusal.outcome)
    for key, expected in scene.expect.items():
        value = check["numbers"][key]
        if key == "unit":
            assert value == expected
        elif callable(expected):
            assert expected(Decimal(value)), check
        else:
            assert Decimal(value) == Decimal(expected), check
    assert scene.text in check["text"]
    assert shown["config_hash"]
    await nothing_sent(product, scene.trader, trace)
    states = {"held": "pending", "refused": "refused"}
    plans = await product.call("GET", "/api/v1/plans", scene.trader)
    (plan,) = [plan for plan in plans.body["items"] if plan["trace_id"] == trace]
    assert plan["state"] == states[shown["outcome"]]
    assert refusal.code in plan["reason"]


async def test_repeated_message_is_answered_with_the_first_ones_ids(product: Product) -> None:
    trader = await product.trader()
    body = {"id": uuid4().hex, "ticker": "ETHUSD", "action": "buy", "quantity": "0.5"}
    first = await product.call("POST", trader.hook_path, json=body)
    again = await product.call("POST", trader.hook_path, json=body)
    assert (first.status, first.body["duplicate"]) == (202, False)
    assert (again.status, again.body) == (200, {**first.body, "duplicate": True})
    await product.until_step(trader, first.body["trace_id"], "filled")
    assert len(await product.orders(trader)) == 1


async def test_signal_from_the_future_is_refused_where_it_comes_in(product: Product) -> None:
    trader = await product.trader()
    at = product.container.clock.now() + timedelta(seconds=60)
    body = {"ticker": "ETHUSD", "action": "buy", "quantity": "0.5", "time": at.isoformat()}
    answer = await product.call("POST", trader.hook_path, json=body)
    assert (answer.status, answer.body["code"]) == (422, "unreadable_signal")
    assert "5 seconds in the future" in answer.body["detail"]
    (step, *_) = await product.steps(trader, answer.body["trace_id"])
    assert step["step"] == "received"
    assert await product.orders(trader) == []


async def test_limit_is_raised_by_a_person_only_and_not_before_its_delay(product: Product) -> None:
    trader = await product.trader()
    await tighten(product, trader, max_order_notional="500")
    path = f"/api/v1/risk/limits/account/{trader.account_id}"
    answer = await product.call("PUT", path, trader, json={"max_order_notional": "5000"})
    # An API key is no person; the answer names what would be loosened.
    assert (answer.status, answer.body["code"]) == (403, "step_up_required")
    assert answer.body["raised"] == ["max_order_notional"]
    person = f"Bearer {await person_token(product, trader)}"
    answer = await product.call("PUT", path, json={"max_order_notional": "5000"}, Authorization=person)
    assert (answer.status, answer.body["limits"]["max_order_notional"]) == (200, "500")
    assert answer.body["pending"]["max_order_notional"] == "5000"
    assert answer.body["pending_at"] is not None
    trace = await buy(product, trader)
    shown = await verdict(product, trader, trace)
    (check,) = [check for check in shown["checks"] if check["rule"] == "R-P7"]
    assert (check["outcome"], check["numbers"]["limit"]) == ("refuse", "1000")


# Facts that are missing

Missing = Callable[[RiskInput], dict[str, Any]]
_ENTRY = {"ticker": "ETHUSD", "action": "buy", "quantity": "0.5"}
_PRICED = {**_ENTRY, "orderType": "limit", "limitPrice": "1990.00"}
_EXIT = {"ticker": "SOLUSD", "action": "exit"}
_NONE_COUNTED = {"counters": Counters()}

MISSING: dict[str, tuple[Mapping[str, str], Mapping[str, Any]]] = {
    "R-P1": (_ENTRY, {"kills": None}),
    "R-P3": (_ENTRY, {"signal_at": None}),
    "R-P4": (_ENTRY, {"deduplicated": None}),
    "R-P5": (_PRICED, {"quote": None}),
    "R-P6": (_ENTRY, {"instrument": None}),
    "R-P7": (_ENTRY, {"account": None}),
    "R-P8": (_PRICED, {"quote": None}),
    "R-P9": (_PRICED, {"quote": None}),
    "R-P10": (_ENTRY, {"quote": None}),
    "R-P11": (_ENTRY, {"account": None}),
    "R-P12": (_ENTRY, {"positions": None}),
    "R-P13": (_ENTRY, {"open_orders": None}),
    "R-P14": (_ENTRY, _NONE_COUNTED),
    "R-P15": (_ENTRY, {"source_mode": None}),
    "R-P16": (_ENTRY, _NONE_COUNTED),
    "R-P17": (_ENTRY, {"recent_orders": None}),
    "R-P18": (_ENTRY, {"open_orders": None}),
    "R-P19": (_ENTRY, {"account_mode": None}),
    "R-P20": (_ENTRY, _NONE_COUNTED),
    "R-P21": (_ENTRY, {"reconciled_at": None}),
    "R-P22": (_ENTRY, {"parent": None}),
    "R-P23": (_EXIT, {"position": None}),
    # A limit always has a time or holds for ever, so this one is unreadable instead.
    "R-P25": (_ENTRY, {"limits": "unreadable"}),
    "R-P26": (_ENTRY, {"database_clock_offset": None}),
    "R-P27": (_ENTRY, {"engine": EngineFacts()}),
    "R-B8": (_ENTRY, {"capabilities": None}),
    "R-X6": (_ENTRY, {"user_equity": None}),
    "R-X7": (_ENTRY, {"positions": None}),
    # Facts that cannot be read at all: every rule refuses.
    "R-P28": (_ENTRY, {"order": None}),
}


@pytest_asyncio.fixture(scope="module")
async def holder(product: Product) -> AsyncGenerator[Trader]:
    """A trader who holds SOL; refused signals leave no trace in any counter, so that one is enough."""
    trader = await product.trader()
    await bought(product, trader, "SOLUSD", "1")
    yield trader


@pytest.mark.parametrize("rule", list(MISSING))
async def test_rule_refuses_when_its_facts_are_missing(
    product: Product, holder: Trader, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    body, missing = MISSING[rule]

    def change(facts: RiskInput) -> dict[str, Any]:
        if "limits" in missing:
            return {"limits": replace(facts.limits, effective_at="soon")}
        return dict(missing)

    alter_facts(monkeypatch, holder, change)
    trace = await product.send(holder, **body)
    shown = await verdict(product, holder, trace)
    assert shown["outcome"] == "refused"
    assert RISK_UNAVAILABLE in shown["reasons"]
    unavailable = {check["rule"] for check in shown["checks"] if check["outcome"] == "unavailable"}
    expected = {rule} if rule != "R-P28" else {judged.id for judged in CATALOGUE} - {"R-P28"}
    assert expected <= unavailable
    for check in shown["checks"]:
        if check["outcome"] == "unavailable":
            assert check["code"] == RISK_UNAVAILABLE
            assert "(" in check["text"]  # what was missing
    await nothing_sent(product, holder, trace)


async def test_account_that_was_never_read_gets_no_order(product: Product) -> None:
    trader = await product.trader()
    await blind(product, trader)
    state_of(product, trader).balance = None
    trace = await buy(product, trader)
    shown = await verdict(product, trader, trace)
    assert (shown["outcome"], shown["reasons"]) == ("refused", ["EQUITY_UNKNOWN"])


@pytest.mark.parametrize(
    ("attribute", "rule"), [("reconciled_at", "R-P21"), ("open_breaks", "R-P21"), ("venue_offset", "R-P26")]
)
async def test_what_the_owner_does_not_know_refuses(product: Product, attribute: str, rule: str) -> None:
    trader = await product.trader()
    await blind(product, trader)
    setattr(state_of(product, trader), attribute, None)
    trace = await buy(product, trader)
    shown = await verdict(product, trader, trace)
    refusing = [check["rule"] for check in shown["checks"] if check["outcome"] == "unavailable"]
    assert (refusing, shown["reasons"]) == ([rule], [RISK_UNAVAILABLE])


async def test_symbol_without_a_quote_gets_no_order(product: Product) -> None:
    trader = await product.trader()
    # A listed option is known by its name, but nobody quotes it.
    option = {"ticker": "AAPL270115C00200000", "action": "buy", "quantity": "1", "sentiment": "bullish"}
    trace = await product.send(trader, **option, orderType="limit", limitPrice="5.00")
    shown = await verdict(product, trader, trace)
    unavailable = {check["rule"] for check in shown["checks"] if check["outcome"] == "unavailable"}
    assert {"R-P5", "R-P8", "R-P9"} <= unavailable
    bare = await product.send(trader, **option)
    shown = await verdict(product, trader, bare)
    assert shown["reasons"] == ["SIZE_PRICE_UNKNOWN"]


async def test_unknown_symbol_gets_no_order(product: Product) -> None:
    trader = await product.trader()
    trace = await buy(product, trader, "ZZZQ", "1")
    shown = await verdict(product, trader, trace)
    assert shown["reasons"] == ["SYMBOL_UNKNOWN"]


def test_every_rule_is_here() -> None:
    rules = {rule.id for rule in CATALOGUE}
    assert MISSING.keys() == rules
    assert {refusal.rule for refusal in REFUSALS.values()} | {"R-P4"} == rules


async def test_verdicts_are_private(product: Product, holder: Trader) -> None:
    other = await product.trader()
    trace = await buy(product, holder, quantity="0.1")
    await product.until_step(holder, trace, "risk")
    assert (await product.call("GET", f"/api/v1/traces/{trace}", other)).status == 404
    assert (await product.call("GET", "/api/v1/verdicts", other)).body["items"] == []
