"""Prometheus metrics, named `tradsy_<module>_<noun>_<unit>`, and the guarded `/metrics` route.

A label's value comes from a fixed set (a route template, a reason code), never from input, an id or a secret.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.gc_collector import GCCollector

from tradsy.domain.errors import NotFound, Unauthenticated
from tradsy.platform.deps import SettingsDep

REGISTRY = CollectorRegistry()
"""All metrics of this process."""
ProcessCollector(registry=REGISTRY, namespace="tradsy")
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_NAME = re.compile(r"tradsy_[a-z0-9]+(_[a-z0-9]+)+")
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds."""


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name} is not named tradsy_<module>_<noun>_<unit>")
    return name


def counter(name: str, description: str, labels: Sequence[str] = ()) -> Counter:
    """Return a new counter; `name` ends in `_total`. Make it once, at module level.

    Raises:
        ValueError: the name breaks the rule above, or is taken.
    """
    if not name.endswith("_total"):
        raise ValueError(f"{name} does not end in _total")
    return Counter(_checked(name), description, labels, registry=REGISTRY)


def gauge(name: str, description: str, labels: Sequence[str] = ()) -> Gauge:
    """Return a new gauge; make it once, at module level.

    Raises:
        ValueError: the name breaks the rule above, or is taken.
    """
    return Gauge(_checked(name), description, labels, registry=REGISTRY)


def histogram(
    name: str, description: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = LATENCY_BUCKETS
) -> Histogram:
    """Return a new histogram of seconds unless its name ends in another unit; make it once, at module level.

    Raises:
        ValueError: the name breaks the rule above, or is taken.
    """
    return Histogram(_checked(name), description, labels, registry=REGISTRY, buckets=buckets)


HTTP_SECONDS = histogram("tradsy_http_request_seconds", "Time to answer a request.", ("method", "route", "status"))
HTTP_IN_FLIGHT = gauge("tradsy_http_requests_in_flight", "Requests being answered.")
HTTP_FAULTS = counter("tradsy_http_faults_total", "Requests that ended in an unexpected error.", ("route",))

router = APIRouter(include_in_schema=False)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@router.get("/metrics")
async def read_metrics(request: Request, settings: SettingsDep) -> Response:
    """Return the metrics of this process to who holds the token, or without one to callers on this machine.

    Raises:
        Unauthenticated: the token is missing or wrong.
        NotFound: no token is set and the caller is elsewhere, also behind a proxy on this machine.
    """
    if settings.metrics_token is not None:
        given = request.headers.get("authorization", "").encode()
        wanted = f"Bearer {settings.metrics_token.get_secret_value()}".encode()
        if not hmac.compare_digest(given, wanted):
            raise Unauthenticated
    elif request.client is None or not _is_loopback(request.client.host) or _is_forwarded(request):
        raise NotFound
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _is_forwarded(request: Request) -> bool:
    return any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip"))
