"""Rate limits by class of route: token buckets of this process, 429 with the seconds to wait."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from tradsy.domain.errors import Limited
from tradsy.platform.clock import Clock

_MAX_BUCKETS = 50_000


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket that holds `burst` tokens and refills by `per_second`."""

    per_second: float
    burst: int


DEFAULT_RATES: Mapping[str, Rate] = {
    "login": Rate(per_second=100 / 3600, burst=100),  # by network: 100 an hour
    "mails": Rate(per_second=5 / 3600, burst=5),  # by address: 5 an hour
    "api": Rate(per_second=50, burst=200),  # by user
    "websocket": Rate(per_second=100 / 60, burst=100),  # by user: messages in
    "tickets": Rate(per_second=1, burst=20),  # by user
    "hooks": Rate(per_second=20, burst=40),  # by source
    "hook_misses": Rate(per_second=1, burst=30),  # by network: unknown hook tokens
    "orders": Rate(per_second=20, burst=100),  # by user: acts that place or cancel
}


class RateLimiter:
    """Buckets by (class, key); the least recently used go first when there are too many."""

    def __init__(self, clock: Clock, rates: Mapping[str, Rate] = DEFAULT_RATES) -> None:
        self._clock = clock
        self._rates = rates
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._refused: Callable[[str], None] | None = None

    def on_refusal(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the class of each refused request (a metric)."""
        self._refused = listener

    def check(self, kind: str, key: str, *, cost: float = 1) -> None:
        """Take `cost` tokens.

        Raises:
            Limited: too few are left; `retry_after` is in whole seconds.
        """
        rate, now, place = self._rates[kind], self._clock.monotonic(), (kind, key)
        tokens, at = self._buckets.get(place, (float(rate.burst), now))
        tokens = min(float(rate.burst), tokens + (now - at) * rate.per_second)
        if tokens < cost:
            self._buckets[place] = (tokens, now)
            if self._refused is not None:
                self._refused(kind)
            raise Limited(retry_after=max(1, math.ceil((cost - tokens) / rate.per_second)))
        self._buckets[place] = (tokens - cost, now)
        self._buckets.move_to_end(place)
        while len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)

    def refund(self, kind: str, key: str, *, cost: float = 1) -> None:
        """Give back what an act took that turned out not to count."""
        found = self._buckets.get((kind, key))
        if found is not None:
            self._buckets[kind, key] = (min(float(self._rates[kind].burst), found[0] + cost), found[1])


class ClientAddress:
    """Reads where a request came from; X-Forwarded-For counts only when a trusted proxy sent it."""

    def __init__(self, trusted_proxies: str) -> None:
        self._trusted = [ipaddress.ip_network(part.strip()) for part in trusted_proxies.split(",") if part.strip()]

    def read(self, connection: HTTPConnection) -> str:
        """Return the client's address, or an empty text when it has none (a unix socket)."""
        peer = connection.client.host if connection.client else ""
        forwarded = connection.headers.get("x-forwarded-for", "")
        hops = [part.strip() for part in forwarded.split(",") if part.strip()]
        # Each proxy appends whom it heard; walk back while the one that speaks is trusted.
        while hops and self._is_trusted(peer):
            peer = hops.pop()
        return peer if _parse(peer) is not None else ""

    def _is_trusted(self, address: str) -> bool:
        parsed = _parse(address)
        return parsed is not None and any(parsed in network for network in self._trusted)


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed


def network_of(address: str) -> str:
    """Return the network that shares a limit: the /24 of an IPv4 address, the /56 of an IPv6 one."""
    parsed = _parse(address)
    if parsed is None:
        return "unknown"
    prefix = 24 if parsed.version == 4 else 56
    return str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))
