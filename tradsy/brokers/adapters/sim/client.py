"""HTTP to `sim`: signing, time-outs, answers -> bodies or errors. No retry of anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import aiohttp
import orjson

from tradsy.brokers.adapters.sim.auth import SimConfig
from tradsy.brokers.adapters.sim.constants import VENUE
from tradsy.brokers.adapters.sim.errors import NO_SUCH_ORDER, command_error, read_error
from tradsy.brokers.adapters.sim.parse import parse_time
from tradsy.brokers.adapters.transport import TIMEOUT, CancelBody, GatedBody, OrderBody, send_once
from tradsy.brokers.errors import BrokerOutcomeUnknown, BrokerReadFailed
from tradsy.brokers.port import SendPermit

Body = dict[str, Any]


class SimClient:
    """One login at the venue."""

    def __init__(self, config: SimConfig, http: aiohttp.ClientSession) -> None:
        self._url = config.url
        self._http = http
        self._headers = config.headers

    async def read(self, path: str, params: Mapping[str, str] | None = None, *, may_miss: bool = False) -> Body:
        """Return the body of a successful read; with `may_miss` also that of "no such order", which has no order.

        Raises:
            BrokerReadFailed: it failed, or the answer was not whole.
            BrokerAuthExpired: the credential is not accepted.
            OrderNotFound, InvalidSymbol: the venue says so.
        """
        try:
            async with self._http.get(
                self._url + path, params=params, headers=self._headers, timeout=TIMEOUT, allow_redirects=False
            ) as response:
                raw, status = await response.read(), response.status
                retry_after = response.headers.get("Retry-After")
        except (aiohttp.ClientError, TimeoutError, OSError, RuntimeError) as error:
            raise BrokerReadFailed(type(error).__name__, venue=VENUE) from error
        body = _object(raw)
        if body is None:
            raise BrokerReadFailed("the answer is not readable", venue=VENUE, venue_code=str(status))
        code = str(body.get("code", ""))
        if status != 200 and not (may_miss and (status, code) == NO_SUCH_ORDER):
            raise read_error(status, code, str(body.get("message", "")), retry_after)
        return body

    async def write_order(self, method: str, path: str, body: Body, permit: SendPermit) -> Body:
        """Send an order or a replacement; returns the body of a success."""
        return await self._write(method, path, OrderBody(orjson.dumps(body), permit))

    async def write_cancel(self, path: str, body: Body, permit: SendPermit) -> Body:
        """Send a cancel; returns the body of a success."""
        return await self._write("DELETE", path, CancelBody(orjson.dumps(body), permit))

    async def _write(self, method: str, path: str, body: GatedBody) -> Body:
        reply = await send_once(self._http, method, self._url + path, body, self._headers, venue=VENUE)
        answer = _object(reply.body)
        if answer is None:
            raise BrokerOutcomeUnknown("the answer is not readable", venue=VENUE, venue_code=str(reply.status))
        if reply.status != 200:
            raise command_error(reply.status, str(answer.get("code", "")), str(answer.get("message", "")))
        return answer


def venue_time(body: Body) -> datetime:
    """Return the venue's clock when it answered; a KeyError or ValueError when the answer has none."""
    return parse_time(body["venue_time"])


def _object(raw: bytes) -> Body | None:
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return cast("Body", value) if isinstance(value, dict) else None
