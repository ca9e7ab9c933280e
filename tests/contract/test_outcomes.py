"""BC-20 to BC-29: outcomes. Whatever is not proved is unknown, and nothing is ever sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientTimeout

from tests.contract.harness import SYMBOL, VenueUnderTest, new_id, until, yes
from tradsy.brokers.adapters import transport
from tradsy.brokers.adapters.sim import client as sim_client
from tradsy.brokers.adapters.sim.errors import REFUSALS
from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.brokers.errors import (
    BrokerAuthExpired,
    BrokerError,
    BrokerNotSent,
    BrokerOutcomeUnknown,
    BrokerReadFailed,
    RateLimited,
)
from tradsy.domain.ids import VenueAccountId, VenueOrderId
from tradsy.platform import failpoints
from tradsy.sandbox.sim.errors import STATUS

BROKEN_ANSWERS: list[tuple[str, dict[str, Any]]] = [
    ("drop_response", {}),
    ("half_response", {}),
    ("reset_mid_body", {}),
    ("invalid_json", {}),
    ("error_after_accept", {"status": 400}),
    ("error_after_accept", {"status": 404}),
    ("error_after_accept", {"status": 408}),
    ("error_after_accept", {"status": 429}),
    ("error_after_accept", {"status": 500}),
    ("error_after_accept", {"status": 504}),
]


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the adapter give up after 0.3 s."""
    short = ClientTimeout(total=0.3, connect=0.2, sock_read=0.3)
    monkeypatch.setattr(transport, "TIMEOUT", short)
    monkeypatch.setattr(sim_client, "TIMEOUT", short)


async def _orders_in_truth(venue: VenueUnderTest) -> int:
    return len(venue.control.truth().orders)


@pytest.mark.parametrize(("knob", "args"), BROKEN_ANSWERS)
async def test_bc_20_a_broken_answer_to_an_order_leaves_it_unknown_and_placed_once(
    venue: VenueUnderTest, knob: str, args: dict[str, Any]
) -> None:
    before = await _orders_in_truth(venue)
    await venue.control.fault(knob, endpoint="orders.submit", count=1, **args)
    request = venue.resting()
    with pytest.raises(BrokerOutcomeUnknown) as unknown:
        await venue.broker.submit(request, yes)
    assert unknown.value.client_order_id == request.client_order_id
    assert await _orders_in_truth(venue) == before + 1
    open_now = (await venue.broker.list_open_orders(venue.account)).items
    assert [o.terms for o in open_now] == [request.terms]
    if venue.broker.capabilities.idempotency is not IdempotencyClass.NONE:
        ticket = await venue.broker.find_order(venue.account, request.client_order_id)
        assert ticket.order == open_now[0]
    await venue.broker.cancel_all(venue.account, yes)


@pytest.mark.parametrize(("knob", "args"), BROKEN_ANSWERS)
async def test_bc_21_a_broken_answer_to_a_cancel_leaves_it_unknown_and_sent_once(
    venue: VenueUnderTest, knob: str, args: dict[str, Any]
) -> None:
    ack = await venue.broker.submit(venue.resting(), yes)
    before = venue.requests_to("orders.cancel")
    await venue.control.fault(knob, endpoint="orders.cancel", count=1, **args)
    with pytest.raises(BrokerOutcomeUnknown):
        await venue.broker.cancel(venue.account, ack.venue_order_id, yes)
    assert venue.requests_to("orders.cancel") == before + 1
    await venue.reported("canceled", ack.venue_order_id)


@pytest.mark.parametrize("endpoint", ["orders.submit", "orders.cancel", "orders.replace", "orders.cancel_all"])
@pytest.mark.parametrize("knob", ["drop_request", "error_before_accept"])
async def test_bc_22_a_lost_request_is_unknown_and_never_sent_again(
    venue: VenueUnderTest, endpoint: str, knob: str
) -> None:
    ack = await venue.broker.submit(venue.resting(), yes)
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "orders.submit": lambda: venue.broker.submit(venue.resting(), yes),
        "orders.cancel": lambda: venue.broker.cancel(venue.account, ack.venue_order_id, yes),
        "orders.replace": lambda: venue.broker.replace(venue.account, ack.venue_order_id, venue.resting(), yes),
        "orders.cancel_all": lambda: venue.broker.cancel_all(venue.account, yes),
    }
    before, orders = venue.requests_to(endpoint), await _orders_in_truth(venue)
    # No count: a second sending would be struck, and counted, too.
    await venue.control.fault(knob, endpoint=endpoint)
    with pytest.raises(BrokerOutcomeUnknown):
        await calls[endpoint]()
    await venue.control.heal()
    assert venue.requests_to(endpoint) == before + 1
    assert await _orders_in_truth(venue) == orders
    await venue.broker.cancel_all(venue.account, yes)


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize("knob", ["delay_before", "delay_after"])
async def test_bc_23_a_late_answer_is_unknown(venue: VenueUnderTest, knob: str) -> None:
    before, orders = venue.requests_to("orders.submit"), await _orders_in_truth(venue)
    await venue.control.fault(knob, endpoint="orders.submit", count=1, seconds=0.6)
    request = venue.resting()
    with pytest.raises(BrokerOutcomeUnknown):
        await venue.broker.submit(request, yes)
    # What was given up on may still be placed, later.
    await until(lambda: len(venue.control.truth().orders) == orders + 1)
    assert venue.requests_to("orders.submit") == before + 1
    assert [o.terms for o in (await venue.broker.list_open_orders(venue.account)).items] == [request.terms]
    await venue.broker.cancel_all(venue.account, yes)


