"""The fault knobs and controls of `sim` that only the venue knows of, over real sockets; the rest are BC cases."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.contract.harness import STOCK, SYMBOL, VenueUnderTest, sim_under_test, until, yes
from tradsy.brokers.adapters.sim import broker as sim_broker
from tradsy.brokers.errors import BrokerOutcomeUnknown, BrokerReadFailed, NotTradable
from tradsy.brokers.port import VenueOrderStatus
from tradsy.domain.ids import VenueAccountId
from tradsy.sandbox.faults import KNOBS, FaultInjector


@pytest_asyncio.fixture(scope="module")
async def running_sim() -> AsyncGenerator[VenueUnderTest]:
    """One venue of class A for this module."""
    async with sim_under_test("A") as venue:
        yield venue


@pytest_asyncio.fixture
async def sim(running_sim: VenueUnderTest) -> AsyncGenerator[VenueUnderTest]:
    """The venue, healthy before and after."""
    yield running_sim
    await running_sim.control.heal()
    await running_sim.broker.cancel_all(running_sim.account, yes)


def test_every_knob_has_a_case() -> None:
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]
    named = {word for text in texts for word in re.findall(r'"([a-z_]+)"', text)}
    assert set(KNOBS) <= named


async def test_hide_accepted_shows_an_order_only_later(sim: VenueUnderTest) -> None:
    await sim.control.fault("hide_accepted", count=1, seconds=0.4)
    await sim.control.fault("drop_response", endpoint="orders.submit", count=1)
    request = sim.resting()
    with pytest.raises(BrokerOutcomeUnknown):
        await sim.broker.submit(request, yes)
    assert sim.accepted(request.client_order_id) == 1
    assert (await sim.broker.find_order(sim.account, request.client_order_id)).order is None
    assert (await sim.broker.list_open_orders(sim.account)).items == []
    assert not any(r.client_order_id == request.client_order_id for r in sim.reports)
    await until(lambda: any(r.client_order_id == request.client_order_id for r in sim.reports))
    found = await sim.broker.find_order(sim.account, request.client_order_id)
    assert found.order is not None
    assert [o.venue_order_id for o in (await sim.broker.list_open_orders(sim.account)).items] == [
        found.order.venue_order_id
    ]


async def test_stale_list_shows_the_past(sim: VenueUnderTest) -> None:
    old = await sim.broker.submit(sim.resting(), yes)
    await sim.control.post("/clock", advance_s=30)
    new = await sim.broker.submit(sim.resting(), yes)
    await sim.broker.cancel(sim.account, old.venue_order_id, yes)
    await sim.control.fault("stale_list", seconds=10)
    listed = (await sim.broker.list_open_orders(sim.account)).items
    assert [(o.venue_order_id, o.status) for o in listed] == [(old.venue_order_id, VenueOrderStatus.NEW)]
    await sim.control.post("/fault", method="DELETE", knob="stale_list")
    listed = (await sim.broker.list_open_orders(sim.account)).items
    assert [o.venue_order_id for o in listed] == [new.venue_order_id]


async def test_stale_positions_are_those_of_the_past(sim: VenueUnderTest) -> None:
    await sim.broker.submit(sim.request(symbol=STOCK, quantity="5"), yes)
    await sim.control.post("/clock", advance_s=120)
    await sim.broker.submit(sim.request(symbol=STOCK, quantity="7"), yes)
    await sim.control.fault("stale_positions", count=1, seconds=60)
    past = {p.symbol: p.quantity for p in (await sim.broker.list_positions(sim.account)).items}
    present = {p.symbol: p.quantity for p in (await sim.broker.list_positions(sim.account)).items}
    assert (past[STOCK], present[STOCK]) == (Decimal(5), Decimal(12))


async def test_page_skip_leaves_an_item_out(sim: VenueUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim_broker, "PAGE_LIMIT", 2)
    acks = [await sim.broker.submit(sim.resting(quantity="0.001"), yes) for _ in range(4)]
    await sim.control.fault("page_skip", endpoint="orders.list", count=1)
    skipped = await sim.broker.list_open_orders(sim.account)
    assert [o.venue_order_id for o in skipped.items] == [acks[i].venue_order_id for i in (0, 1, 3)]
    assert len((await sim.broker.list_open_orders(sim.account)).items) == 4


async def test_over_report_tells_more_than_was_filled(sim: VenueUnderTest) -> None:
    await sim.control.fault("over_report", count=1, quantity=2)
    ack = await sim.broker.submit(sim.request(symbol=STOCK, quantity="3"), yes)
    fill = await sim.reported("fill", ack.venue_order_id)
    assert fill.fill is not None
    assert (fill.fill.quantity, fill.cumulative_quantity) == (Decimal(3), Decimal(5))
    assert sim.control.truth().orders[ack.venue_order_id].filled_quantity == 3


async def test_a_frozen_account_cancels_but_does_not_trade(sim: VenueUnderTest) -> None:
    ack = await sim.broker.submit(sim.resting(), yes)
    await sim.control.post("/accounts/state", account=sim.account, blocked=True)
    assert (await sim.broker.get_account(sim.account)).trading_blocked
    with pytest.raises(NotTradable):
        await sim.broker.submit(sim.resting(), yes)
    assert (await sim.broker.cancel(sim.account, ack.venue_order_id, yes)).final
    await sim.control.post("/accounts/state", account=sim.account, blocked=False)


async def test_conditions_show_in_quotes(sim: VenueUnderTest) -> None:
    await sim.control.price(STOCK, "100", "100.10")
    await sim.control.conditions(symbol=STOCK, halt=True, wide_spread="10", volume="1234")
    quote = await sim.broker.get_quote(STOCK)
    assert (quote.halted, quote.adv, quote.ask - quote.bid) == (True, Decimal(1234), Decimal(1))
    await sim.control.conditions(symbol=STOCK, stale_quotes=True)
    await sim.control.post("/clock", advance_s=60)
    stale = await sim.broker.get_quote(STOCK)
    assert await sim.broker.check_clock() - stale.at > timedelta(seconds=59)
    await sim.control.heal()
    fresh = await sim.broker.get_quote(STOCK)
    assert await sim.broker.check_clock() - fresh.at < timedelta(seconds=1)


async def test_the_market_stands_still_on_request(sim: VenueUnderTest) -> None:
    await sim.control.post("/market", running=False)
    before = await sim.broker.get_quote(SYMBOL)
    await sim.control.post("/clock", advance_s=3600)
    after = await sim.broker.get_quote(SYMBOL)
    assert (before.bid, before.ask) == (after.bid, after.ask)
    await sim.control.post("/market", running=True)
    await sim.control.post("/clock", advance_s=3600)
    assert (await sim.broker.get_quote(SYMBOL)).bid != after.bid


async def test_one_login_may_have_several_accounts(sim: VenueUnderTest) -> None:
    answer = await sim.control.post("/accounts", count=3, cash="5000", one_login=True, idempotency="D")
    keys = {c["fields"]["api_key"] for c in answer["credentials"]}
    assert len(keys) == 1
    broker = sim.open_broker(answer["credentials"][0]["fields"])
    accounts = await broker.list_accounts()
    assert [a.venue_account_id for a in accounts] == [c["account"] for c in answer["credentials"]]
    assert {a.cash for a in accounts} == {Decimal(5000)}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/fault", {"knob": "no_such_knob"}),
        ("/fault", {"knob": "drop_request", "probability": 2}),
        ("/price", {"symbol": STOCK, "bid": "10", "ask": "9"}),
        ("/price", {"symbol": "ZZZZZ", "bid": "9", "ask": "10"}),
        ("/price", {"symbol": STOCK, "bid": "NaN", "ask": "10"}),
        ("/accounts", {"count": 0}),
        ("/accounts", {"accounts": [{"cash": "-1"}]}),
        ("/accounts", {"idempotency": "Z"}),
        ("/conditions", {"symbol": STOCK, "no_such": True}),
        ("/conditions", {"symbol": "ZZZZZ", "halt": True}),
    ],
)
async def test_the_control_api_refuses_nonsense(sim: VenueUnderTest, path: str, body: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="message"):
        await sim.control.post(path, **body)


async def test_reset_forgets_orders_and_keeps_accounts() -> None:
    async with sim_under_test("A") as venue:
        await venue.broker.submit(venue.request(symbol=STOCK, quantity="5"), yes)
        await venue.broker.submit(venue.resting(), yes)
        await venue.control.post("/reset")
        assert (await venue.broker.list_positions(venue.account)).items == []
        assert (await venue.broker.list_open_orders(venue.account)).items == []
        account = await venue.broker.get_account(venue.account)
        assert account.cash == account.equity == Decimal(1_000_000)
        ack = await venue.broker.submit(venue.resting(), yes)
        assert venue.control.truth().orders.keys() == {ack.venue_order_id}
        with pytest.raises(BrokerReadFailed):
            await venue.broker.list_positions(VenueAccountId("SA000002"))


def test_faults_are_seeded() -> None:
    def strikes(seed: int) -> list[bool]:
        injector = FaultInjector(seed)
        injector.add({"knob": "drop_request", "probability": 0.5})
        return [injector.draw("drop_request", "orders.submit") is not None for _ in range(64)]

    assert strikes(1) == strikes(1)
    assert strikes(1) != strikes(2)


def test_a_fault_strikes_where_and_how_often_it_says() -> None:
    injector = FaultInjector(1)
    injector.add({"knob": "drop_request", "endpoint": "orders", "account": "A", "count": 2})
    assert injector.draw("drop_request", "positions", "A") is None
    assert injector.draw("drop_request", "orders.submit", "B") is None
    assert injector.draw("delay_before", "orders.submit", "A") is None
    assert [injector.draw("drop_request", "orders.submit", "A") is not None for _ in range(3)] == [True, True, False]


def test_jitter_is_log_normal_and_at_most_two_minutes() -> None:
    injector = FaultInjector(1)
    rule = injector.add({"knob": "delay_before", "seconds": 10, "jitter": 2.0})
    delays = [injector.jitter(rule) for _ in range(500)]
    assert all(0 < d <= 120 for d in delays)
    assert sum(d < 10 for d in delays) in range(200, 300)
    assert max(delays) == 120
