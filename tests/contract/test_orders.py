"""BC-01 to BC-19: what every broker must do with accounts and orders when nothing goes wrong."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.contract.harness import STOCK, SYMBOL, VenueUnderTest, new_id, no, until, yes
from tradsy.brokers.adapters.sim import broker as sim_broker
from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.brokers.errors import (
    BrokerAuthExpired,
    BrokerNotSent,
    BrokerReadFailed,
    DuplicateOrder,
    OrderNotFound,
    OrderNotOpen,
    UnsupportedByBroker,
)
from tradsy.brokers.port import VenueOrderStatus
from tradsy.domain.ids import VenueAccountId, VenueOrderId
from tradsy.domain.market import Quote
from tradsy.domain.orders import OrderType, Side, TimeInForce

PRICES: dict[OrderType, dict[str, str]] = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"limit_price": "1000"},
    OrderType.STOP: {"stop_price": "900000"},
    OrderType.STOP_LIMIT: {"stop_price": "900000", "limit_price": "900100"},
    OrderType.TRAILING_STOP: {"trail_percent": "50"},
}


async def test_bc_01_connect_proves_the_credential(venue: VenueUnderTest) -> None:
    await venue.broker.connect()
    stranger = venue.open_broker({"api_secret": "wrong"})
    with pytest.raises(BrokerAuthExpired):
        await stranger.connect()
    with pytest.raises(BrokerAuthExpired):
        await anext(stranger.stream_reports())


async def test_bc_02_accounts_show_their_balances(venue: VenueUnderTest) -> None:
    (account,) = await venue.broker.list_accounts()
    assert account.venue_account_id == venue.account
    again = await venue.broker.get_account(venue.account)
    assert again.currency == "USD"
    assert again.equity > 0
    assert again.buying_power >= again.cash - 1
    assert again.at.utcoffset() == timedelta(0)


async def test_bc_03_a_market_order_fills_and_every_view_agrees(venue: VenueUnderTest) -> None:
    await venue.control.price(SYMBOL, "90000", "90010")
    before = {p.symbol: p.quantity for p in (await venue.broker.list_positions(venue.account)).items}
    request = venue.request(quantity="0.01234567")
    ack = await venue.broker.submit(request, yes)
    fill = await venue.reported("fill", ack.venue_order_id)
    assert fill.fill is not None
    assert (fill.fill.quantity, fill.fill.price) == (Decimal("0.01234567"), Decimal(90010))
    assert (fill.side, fill.symbol, fill.cumulative_quantity) == (Side.BUY, SYMBOL, Decimal("0.01234567"))
    order = await venue.broker.get_order(venue.account, ack.venue_order_id)
    assert (order.status, order.average_price) == (VenueOrderStatus.FILLED, Decimal(90010))
    assert order.terms == request.terms
    made = [
        e
        for e in (await venue.broker.list_executions(venue.account, ack.at)).items
        if e.venue_order_id == ack.venue_order_id
    ]
    assert [e.fill for e in made] == [fill.fill]
    after = {p.symbol: p.quantity for p in (await venue.broker.list_positions(venue.account)).items}
    assert after[SYMBOL] - before.get(SYMBOL, Decimal(0)) == Decimal("0.01234567")


async def test_bc_04_a_limit_order_rests_is_listed_and_cancels(venue: VenueUnderTest) -> None:
    ack = await venue.broker.submit(venue.resting(), yes)
    assert ack.status is VenueOrderStatus.NEW
    listed = await venue.broker.list_open_orders(venue.account)
    assert listed.complete
    assert ack.venue_order_id in {o.venue_order_id for o in listed.items}
    await venue.reported("new", ack.venue_order_id)
    assert (await venue.broker.cancel(venue.account, ack.venue_order_id, yes)).final
    await venue.reported("canceled", ack.venue_order_id)
    open_now = await venue.broker.list_open_orders(venue.account)
    assert ack.venue_order_id not in {o.venue_order_id for o in open_now.items}
    with pytest.raises(OrderNotOpen):
        await venue.broker.cancel(venue.account, ack.venue_order_id, yes)
    with pytest.raises(OrderNotFound):
        await venue.broker.cancel(venue.account, VenueOrderId("SO9999999999"), yes)


IMMEDIATE = {TimeInForce.IOC, TimeInForce.FOK, TimeInForce.CLS}
KINDS = [
    (order_type, tif)
    for order_type in OrderType
    for tif in TimeInForce
    # A stop cannot be immediate; the opening auction needs a market that closes.
    if tif is not TimeInForce.OPG and (tif not in IMMEDIATE or order_type in {OrderType.MARKET, OrderType.LIMIT})
]


@pytest.mark.parametrize(("order_type", "tif"), KINDS)
async def test_bc_05_declared_kinds_are_taken_and_read_back(
    venue: VenueUnderTest, order_type: OrderType, tif: TimeInForce
) -> None:
    declared = venue.broker.capabilities
    if order_type not in declared.order_types or tif not in declared.time_in_force:
        pytest.skip("not declared")
    request = venue.request(kind=order_type.value, tif=tif.value, quantity="0.001", **PRICES[order_type])
    ack = await venue.broker.submit(request, yes)
    order = await venue.broker.get_order(venue.account, ack.venue_order_id)
    assert order.terms == request.terms
    listed = await venue.broker.list_orders(venue.account, ack.at)
    assert ack.venue_order_id in {o.venue_order_id for o in listed.items}
    await venue.broker.cancel_all(venue.account, yes)


async def test_bc_06_orders_are_found_by_our_id_or_the_class_says_no(venue: VenueUnderTest) -> None:
    request = venue.resting()
    ack = await venue.broker.submit(request, yes)
    if venue.broker.capabilities.idempotency is IdempotencyClass.NONE:
        with pytest.raises(UnsupportedByBroker):
            await venue.broker.find_order(venue.account, request.client_order_id)
        assert (await venue.broker.get_order(venue.account, ack.venue_order_id)).client_order_id is None
        assert venue.control.truth().orders[ack.venue_order_id].client_order_id is None
        return
    ticket = await venue.broker.find_order(venue.account, request.client_order_id)
    assert ticket.order is not None
    assert (ticket.order.venue_order_id, ticket.order.client_order_id) == (ack.venue_order_id, request.client_order_id)
    nothing = await venue.broker.find_order(venue.account, new_id())
    assert nothing.order is None
    assert nothing.venue_time >= ack.at


async def test_bc_07_a_repeated_id_is_treated_as_the_class_declares(venue: VenueUnderTest) -> None:
    request = venue.resting()
    first = await venue.broker.submit(request, yes)
    kind = venue.broker.capabilities.idempotency
    unique = kind in {IdempotencyClass.STRONG, IdempotencyClass.WEAK}
    if unique:
        with pytest.raises(DuplicateOrder):
            await venue.broker.submit(request, yes)
    else:
        assert (await venue.broker.submit(request, yes)).venue_order_id != first.venue_order_id
    await venue.broker.cancel(venue.account, first.venue_order_id, yes)
    if kind is IdempotencyClass.STRONG:
        with pytest.raises(DuplicateOrder) as refused:
            await venue.broker.submit(request, yes)
        assert refused.value.venue_code == "duplicate_closed"
        assert venue.accepted(request.client_order_id) == 1
    else:
        await venue.broker.submit(request, yes)
    await venue.broker.cancel_all(venue.account, yes)


async def test_bc_08_without_the_permit_nothing_is_sent(venue: VenueUnderTest) -> None:
    ack = await venue.broker.submit(venue.resting(), yes)
    before = len(venue.control.truth().requests)
    request = venue.resting()
    with pytest.raises(BrokerNotSent):
        await venue.broker.submit(request, no)
    with pytest.raises(BrokerNotSent):
        await venue.broker.cancel(venue.account, ack.venue_order_id, no)
    with pytest.raises(BrokerNotSent):
        await venue.broker.cancel_all(venue.account, no)
    with pytest.raises(BrokerNotSent):
        await venue.broker.replace(venue.account, ack.venue_order_id, request, no)
    assert len(venue.control.truth().requests) == before
    await venue.broker.submit(request, yes)
    await venue.broker.cancel_all(venue.account, yes)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid:80", "https://127.0.0.1:1"])
async def test_bc_09_a_venue_that_cannot_be_reached_is_proof_that_nothing_was_sent(
    venue: VenueUnderTest, url: str
) -> None:
    nowhere = venue.open_broker({"url": url})
    request = venue.resting()
    asked: list[bool] = []

    def permit() -> bool:
        asked.append(True)
        return True

    with pytest.raises(BrokerNotSent) as failed:
        await nowhere.submit(request, permit)
    assert failed.value.client_order_id == request.client_order_id
    assert not asked
    with pytest.raises(BrokerReadFailed):
        await nowhere.list_positions(venue.account)


@pytest.mark.parametrize(
    "fields",
    [{"symbol": "???"}, {"symbol": STOCK, "quantity": "0.5"}, {"client_order_id": "x" * 65}],
)
async def test_bc_10_what_is_not_declared_is_refused_before_any_io(
    venue: VenueUnderTest, fields: dict[str, Any]
) -> None:
    before = len(venue.control.truth().requests)
    with pytest.raises(UnsupportedByBroker):
        await venue.broker.submit(venue.request(**fields), no)
    assert len(venue.control.truth().requests) == before


async def test_bc_11_a_list_is_read_to_its_end(venue: VenueUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim_broker, "PAGE_LIMIT", 3)
    acks = [await venue.broker.submit(venue.resting(quantity="0.001"), yes) for _ in range(10)]
    page = await venue.broker.list_orders(venue.account, acks[0].at)
    assert page.complete
    assert [o.venue_order_id for o in page.items] == [a.venue_order_id for a in acks]
    monkeypatch.setattr(sim_broker, "MAX_PAGES", 2)
    assert not (await venue.broker.list_open_orders(venue.account)).complete
    fills = [await venue.broker.submit(venue.request(quantity="0.001"), yes) for _ in range(4)]
    monkeypatch.setattr(sim_broker, "MAX_PAGES", 20)
    made = await venue.broker.list_executions(venue.account, fills[0].at)
    assert [e.venue_order_id for e in made.items] == [a.venue_order_id for a in fills]
    await venue.broker.cancel_all(venue.account, yes)


async def test_bc_12_replace_gives_one_working_order(venue: VenueUnderTest) -> None:
    if not venue.broker.capabilities.native_replace:
        pytest.skip("not declared")
    old = await venue.broker.submit(venue.resting(), yes)
    new = await venue.broker.replace(venue.account, old.venue_order_id, venue.resting(quantity="0.02"), yes)
    assert new.venue_order_id != old.venue_order_id
    await venue.reported("replaced", old.venue_order_id)
    replaced = await venue.broker.get_order(venue.account, old.venue_order_id)
    assert replaced.status is VenueOrderStatus.REPLACED
    assert [o.venue_order_id for o in (await venue.broker.list_open_orders(venue.account)).items] == [
        new.venue_order_id
    ]
    with pytest.raises(OrderNotOpen):
        await venue.broker.replace(venue.account, old.venue_order_id, venue.resting(), yes)
    await venue.broker.cancel_all(venue.account, yes)


async def test_bc_13_cancel_all_names_what_it_canceled(venue: VenueUnderTest) -> None:
    acks = [await venue.broker.submit(venue.resting(), yes) for _ in range(3)]
    canceled = await venue.broker.cancel_all(venue.account, yes)
    assert set(canceled) == {a.venue_order_id for a in acks}
    assert await venue.broker.cancel_all(venue.account, yes) == []


async def test_bc_14_orders_of_a_group_cancel_each_other(venue: VenueUnderTest) -> None:
    if not venue.broker.capabilities.native_oco:
        pytest.skip("not declared")
    group = new_id()
    await venue.control.price(STOCK, "100", "100.02", "100.01")
    await venue.broker.submit(venue.request(symbol=STOCK, quantity="10"), yes)
    fields: dict[str, Any] = {"symbol": STOCK, "quantity": "10", "reduce_only": True, "oco_group": group}
    target = await venue.broker.submit(venue.request("sell", kind="limit", limit_price="110", **fields), yes)
    stop = await venue.broker.submit(venue.request("sell", kind="stop", stop_price="90", **fields), yes)
    await venue.control.price(STOCK, "89", "89.02", "89.01")
    await venue.reported("fill", stop.venue_order_id)
    await venue.reported("canceled", target.venue_order_id)


async def test_bc_15_reduce_only_closes_and_never_flips(venue: VenueUnderTest) -> None:
    await venue.control.price(STOCK, "100", "100.02", "100.01")
    held = {p.symbol: p.quantity for p in (await venue.broker.list_positions(venue.account)).items}.get(
        STOCK, Decimal(0)
    )
    assert held == 0
    await venue.broker.submit(venue.request(symbol=STOCK, quantity="5"), yes)
    exit_order = await venue.broker.submit(venue.request("sell", symbol=STOCK, quantity="9", reduce_only=True), yes)
    await venue.reported("fill", exit_order.venue_order_id)
    await venue.reported("canceled", exit_order.venue_order_id)
    symbols = {p.symbol for p in (await venue.broker.list_positions(venue.account)).items}
    assert STOCK not in symbols


async def test_bc_16_short_positions_are_negative(venue: VenueUnderTest) -> None:
    if not venue.broker.capabilities.short_selling:
        pytest.skip("not declared")
    await venue.broker.submit(venue.request("sell", symbol="MSFT", quantity="3"), yes)
    held = {p.symbol: p.quantity for p in (await venue.broker.list_positions(venue.account)).items}
    assert held["MSFT"] == -3
    await venue.broker.submit(venue.request("buy", symbol="MSFT", quantity="3", reduce_only=True), yes)


async def test_bc_17_quotes_bars_and_clock_are_read(venue: VenueUnderTest) -> None:
    await venue.control.price(SYMBOL, "90000.5", "90001", "90000.75")
    quote = await venue.broker.get_quote(SYMBOL)
    assert (quote.bid, quote.ask, quote.last) == (Decimal("90000.5"), Decimal(90001), Decimal("90000.75"))
    now = await venue.broker.check_clock()
    assert abs((now - quote.at).total_seconds()) < 2
    bars = await venue.broker.list_bars(SYMBOL, now - timedelta(hours=1), now, "1m")
    assert len(bars) >= 59
    assert [b.at for b in bars] == sorted(b.at for b in bars)


async def test_bc_18_quotes_are_pushed(venue: VenueUnderTest) -> None:
    seen: dict[str, list[Quote]] = {}
    thrice: list[Quote] = []
    async for quote in venue.broker.stream_quotes():
        seen.setdefault(quote.symbol, []).append(quote)
        if len(seen[quote.symbol]) == 3:
            thrice = seen[quote.symbol]
            break
    ages = [b.at - a.at for a, b in pairwise(thrice)]
    assert all(age < timedelta(seconds=1) for age in ages)
    assert {SYMBOL, STOCK} <= set(seen)


async def test_bc_19_other_logins_see_nothing(venue: VenueUnderTest) -> None:
    ack = await venue.broker.submit(venue.resting(), yes)
    answer = await venue.control.post("/accounts", count=1)
    other = answer["credentials"][0]
    stranger = venue.open_broker(other["fields"])
    with pytest.raises(OrderNotFound):
        await stranger.get_order(venue.account, ack.venue_order_id)
    with pytest.raises(OrderNotFound):
        await stranger.cancel(venue.account, ack.venue_order_id, yes)
    with pytest.raises(BrokerReadFailed):
        await stranger.list_positions(venue.account)
    assert (await stranger.list_positions(VenueAccountId(other["account"]))).items == []
    await venue.broker.cancel_all(venue.account, yes)
    await until(lambda: any(r.kind == "canceled" and r.venue_order_id == ack.venue_order_id for r in venue.reports))
