"""BC-30 to BC-39: the order stream reconnects, tells of gaps, and reports what happened in whatever order it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from tests.contract.harness import SYMBOL, VenueUnderTest, until, yes
from tradsy.brokers.adapters.sim import stream as sim_stream
from tradsy.brokers.port import OrderReport, ReportKind, VenueOrderStatus


def _gaps(venue: VenueUnderTest) -> list[OrderReport]:
    return [r for r in venue.reports if r.kind is ReportKind.GAP]


def _of(venue: VenueUnderTest, venue_order_id: str) -> list[str]:
    return [r.kind.value for r in venue.reports if r.venue_order_id == venue_order_id]


async def test_bc_30_a_reconnect_is_told_as_a_gap_and_loses_nothing_kept(venue: VenueUnderTest) -> None:
    before = len(_gaps(venue))
    await venue.control.fault("stream_disconnect", count=1)
    lost = await venue.broker.submit(venue.resting(), yes)
    await until(lambda: len(_gaps(venue)) > before)
    gap = _gaps(venue)[-1]
    assert (gap.venue_account_id, gap.reason) == (venue.account, "reconnected")
    await venue.broker.cancel(venue.account, lost.venue_order_id, yes)
    await venue.reported("canceled", lost.venue_order_id)


async def test_bc_30_closing_the_connection_ends_its_streams(venue: VenueUnderTest) -> None:
    other = venue.open_broker({})
    seen = {"reports": 0, "quotes": 0}

    async def drain(name: str, stream: AsyncIterator[object]) -> None:
        async for _ in stream:
            seen[name] += 1

    reports = asyncio.create_task(drain("reports", other.stream_reports()))
    quotes = asyncio.create_task(drain("quotes", other.stream_quotes()))
    await until(lambda: all(seen.values()))
    assert not reports.done()
    assert not quotes.done()
    await other.close()
    async with asyncio.timeout(2):
        await asyncio.gather(reports, quotes)


async def test_bc_31_a_gap_in_the_sequence_is_told(venue: VenueUnderTest) -> None:
    before = len(_gaps(venue))
    await venue.control.fault("sequence_gap", count=1)
    ack = await venue.broker.submit(venue.resting(), yes)
    await venue.broker.cancel(venue.account, ack.venue_order_id, yes)
    await venue.reported("canceled", ack.venue_order_id)
    assert [g.reason for g in _gaps(venue)[before:]] == ["sequence"]
    assert _of(venue, ack.venue_order_id) == ["canceled"]


async def test_bc_32_a_silent_socket_is_given_up(venue: VenueUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim_stream, "STREAM_SILENCE_S", 0.2)
    before = len(_gaps(venue))
    # A new socket waits only this long; the old one, opened under the old patience, is ended first.
    await venue.control.fault("stream_disconnect", count=1)
    await venue.broker.submit(venue.resting(), yes)
    await until(lambda: len(_gaps(venue)) > before)
    now = len(_gaps(venue))
    await venue.control.fault("stream_stall", count=1, seconds=30)
    ack = await venue.broker.submit(venue.resting(), yes)
    await until(lambda: len(_gaps(venue)) > now)
    await venue.reported("new", ack.venue_order_id)
    await venue.broker.cancel_all(venue.account, yes)


async def test_bc_33_replayed_events_are_not_reported_again(venue: VenueUnderTest) -> None:
    first = await venue.broker.submit(venue.resting(), yes)
    await venue.reported("new", first.venue_order_id)
    await venue.control.fault("stream_replay", count=1, n=10)
    second = await venue.broker.submit(venue.resting(), yes)
    await venue.reported("new", second.venue_order_id)
    assert _of(venue, first.venue_order_id) == ["new"]
    await venue.broker.cancel_all(venue.account, yes)


async def test_bc_34_a_repeated_fill_has_one_execution_id(venue: VenueUnderTest) -> None:
    await venue.control.fault("duplicate_fill", count=1)
    ack = await venue.broker.submit(venue.request(), yes)
    await until(lambda: _of(venue, ack.venue_order_id).count("fill") == 2)
    fills = [r.fill for r in venue.reports if r.venue_order_id == ack.venue_order_id and r.fill]
    assert fills[0] == fills[1]
    assert len(venue.control.truth().executions) == len(
        {e.execution_id for e in venue.control.truth().executions.values()}
    )


async def test_bc_35_a_fill_marked_as_repetition_is_not_reported(venue: VenueUnderTest) -> None:
    await venue.control.fault("duplicate_fill_new_id", count=1)
    ack = await venue.broker.submit(venue.request(), yes)
    after = await venue.broker.submit(venue.resting(), yes)
    await venue.reported("new", after.venue_order_id)
    assert _of(venue, ack.venue_order_id) == ["new", "fill"]
    await venue.broker.cancel_all(venue.account, yes)


async def test_bc_36_events_out_of_order_are_reported_as_they_come(venue: VenueUnderTest) -> None:
    await venue.control.fault("fill_before_ack", count=1)
    ack = await venue.broker.submit(venue.request(), yes)
    await venue.reported("new", ack.venue_order_id)
    assert _of(venue, ack.venue_order_id) == ["fill", "new"]
    await venue.control.conditions(symbol=SYMBOL, liquidity="0.01")
    await venue.control.fault("cancel_before_fill", count=1)
    ioc = await venue.broker.submit(venue.request(quantity="0.02", tif="ioc"), yes)
    await venue.reported("fill", ioc.venue_order_id)
    assert _of(venue, ioc.venue_order_id) == ["new", "canceled", "fill"]


async def test_bc_37_a_fill_after_the_cancel_is_reported_and_real(venue: VenueUnderTest) -> None:
    await venue.control.fault("fill_after_cancel", count=1, seconds=0.05, quantity="0.004")
    ack = await venue.broker.submit(venue.resting(quantity="0.01"), yes)
    assert (await venue.broker.cancel(venue.account, ack.venue_order_id, yes)).final
    fill = await venue.reported("fill", ack.venue_order_id)
    assert _of(venue, ack.venue_order_id) == ["new", "canceled", "fill"]
    assert fill.cumulative_quantity == Decimal("0.004")
    order = await venue.broker.get_order(venue.account, ack.venue_order_id)
    assert (order.status, order.cumulative_quantity) == (VenueOrderStatus.CANCELED, Decimal("0.004"))
    assert venue.control.truth().orders[ack.venue_order_id].filled_quantity == Decimal("0.004")


async def test_bc_38_partial_fills_add_up(venue: VenueUnderTest) -> None:
    await venue.control.fault("partial_fills", count=1, n=3)
    ack = await venue.broker.submit(venue.request(quantity="0.03"), yes)
    assert ack.status is VenueOrderStatus.PARTIALLY_FILLED
    await until(lambda: _of(venue, ack.venue_order_id).count("fill") == 3)
    reports = [r for r in venue.reports if r.venue_order_id == ack.venue_order_id and r.fill]
    assert [r.cumulative_quantity for r in reports] == [Decimal("0.01"), Decimal("0.02"), Decimal("0.03")]
    assert sum(r.fill.quantity for r in reports if r.fill) == Decimal("0.03")


@pytest.mark.parametrize("knob", ["bust", "correction"])
async def test_bc_39_a_bust_or_correction_names_what_it_supersedes(venue: VenueUnderTest, knob: str) -> None:
    await venue.control.fault(knob, count=1, seconds=0.05, ticks=100)
    ack = await venue.broker.submit(venue.request(quantity="0.01"), yes)
    fill = await venue.reported("fill", ack.venue_order_id)
    report = await venue.reported(knob, ack.venue_order_id)
    assert fill.fill is not None
    assert report.corrects == fill.fill.venue_execution_id
    made = {
        e.fill.venue_execution_id: e.fill for e in (await venue.broker.list_executions(venue.account, ack.at)).items
    }
    assert fill.fill.venue_execution_id not in made
    if knob == "correction":
        assert report.fill is not None
        assert report.fill.price == fill.fill.price + 1
        assert made[report.fill.venue_execution_id] == report.fill
    else:
        assert report.fill is None
        assert report.cumulative_quantity == 0
