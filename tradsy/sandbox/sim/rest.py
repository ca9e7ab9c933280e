"""The venue's REST routes: auth, faults around every request, receipts, answers after they are durable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, cast

import orjson
from aiohttp import web

from tradsy.domain.errors import DomainError
from tradsy.sandbox.clock import format_time
from tradsy.sandbox.faults import Rule
from tradsy.sandbox.http import StampingProtocol
from tradsy.sandbox.sim import reads, wire
from tradsy.sandbox.sim.errors import MESSAGES, STATUS, VenueError
from tradsy.sandbox.sim.fallout import Fallout
from tradsy.sandbox.sim.stream import serve_socket
from tradsy.sandbox.sim.venue import Login, SimVenue
from tradsy.simulation.model import SimOrder

Body = dict[str, Any]
_MALFORMED = "\0malformed"
"""Key that marks a body which is no JSON object."""
_WRITES = frozenset({"POST", "PATCH", "DELETE"})


@dataclass(slots=True)
class Call:
    """One request on its way through the venue."""

    request: web.BaseRequest
    login: Login
    endpoint: str
    first_byte_ns: int
    number: int = 0
    """Id in the truth file; 0 for reads, which are not logged."""
    body: Body = field(default_factory=dict[str, Any])
    order: SimOrder | None = None
    """The order that the request entered or canceled."""

    def query(self, name: str, default: str | None = None) -> str:
        """Return a query parameter.

        Raises:
            VenueError: it is missing and has no default.
        """
        value = self.request.query.get(name, default)
        if value is None:
            raise VenueError("bad_request", f"{name} is missing")
        return value

    @property
    def account(self) -> str | None:
        value = self.body.get("account") or self.request.query.get("account")
        return value if isinstance(value, str) else None


Route = Callable[[Call], Awaitable[Any]]


class RestApi:
    """Answers everything on the venue's port."""

    def __init__(self, venue: SimVenue) -> None:
        self._venue = venue
        self._fallout = Fallout(venue)
        self._reads = reads.Reads(venue)
        self.quote_sockets: set[Any] = set()
        r = self._reads
        self._routes: dict[tuple[str, str], tuple[str, Route]] = {
            ("GET", "/v1/clock"): ("clock", r.clock),
            ("GET", "/v1/instruments"): ("instruments", r.instruments),
            ("GET", "/v1/quotes"): ("quotes", r.quotes),
            ("GET", "/v1/bars"): ("bars", r.bars),
            ("GET", "/v1/accounts"): ("accounts.list", r.accounts),
            ("GET", "/v1/account"): ("accounts.get", r.account),
            ("GET", "/v1/positions"): ("positions", r.positions),
            ("GET", "/v1/orders"): ("orders.list", r.orders),
            ("GET", "/v1/orders/by-client-id"): ("orders.find", r.find_order),
            ("GET", "/v1/orders/"): ("orders.get", r.get_order),
            ("GET", "/v1/executions"): ("executions", r.executions),
            ("POST", "/v1/orders"): ("orders.submit", self._submit),
            ("PATCH", "/v1/orders/"): ("orders.replace", self._replace),
            ("DELETE", "/v1/orders/"): ("orders.cancel", self._cancel),
            ("DELETE", "/v1/orders"): ("orders.cancel_all", self._cancel_all),
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        protocol = request.protocol
        if not isinstance(protocol, StampingProtocol):
            raise TypeError("the venue is served by StampingServer")
        first_byte = protocol.take_first_byte()
        try:
            login = self._authenticate(request)
            if request.path in {"/v1/stream", "/v1/market"}:
                return await self._socket(request, login)
            endpoint, route = self._find_route(request)
            call = Call(request, login, endpoint, first_byte)
            if request.method in _WRITES:
                return await self._write(call, route)
            return await self._read(call, route)
        except VenueError as error:
            return self._refusal(error)
        finally:
            protocol.release()

    # stages -----------------------------------------------------------------------------------------------------

    async def _read(self, call: Call, route: Route) -> web.StreamResponse:
        if self._venue.faults.rules and (response := await self._before(call)):
            return response
        try:
            response = self._answer(await route(call))
        except (DomainError, ValueError) as error:
            response = self._refusal(VenueError("bad_request", "a parameter is not readable"), cause=error)
        if self._venue.faults.rules:
            return await self._fallout.after(call.request, response, call.endpoint, call.account)
        return response

    async def _write(self, call: Call, route: Route) -> web.StreamResponse:
        raw = await self._body_of(call)
        self._receipt(call, incomplete=raw is None)
        if raw is None:
            return self._refusal(VenueError("bad_request"))
        if self._venue.faults.rules and (response := await self._before(call)):
            await self._venue.truth.commit()
            return response
        try:
            if _MALFORMED in call.body:
                raise VenueError("bad_request", "the body is a JSON object")
            response = self._answer(await route(call), status=200)
            code = ""
        except VenueError as error:
            response, code = self._refusal(error), error.code
        order_id = call.order.order_id if call.order else None
        answer = {"type": "answer", "id": call.number, "status": response.status, "code": code, "order_id": order_id}
        self._venue.truth.append(answer)
        await self._venue.truth.commit()
        if self._venue.faults.rules:
            return await self._fallout.after(call.request, response, call.endpoint, call.account)
        return response

    async def _body_of(self, call: Call) -> bytes | None:
        """Read the body into `call`; None when it never came whole."""
        try:
            raw = await call.request.read()
        except (ConnectionError, web.HTTPException):
            return None
        call.body = _json_object(raw) if raw else {}
        return raw

    def _receipt(self, call: Call, *, incomplete: bool) -> None:
        call.number = self._venue.next_request()
        age = (time.monotonic_ns() - call.first_byte_ns) / 1e9
        self._venue.truth.append(
            {
                "type": "request",
                "id": call.number,
                "method": call.request.method,
                "path": call.request.path,
                "endpoint": call.endpoint,
                "account": call.account,
                "client_order_id": call.body.get("client_order_id"),
                "first_byte_ns": call.first_byte_ns,
                "first_byte_at": format_time(datetime.fromtimestamp(time.time() - age, UTC)),
                "incomplete": incomplete,
            }
        )

    async def _before(self, call: Call) -> web.StreamResponse | None:
        """Apply the faults that strike before anything is done."""
        draw, jitter = self._venue.faults.draw, self._venue.faults.jitter
        if rule := draw("delay_before", call.endpoint, call.account):
            await asyncio.sleep(jitter(rule))
        if draw("drop_request", call.endpoint, call.account):
            return self._fallout.vanish(call.request)
        if draw("auth_expired", call.endpoint, call.account):
            call.login.channel.disconnect()
            return self._refusal(VenueError("auth_expired"))
        if rule := draw("rate_limit", call.endpoint, call.account):
            return self._limited(rule)
        if rule := draw("error_before_accept", call.endpoint, call.account):
            return self._fallout.error(rule.number("status", 503))
        return None

    def _limited(self, rule: Rule) -> web.Response:
        response = self._refusal(VenueError("rate_limited"))
        if rule.args.get("headers", True):
            response.headers["Retry-After"] = str(rule.number("seconds", 1))
        return response

    # routes that change something -------------------------------------------------------------------------------

    async def _submit(self, call: Call) -> Any:
        self._own_account(call, call.account)
        new = wire.read_order(call.body, call.account or "")
        call.order = self._fallout.around_submit(new, call.number)
        return {"order": wire.write_order(call.order)}

    async def _replace(self, call: Call) -> Any:
        old = self._reads.own_order(call, call.request.path.rsplit("/", 1)[1])
        client_order_id = call.body.get("client_order_id")
        call.order = self._venue.replace(old.order_id, wire.read_terms(call.body), client_order_id, call.number)
        return {"order": wire.write_order(call.order)}

    async def _cancel(self, call: Call) -> Any:
        order = self._reads.own_order(call, call.request.path.rsplit("/", 1)[1])
        call.order = order
        self._fallout.around_cancel(order, call.number)
        return {"order": wire.write_order(order)}

    async def _cancel_all(self, call: Call) -> Any:
        self._own_account(call, call.account)
        canceled = self._venue.cancel_all(call.account or "", call.number)
        return {"canceled": [o.order_id for o in canceled]}

    # sockets ----------------------------------------------------------------------------------------------------

    async def _socket(self, request: web.BaseRequest, login: Login) -> web.StreamResponse:
        if request.path == "/v1/market":
            quotes = [q for s in self._venue.market.symbols if (q := self._venue.market.quote(s))]
            return await serve_socket(request, self.quote_sockets, [quotes_message(quotes, self._venue)])
        channel = login.channel
        asked = request.query.get("since_seq")
        missed = channel.since(int(asked)) if asked and asked.isdigit() else ()
        hello = {
            "type": "hello",
            "epoch": self._venue.epoch,
            "seq": channel.sequence,
            "gap": missed is None,
            "accounts": login.accounts,
            "venue_time": format_time(self._venue.clock.shown()),
        }
        return await serve_socket(request, channel.subscribers, [orjson.dumps(hello), *(missed or ())])

    # small parts ------------------------------------------------------------------------------------------------

    def _authenticate(self, request: web.BaseRequest) -> Login:
        login = self._venue.logins.get(request.headers.get("X-Sim-Key", ""))
        if login is None or login.secret != request.headers.get("X-Sim-Secret"):
            raise VenueError("auth_invalid")
        if login.expired:
            raise VenueError("auth_expired")
        return login

    def _find_route(self, request: web.BaseRequest) -> tuple[str, Route]:
        path = request.path
        found = self._routes.get((request.method, path))
        if found is None and path.startswith("/v1/orders/") and path.count("/") == 3:
            found = self._routes.get((request.method, "/v1/orders/"))
        if found is None:
            raise VenueError("route_not_found")
        return found

    def _own_account(self, call: Call, account: str | None) -> None:
        if account not in call.login.accounts:
            raise VenueError("account_not_found")

    def _answer(self, body: Any, status: int = 200) -> web.Response:
        return self._json(status, body)

    def _refusal(self, error: VenueError, cause: Exception | None = None) -> web.Response:
        message = error.message if cause is None else MESSAGES.get(error.code, error.message)
        body: Body = {"code": error.code, "message": message}
        if error.order_id:
            body["order_id"] = error.order_id
        return self._json(STATUS[error.code], body)

    def _json(self, status: int, body: Body) -> web.Response:
        now = self._venue.clock.shown()
        body["venue_time"] = format_time(now)
        headers = {"Date": format_datetime(now, usegmt=True)}
        return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type="application/json")


def quotes_message(quotes: list[Any], venue: SimVenue) -> bytes:
    at = format_time(venue.clock.shown())
    return orjson.dumps({"type": "quotes", "at": at, "quotes": [wire.write_quote(q) for q in quotes]})


def _json_object(raw: bytes) -> Body:
    try:
        body: object = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {_MALFORMED: True}
    return cast("Body", body) if isinstance(body, dict) else {_MALFORMED: True}