async def test_bc_24_a_cancelled_task_has_sent_at_most_once(venue: VenueUnderTest) -> None:
    before = venue.requests_to("orders.submit")
    await venue.control.fault("delay_after", endpoint="orders.submit", count=1, seconds=5)
    task = asyncio.create_task(venue.broker.submit(venue.resting(), yes))
    await until(lambda: venue.requests_to("orders.submit") > before)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert venue.requests_to("orders.submit") == before + 1
    assert len((await venue.broker.list_open_orders(venue.account)).items) == 1
    await venue.broker.cancel_all(venue.account, yes)


@pytest.mark.parametrize(
    ("point", "error"),
    [
        ("before_socket_write", BrokerNotSent),
        ("after_first_byte", BrokerOutcomeUnknown),
        ("after_full_write", BrokerOutcomeUnknown),
        ("after_response_headers", BrokerOutcomeUnknown),
        ("after_body_before_parse", BrokerOutcomeUnknown),
    ],
)
async def test_bc_25_a_crash_inside_the_send_is_not_sent_only_before_the_first_byte(
    venue: VenueUnderTest, point: str, error: type[BrokerError]
) -> None:
    before = await _orders_in_truth(venue)
    failpoints.arm(f"{point}=raise:once")
    try:
        with pytest.raises(error):
            await venue.broker.submit(venue.resting(), yes)
    finally:
        failpoints.arm("")
    if error is BrokerNotSent:
        assert await _orders_in_truth(venue) == before
    await venue.broker.cancel_all(venue.account, yes)


async def test_bc_26_a_failed_read_says_nothing_about_what_was_read(venue: VenueUnderTest) -> None:
    await venue.broker.submit(venue.request(quantity="0.01"), yes)
    for knob, args in [*BROKEN_ANSWERS, ("error_before_accept", {"status": 503}), ("drop_request", {})]:
        await venue.control.fault(knob, endpoint="positions", **args)
        with pytest.raises(BrokerReadFailed):
            await venue.broker.list_positions(venue.account)
        await venue.control.heal()
    assert (await venue.broker.list_positions(venue.account)).items


@pytest.mark.parametrize(("headers", "seconds"), [(True, 7), (False, 1)])
async def test_bc_27_a_limited_read_says_when_to_come_back(venue: VenueUnderTest, headers: bool, seconds: int) -> None:
    await venue.control.fault("rate_limit", endpoint="positions", count=1, headers=headers, seconds=7)
    with pytest.raises(RateLimited) as limited:
        await venue.broker.list_positions(venue.account)
    assert limited.value.retry_after == seconds


async def test_bc_28_a_look_up_is_stamped_with_the_venues_clock(venue: VenueUnderTest) -> None:
    if venue.broker.capabilities.idempotency is IdempotencyClass.NONE:
        pytest.skip("no look-up")
    honest = (await venue.broker.find_order(venue.account, new_id())).venue_time
    await venue.control.post("/clock", skew_s=300)
    skewed = (await venue.broker.find_order(venue.account, new_id())).venue_time
    assert 299 < (skewed - honest).total_seconds() < 310


# BC-29: each row of the error table ------------------------------------------------------------------------------


