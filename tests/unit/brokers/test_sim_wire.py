"""The sim adapter's pure parts: orders written and read back, tables complete, secrets kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tradsy.brokers.adapters.sim import parse
from tradsy.brokers.adapters.sim.auth import SimConfig
from tradsy.brokers.adapters.sim.capabilities import sim_capabilities
from tradsy.brokers.adapters.sim.errors import REFUSALS, command_error, read_error
from tradsy.brokers.adapters.sim.format import format_order
from tradsy.brokers.adapters.sim.wire import WireKind, WireStatus
from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.brokers.errors import (
    BrokerAuthExpired,
    BrokerOutcomeUnknown,
    BrokerReadFailed,
    BrokerRefused,
    RateLimited,
    UnsupportedByBroker,
)
from tradsy.brokers.port import OrderRequest, ReportKind
from tradsy.domain.ids import ClientOrderId, VenueAccountId
from tradsy.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from tradsy.sandbox.sim import wire as venue_wire
from tradsy.simulation.model import EventKind, SimOrder, Status

AT = datetime(2026, 3, 2, 15, 0, 0, 123456, tzinfo=UTC)
STRONG = sim_capabilities(IdempotencyClass.STRONG)
PRICES = st.none() | st.decimals("0.01", "100000", places=8)
TERMS = st.builds(
    OrderTerms,
    st.sampled_from(["BTC/USD", "ETH/USD"]),
    st.sampled_from(Side),
    st.sampled_from(OrderType),
    st.decimals("0.00000001", "1000", places=8),
    st.sampled_from(TimeInForce),
    PRICES,
    PRICES,
    PRICES,
    PRICES,
    st.booleans(),
    st.booleans(),
)


def _request(terms: OrderTerms, **more: Any) -> OrderRequest:
    return OrderRequest(ClientOrderId("c" * 32), VenueAccountId("SA000001"), terms, **more)


@given(TERMS, st.none() | st.just("group"))
def test_an_order_reaches_the_venue_as_it_was_meant(terms: OrderTerms, group: str | None) -> None:
    body = format_order(_request(terms, oco_group=group), STRONG)
    read = venue_wire.read_order(body, "SA000001")
    assert (read.terms, read.client_order_id, read.oco_group) == (terms, "c" * 32, group)


@given(TERMS, st.sampled_from(Status), st.decimals("0", "1000", places=8))
def test_an_order_comes_back_as_the_venue_holds_it(terms: OrderTerms, status: Status, cumulative: Decimal) -> None:
    held = SimOrder("SO1", "SA1", terms, "cid", AT, AT + timedelta(seconds=1), status, cumulative, cumulative * 3)
    seen = parse.parse_order(venue_wire.write_order(held))  # pyright: ignore[reportArgumentType] - as it comes over the wire
    assert seen.terms == terms
    assert (seen.cumulative_quantity, seen.entered_at, seen.updated_at) == (cumulative, AT, AT + timedelta(seconds=1))
    assert seen.average_price == (Decimal(3) if cumulative else None)


def test_an_account_of_class_d_is_sent_no_id() -> None:
    terms = OrderTerms("BTC/USD", Side.BUY, OrderType.MARKET, Decimal(1))
    body = format_order(_request(terms), sim_capabilities(IdempotencyClass.NONE))
    assert "client_order_id" not in body


@pytest.mark.parametrize(
    "request_",
    [
        _request(OrderTerms("not a symbol", Side.BUY, OrderType.MARKET, Decimal(1))),
        _request(OrderTerms("AAPL", Side.BUY, OrderType.MARKET, Decimal("0.5"))),
        replace(
            _request(OrderTerms("AAPL", Side.BUY, OrderType.MARKET, Decimal(1))),
            client_order_id=ClientOrderId("c" * 65),
        ),
    ],
)
def test_what_is_not_declared_is_unsupported(request_: OrderRequest) -> None:
    with pytest.raises(UnsupportedByBroker):
        format_order(request_, STRONG)


def test_every_status_of_the_wire_is_modelled_and_no_other() -> None:
    assert {s.value for s in WireStatus} == {s.value for s in Status}
    assert {k.value for k in WireKind} == {k.value for k in EventKind}
    for status in WireStatus:
        assert parse.parse_status(status.value)
    with pytest.raises(ValueError, match="surprise"):
        parse.parse_status("surprise")


def test_an_event_that_nobody_modelled_is_an_error_and_a_detail_is_silent() -> None:
    terms = OrderTerms("BTC/USD", Side.BUY, OrderType.MARKET, Decimal(1))
    order = venue_wire.write_order(SimOrder("SO1", "SA1", terms, "cid", AT, AT))
    message: Any = {
        "seq": 1,
        "kind": "new",
        "at": order["entered_at"],
        "order": order,
        "execution": None,
        "corrects": None,
    }
    report = parse.parse_event(message)
    assert report is not None
    assert (report.kind, report.client_order_id) == (ReportKind.NEW, "cid")
    assert parse.parse_event(message | {"kind": "changed"}) is None
    with pytest.raises(ValueError, match="surprise"):
        parse.parse_event(message | {"kind": "surprise"})


@given(st.integers(100, 599), st.text(max_size=20))
def test_only_listed_answers_prove_a_refusal(status: int, code: str) -> None:
    error = command_error(status, code, "text")
    if (status, code) in REFUSALS:
        assert isinstance(error, BrokerRefused | BrokerAuthExpired)
    else:
        assert isinstance(error, BrokerOutcomeUnknown)


@pytest.mark.parametrize("row", REFUSALS)
def test_each_row_needs_its_own_status(row: tuple[int, str]) -> None:
    status, code = row
    assert not isinstance(command_error(status, code, ""), BrokerOutcomeUnknown)
    assert isinstance(command_error(500, code, ""), BrokerOutcomeUnknown)
    assert isinstance(command_error(status, "", ""), BrokerOutcomeUnknown)


def test_reads_fail_softly_but_for_what_the_venue_says() -> None:
    assert isinstance(read_error(503, "", "", None), BrokerReadFailed)
    limited = read_error(429, "", "", "30")
    assert isinstance(limited, RateLimited)
    assert limited.retry_after == 30
    assert isinstance(read_error(401, "auth_expired", "", None), BrokerAuthExpired)


def test_a_connections_secrets_are_not_shown() -> None:
    config = SimConfig.from_mapping(
        {"url": "http://x/", "ws_url": "ws://x", "api_key": "KEY-canary", "api_secret": SecretStr("SECRET-canary")}
    )
    assert "canary" not in repr(config)
    assert config.headers == {"X-Sim-Key": "KEY-canary", "X-Sim-Secret": "SECRET-canary"}
    assert config.url == "http://x"


def test_a_settle_time_can_be_given() -> None:
    fields: dict[str, SecretStr | str] = {"url": "u", "ws_url": "w", "api_key": "k", "api_secret": "s"}
    config = SimConfig.from_mapping(fields | {"settle_seconds": "5", "idempotency": "B"})
    assert sim_capabilities(config.idempotency, config.settle_time).settles_after == timedelta(seconds=5)
    plain = SimConfig.from_mapping(fields)
    assert sim_capabilities(plain.idempotency, plain.settle_time).settles_after == timedelta(seconds=30)
