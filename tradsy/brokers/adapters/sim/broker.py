"""The venue `sim` behind the port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import TypeVar

import aiohttp

from tradsy.brokers.adapters.sim import parse
from tradsy.brokers.adapters.sim.auth import SimConfig
from tradsy.brokers.adapters.sim.capabilities import sim_capabilities
from tradsy.brokers.adapters.sim.client import Body, SimClient, venue_time
from tradsy.brokers.adapters.sim.constants import MAX_PAGES, PAGE_LIMIT, VENUE
from tradsy.brokers.adapters.sim.format import format_order
from tradsy.brokers.adapters.sim.stream import SimStream
from tradsy.brokers.capabilities import Capabilities, IdempotencyClass
from tradsy.brokers.errors import (
    BrokerError,
    BrokerOutcomeUnknown,
    BrokerProtocolChanged,
    BrokerReadFailed,
    UnsupportedByBroker,
)
from tradsy.brokers.port import (
    AccountSnapshot,
    CancelAck,
    OrderReport,
    OrderRequest,
    Page,
    SendPermit,
    SubmitAck,
    Ticket,
    VenueExecution,
    VenueOrder,
    VenueOrderStatus,
    VenuePosition,
)
from tradsy.domain.errors import InvalidNumber
from tradsy.domain.ids import ClientOrderId, VenueAccountId, VenueOrderId
from tradsy.domain.market import Bar, Quote

T = TypeVar("T")
_MALFORMED = (LookupError, ValueError, TypeError, ArithmeticError, InvalidNumber)


class SimBroker:
    """One login at the paper venue."""

    def __init__(self, config: SimConfig, http: aiohttp.ClientSession) -> None:
        self._capabilities = sim_capabilities(config.idempotency, config.settle_time)
        self._client = SimClient(config, http)
        self._stream = SimStream(config, http)

    @property
    def capabilities(self) -> Capabilities:
        """What the venue can do."""
        return self._capabilities

    async def connect(self) -> None:
        """Prove the credential."""
        await self.list_accounts()

    async def close(self) -> None:
        """End the streams."""
        await self._stream.close()

    # accounts ---------------------------------------------------------------------------------------------------

    async def list_accounts(self) -> Sequence[AccountSnapshot]:
        """Return all accounts of the login."""
        body = await self._client.read("/v1/accounts")
        return _read(lambda: [parse.parse_account(a, venue_time(body)) for a in body["accounts"]])

    async def get_account(self, account: VenueAccountId) -> AccountSnapshot:
        """Return one account's balances."""
        body = await self._client.read("/v1/account", {"account": account})
        return _read(lambda: parse.parse_account(body["account"], venue_time(body)))

    async def list_positions(self, account: VenueAccountId) -> Page[VenuePosition]:
        """Return all open positions."""
        body = await self._client.read("/v1/positions", {"account": account})
        return _read(
            lambda: Page(
                [parse.parse_position(p) for p in body["positions"]], complete=True, venue_time=venue_time(body)
            )
        )

    # orders -----------------------------------------------------------------------------------------------------

    async def submit(self, request: OrderRequest, permit: SendPermit) -> SubmitAck:
        """Place one order."""
        body = format_order(request, self._capabilities)
        return await self._place("POST", "/v1/orders", body, request, permit)

    async def replace(
        self, account: VenueAccountId, venue_order_id: VenueOrderId, request: OrderRequest, permit: SendPermit
    ) -> SubmitAck:
        """Replace one order; the new one has its own venue id."""
        body = format_order(request, self._capabilities)
        return await self._place("PATCH", f"/v1/orders/{venue_order_id}", body, request, permit)

    async def _place(
        self, method: str, path: str, body: dict[str, object], request: OrderRequest, permit: SendPermit
    ) -> SubmitAck:
        try:
            answer = await self._client.write_order(method, path, body, permit)
            order = answer["order"]
            at = parse.parse_time(order["entered_at"])
            return SubmitAck(VenueOrderId(str(order["order_id"])), parse.parse_status(order["status"]), at)
        except BrokerError as error:
            error.client_order_id = request.client_order_id
            raise
        except _MALFORMED as error:
            raise BrokerOutcomeUnknown(
                "the acknowledgement is not readable", venue=VENUE, client_order_id=request.client_order_id
            ) from error

    async def cancel(self, account: VenueAccountId, venue_order_id: VenueOrderId, permit: SendPermit) -> CancelAck:
        """Cancel one order; the venue's answer is final."""
        answer = await self._client.write_cancel(f"/v1/orders/{venue_order_id}", {"account": account}, permit)
        return _acknowledged(
            lambda: CancelAck(
                parse.parse_status(answer["order"]["status"]) is VenueOrderStatus.CANCELED, venue_time(answer)
            )
        )

    async def cancel_all(self, account: VenueAccountId, permit: SendPermit) -> Sequence[VenueOrderId]:
        """Cancel all open orders of the account."""
        answer = await self._client.write_cancel("/v1/orders", {"account": account}, permit)
        return _acknowledged(lambda: [VenueOrderId(str(i)) for i in answer["canceled"]])

    async def find_order(self, account: VenueAccountId, client_order_id: ClientOrderId) -> Ticket:
        """Look an order up by our id."""
        if self._capabilities.idempotency is IdempotencyClass.NONE:
            raise UnsupportedByBroker("the account keeps no id of ours", venue=VENUE)
        params = {"account": account, "client_order_id": client_order_id}
        body = await self._client.read("/v1/orders/by-client-id", params, may_miss=True)
        found = body.get("order")
        return _read(lambda: Ticket(parse.parse_order(found) if found else None, venue_time(body)))

    async def get_order(self, account: VenueAccountId, venue_order_id: VenueOrderId) -> VenueOrder:
        """Return one order by the venue's id."""
        body = await self._client.read(f"/v1/orders/{venue_order_id}", {"account": account})
        return _read(lambda: parse.parse_order(body["order"]))

    async def list_open_orders(self, account: VenueAccountId) -> Page[VenueOrder]:
        """Return all orders that rest at the venue."""
        params = {"account": account, "status": "open"}
        return await self._pages("/v1/orders", params, lambda b: [parse.parse_order(o) for o in b["orders"]])

    async def list_orders(self, account: VenueAccountId, since: datetime) -> Page[VenueOrder]:
        """Return orders entered at or after `since`."""
        params = {"account": account, "status": "all", "since": since.isoformat()}
        return await self._pages("/v1/orders", params, lambda b: [parse.parse_order(o) for o in b["orders"]])

    async def list_executions(self, account: VenueAccountId, since: datetime) -> Page[VenueExecution]:
        """Return executions at or after `since`."""
        params = {"account": account, "since": since.isoformat()}
        return await self._pages(
            "/v1/executions", params, lambda b: [parse.parse_execution(e) for e in b["executions"]]
        )

    async def _pages(self, path: str, params: dict[str, str], items: Callable[[Body], list[T]]) -> Page[T]:
        found: list[T] = []
        asked = params | {"limit": str(PAGE_LIMIT)}
        for _ in range(MAX_PAGES):
            body = await self._client.read(path, asked)
            more, at = _read(lambda b=body: (items(b), venue_time(b)))
            found += more
            cursor = body.get("next_cursor")
            if not cursor:
                return Page(found, complete=True, venue_time=at)
            asked["cursor"] = str(cursor)
        return Page(found, complete=False, venue_time=await self.check_clock())

    # streams and market -----------------------------------------------------------------------------------------

    def stream_reports(self) -> AsyncIterator[OrderReport]:
        """Yield order events of all accounts."""
        return self._stream.reports()

    def stream_quotes(self) -> AsyncIterator[Quote]:
        """Yield quotes of all symbols."""
        return self._stream.quotes()

    async def get_quote(self, symbol: str) -> Quote:
        """Return the present quote."""
        body = await self._client.read("/v1/quotes", {"symbols": symbol})
        return _read(lambda: parse.parse_quote(body["quotes"][0]))

    async def list_bars(self, symbol: str, start: datetime, end: datetime, step: str) -> Sequence[Bar]:
        """Return bars, oldest first."""
        params = {"symbol": symbol, "start": start.isoformat(), "end": end.isoformat(), "step": step}
        body = await self._client.read("/v1/bars", params)
        return _read(lambda: [parse.parse_bar(symbol, b) for b in body["bars"]])

    async def check_clock(self) -> datetime:
        """Return the venue's clock."""
        body = await self._client.read("/v1/clock")
        return _read(lambda: venue_time(body))


def _read(parse_body: Callable[[], T]) -> T:
    """Parse an answer to a read: a status that nobody modelled stops the connection, the rest is read again."""
    try:
        return parse_body()
    except ValueError as error:
        raise BrokerProtocolChanged("an answer has a value that is not modelled", venue=VENUE) from error
    except (LookupError, TypeError, ArithmeticError, InvalidNumber) as error:
        raise BrokerReadFailed("an answer is not readable", venue=VENUE) from error


def _acknowledged(parse_body: Callable[[], T]) -> T:
    """Parse the success of a command: what cannot be read leaves its outcome unknown."""
    try:
        return parse_body()
    except _MALFORMED as error:
        raise BrokerOutcomeUnknown("the acknowledgement is not readable", venue=VENUE) from error