async def _provoke(venue: VenueUnderTest, code: str) -> None:
    """Make the venue refuse with `code`."""
    submit = venue.broker.submit
    if code in {"duplicate_open", "duplicate_closed"}:
        request = venue.resting()
        ack = await submit(request, yes)
        if code == "duplicate_closed":
            await venue.broker.cancel(venue.account, ack.venue_order_id, yes)
        await submit(request, yes)
    elif code in {"auth_invalid", "auth_expired"}:
        await _refused_login(venue, code)
    elif code in {"order_not_found", "order_not_open"}:
        ack = await submit(venue.resting(), yes)
        await venue.broker.cancel(venue.account, ack.venue_order_id, yes)
        known = code == "order_not_open"
        await venue.broker.cancel(venue.account, ack.venue_order_id if known else VenueOrderId("SO9999999999"), yes)
    elif code in {"account_blocked", "symbol_halted", "market_closed"}:
        await _closed_door(venue, code)
    elif code == "rate_limited":
        await venue.control.fault("rate_limit", endpoint="orders.submit", count=1)
        await submit(venue.resting(), yes)
    elif code == "account_not_found":
        await submit(replace(venue.resting(), venue_account_id=VenueAccountId("SA999999")), yes)
    else:
        await submit(venue.request(**_WRONG[code]), yes)


_WRONG: dict[str, dict[str, Any]] = {
    "bad_request": {"oco_group": "g" * 65},
    "insufficient_funds": {"quantity": "1000000"},
    "shorting_not_allowed": {"side": "sell", "symbol": "ADA/USD"},
    "unknown_symbol": {"symbol": "ZZZZZ", "quantity": "1"},
    "invalid_quantity": {"quantity": "0.000000001"},
    "invalid_price": {"kind": "limit", "limit_price": "1000.001"},
    "invalid_order": {"kind": "limit"},
    "reduce_only": {"side": "sell", "symbol": "INTC", "quantity": "1", "reduce_only": True},
}


async def _refused_login(venue: VenueUnderTest, code: str) -> None:
    if code == "auth_invalid":
        await venue.open_broker({"api_secret": "wrong"}).submit(venue.resting(), yes)
    await venue.control.fault("auth_expired", endpoint="orders.submit", count=1)
    await venue.broker.submit(venue.resting(), yes)


async def _closed_door(venue: VenueUnderTest, code: str) -> None:
    if code == "symbol_halted":
        await venue.control.conditions(symbol=SYMBOL, halt=True)
        await venue.broker.submit(venue.request(), yes)
    elif code == "market_closed":
        # On an always-open venue the opening auction is always over.
        await venue.broker.submit(venue.request(tif="opg"), yes)
    else:
        await venue.control.post("/accounts/state", account=venue.account, blocked=True)
        try:
            await venue.broker.submit(venue.resting(), yes)
        finally:
            await venue.control.post("/accounts/state", account=venue.account, blocked=False)


@pytest.mark.parametrize(("status", "code"), [row for row in REFUSALS if row[1] != "not_tradable"])
async def test_bc_29_each_refusal_is_the_error_that_the_table_names(
    venue: VenueUnderTest, status: int, code: str
) -> None:
    kind = venue.broker.capabilities.idempotency
    unique = {"duplicate_open": {"A", "B"}, "duplicate_closed": {"A"}}
    if kind.value not in unique.get(code, "ABCD"):
        pytest.skip("not in this class")
    with pytest.raises(REFUSALS[status, code]) as refused:
        await _provoke(venue, code)
    assert refused.value.venue_code == code
    await venue.control.heal()
    await venue.broker.cancel_all(venue.account, yes)


def test_bc_29_the_table_has_every_code_that_the_venue_documents() -> None:
    internal = {"route_not_found", "internal", "unavailable"}
    assert {(status, code) for code, status in STATUS.items() if code not in internal} == set(REFUSALS)


async def test_bc_29_a_code_with_another_status_proves_nothing(venue: VenueUnderTest) -> None:
    # An account of its own: an earlier case's request that is still on its way cannot draw the fault.
    other = (await venue.control.post("/accounts", count=1))["credentials"][0]
    broker, account = venue.open_broker(other["fields"]), VenueAccountId(other["account"])
    await broker.connect()
    await venue.control.fault("error_after_accept", endpoint="orders.submit", account=account, count=1, status=422)
    with pytest.raises(BrokerOutcomeUnknown):
        await broker.submit(replace(venue.resting(), venue_account_id=account), yes)
    await broker.close()


async def test_bc_29_an_expired_login_stops_reads_and_streams(venue: VenueUnderTest) -> None:
    other = (await venue.control.post("/accounts", count=1))["credentials"][0]
    broker = venue.open_broker(other["fields"])
    reports = broker.stream_reports()
    await anext(reports)
    await venue.control.post("/logins/state", api_key=other["fields"]["api_key"], expired=True)
    with pytest.raises(BrokerAuthExpired):
        async with asyncio.timeout(5):
            await anext(reports)
    with pytest.raises(BrokerAuthExpired):
        await broker.list_accounts()
