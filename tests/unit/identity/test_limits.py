"""Token buckets, and whose address a request came from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from tradsy.domain.errors import Limited
from tradsy.identity.limits import ClientAddress, Rate, RateLimiter, network_of
from tradsy.platform.clock import FrozenClock


def make(per_second: float = 1, burst: int = 3) -> tuple[FrozenClock, RateLimiter]:
    clock = FrozenClock(datetime(2026, 3, 2, tzinfo=UTC))
    return clock, RateLimiter(clock, {"a": Rate(per_second, burst), "b": Rate(per_second, burst)})


def test_burst_passes_then_the_next_waits():
    clock, limiter = make()
    refused: list[str] = []
    limiter.on_refusal(refused.append)
    for _ in range(3):
        limiter.check("a", "mia")
    with pytest.raises(Limited) as caught:
        limiter.check("a", "mia")
    assert caught.value.context["retry_after"] == 1
    assert refused == ["a"]
    clock.advance(timedelta(seconds=1))
    limiter.check("a", "mia")
    with pytest.raises(Limited):
        limiter.check("a", "mia")


def test_keys_and_classes_do_not_share():
    _, limiter = make(burst=1)
    limiter.check("a", "mia")
    limiter.check("a", "tom")
    limiter.check("b", "mia")
    with pytest.raises(Limited):
        limiter.check("b", "mia")


def test_refund_gives_the_token_back_but_never_more_than_the_burst():
    _, limiter = make(burst=1)
    limiter.check("a", "mia")
    limiter.refund("a", "mia")
    limiter.refund("a", "mia")
    limiter.refund("a", "nobody")
    limiter.check("a", "mia")
    with pytest.raises(Limited):
        limiter.check("a", "mia")


def test_old_buckets_are_dropped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tradsy.identity.limits._MAX_BUCKETS", 2)
    _, limiter = make(burst=1)
    for key in ("one", "two", "three"):
        limiter.check("a", key)
    limiter.check("a", "one")
    with pytest.raises(Limited):
        limiter.check("a", "three")


@given(st.lists(st.floats(0, 5), max_size=60))
def test_never_more_than_burst_plus_refill(pauses: list[float]):
    clock, limiter = make(per_second=2, burst=5)
    passed = 0
    for pause in pauses:
        clock.advance(timedelta(seconds=pause))
        try:
            limiter.check("a", "mia")
        except Limited:
            continue
        passed += 1
    assert passed <= 5 + 2 * sum(pauses) + 1e-6


def connection(peer: str | None, forwarded: str | None = None) -> HTTPConnection:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded is not None else []
    scope: dict[str, Any] = {"type": "http", "headers": headers, "client": (peer, 1) if peer else None}
    return HTTPConnection(scope)


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        ("", "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.0/8", "10.1.1.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.0/8", "10.1.1.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.0/8", "10.1.1.1", "198.51.100.1, 10.2.2.2", "198.51.100.1"),
        ("10.0.0.0/8", "203.0.113.9", "10.0.0.1", "203.0.113.9"),
        ("10.0.0.0/8, ::1", "::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.0/8", "::ffff:10.1.1.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.0/8", "10.1.1.1", None, "10.1.1.1"),
        ("10.0.0.0/8", "10.1.1.1", "rubbish", ""),
        ("10.0.0.0/8", None, "198.51.100.1", ""),
    ],
)
def test_forwarded_address_counts_only_from_a_trusted_proxy(
    trusted: str, peer: str | None, forwarded: str | None, address: str
):
    assert ClientAddress(trusted).read(connection(peer, forwarded)) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("203.0.113.200", "203.0.113.0/24"),
        ("2001:db8:1:2ff::9", "2001:db8:1:200::/56"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("", "unknown"),
    ],
)
def test_network_shares_a_limit(address: str, network: str):
    assert network_of(address) == network
