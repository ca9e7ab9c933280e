"""What the contract suite needs of a venue under test, and the venue `sim` in its four classes.

A new broker adds one `VenueUnderTest` here; the cases themselves know no venue.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import aiohttp
from pydantic import SecretStr

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.brokers.port import Broker, OrderReport, OrderRequest
from tradsy.brokers.registry import BrokerRegistry
from tradsy.domain.ids import ClientOrderId, VenueAccountId, format_client_order_id
from tradsy.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from tradsy.platform.clock import SystemClock
from tradsy.sandbox.sim.server import SimOptions, SimServer
from tradsy.sandbox.sim.venue import Idempotency
from tradsy.sandbox.truth import Truth, read_truth

T = TypeVar("T")
SYMBOL = "BTC/USD"
"""Traded at any hour, in fractions."""
STOCK = "AAPL"


def yes() -> bool:
    """A permit to send."""
    return True


def no() -> bool:
    """No permit to send."""
    return False


def new_id() -> ClientOrderId:
    """Return a fresh client order id."""
    return format_client_order_id(uuid4())


async def until(condition: Callable[[], T | None], seconds: float = 5.0) -> T:
    """Return what `condition` returns once it is true; the loop turns in between."""
    async with asyncio.timeout(seconds):
        while not (value := condition()):
            await asyncio.sleep(0.005)
        return value


@dataclass(slots=True)
class VenueUnderTest:
    """A venue, a broker connected to it, and a hand on its controls."""

    broker: Broker
    account: VenueAccountId
    control: SimControl
    open_broker: Callable[[dict[str, SecretStr | str]], Broker]
    """Open another connection, with some of the fields changed."""
    reports: list[OrderReport]

    def request(self, side: str = "buy", quantity: str = "0.01", kind: str = "market", **more: Any) -> OrderRequest:
        """Return an order for the account."""
        group = more.pop("oco_group", None)
        client_order_id = more.pop("client_order_id", None) or new_id()
        tif = TimeInForce(more.pop("tif", "gtc"))
        symbol = more.pop("symbol", SYMBOL)
        for name in ("limit_price", "stop_price", "trail_amount", "trail_percent"):
            if name in more:
                more[name] = Decimal(more[name])
        terms = OrderTerms(symbol, Side(side), OrderType(kind), Decimal(quantity), tif, **more)
        return OrderRequest(client_order_id, self.account, terms, group)

    def resting(self, **more: Any) -> OrderRequest:
        """Return a buy order far below the market."""
        return self.request(kind="limit", limit_price="1000", **more)

    async def reported(self, kind: str, venue_order_id: str) -> OrderReport:
        """Return the stream's first report of that kind for the order."""
        return await until(
            lambda: next((r for r in self.reports if r.kind == kind and r.venue_order_id == venue_order_id), None)
        )

    def accepted(self, client_order_id: str) -> int:
        """Return how many orders the venue really took under an id."""
        return len(self.control.truth().orders_by_client_id().get((self.account, client_order_id), []))

    def requests_to(self, endpoint: str) -> int:
        """Return how many writes really reached an endpoint."""
        return sum(r["endpoint"] == endpoint for r in self.control.truth().requests)


class SimControl:
    """The control API of `sim`."""

    def __init__(self, server: SimServer, http: aiohttp.ClientSession) -> None:
        self.server = server
        self._http = http
        self._url = server.ready["control_url"]

    async def post(self, path: str, method: str = "POST", **body: Any) -> dict[str, Any]:
        """Call the control API."""
        async with self._http.request(method, self._url + path, json=body) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == 200, answer
            return answer

    async def price(self, symbol: str, bid: str, ask: str, last: str | None = None) -> None:
        """Pin a quote and let orders match."""
        await self.post("/price", symbol=symbol, bid=bid, ask=ask, last=last)

    async def fault(self, knob: str, **args: Any) -> None:
        """Switch a fault on."""
        await self.post("/fault", knob=knob, **args)

    async def conditions(self, **args: Any) -> None:
        """Switch market conditions."""
        await self.post("/conditions", **args)

    async def heal(self) -> None:
        """Switch all faults, pins and conditions off."""
        await self.post("/fault", method="DELETE")
        await self.post("/price", method="DELETE")
        await self.post("/clock", skew_s=0)
        await self.conditions(halt=False, wide_spread="1", stale_quotes=False, liquidity=None)

    def truth(self) -> Truth:
        """Return what really happened."""
        return read_truth(self.server.venue.path)


@asynccontextmanager
async def sim_under_test(idempotency: str) -> AsyncGenerator[VenueUnderTest]:
    """Start `sim` in one class, with one account of a million and a connection to it."""
    with tempfile.TemporaryDirectory(prefix="tradsy-contract-") as folder:
        options = SimOptions(
            Path(folder), idempotency=Idempotency(idempotency), always_open=True, cash=Decimal(1_000_000)
        )
        async with SimServer(options) as server, aiohttp.ClientSession() as http:
            ready = server.ready
            account = ready["credentials"][0]
            config: dict[str, SecretStr | str] = {
                "url": ready["url"],
                "ws_url": ready["ws_url"],
                "idempotency": idempotency,
            } | account["fields"]

            def open_broker(changed: dict[str, SecretStr | str]) -> Broker:
                return BrokerRegistry().open("sim", config | changed, http, SystemClock())

            venue = VenueUnderTest(
                open_broker({}), VenueAccountId(account["account"]), SimControl(server, http), open_broker, []
            )
            async with streaming(venue):
                yield venue


@asynccontextmanager
async def streaming(venue: VenueUnderTest) -> AsyncGenerator[None]:
    """Collect the stream's reports; returns once it is connected."""

    async def pump() -> None:
        async for report in venue.broker.stream_reports():
            venue.reports.append(report)

    await venue.broker.connect()
    task = asyncio.create_task(pump())
    await until(lambda: venue.reports or task.done())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await venue.broker.close()


VENUES: dict[str, Callable[[], Any]] = {
    f"sim-{c.value}": (lambda c=c: sim_under_test(c.value)) for c in IdempotencyClass
}
"""Every venue that the suite runs against."""
