"""Client of the paper venue's control API: opens accounts there and says where the venue listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import aiohttp
import orjson
from pydantic import SecretStr

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.connections.errors import PaperVenueUnavailable
from tradsy.connections.model import PaperLogin
from tradsy.domain.ids import VenueAccountId
from tradsy.domain.money import format_decimal
from tradsy.platform.logging import register_secret

_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=3)


class PaperVenue:
    """The installation's paper venue."""

    def __init__(self, http: aiohttp.ClientSession, control_url: Callable[[], str]) -> None:
        """Take `control_url` as a function: the venue may start after this process, and elsewhere next time."""
        self._http = http
        self._control_url = control_url

    async def open_logins(
        self,
        count: int,
        *,
        cash: Decimal,
        accounts_each: int = 1,
        idempotency: IdempotencyClass = IdempotencyClass.STRONG,
    ) -> list[PaperLogin]:
        """Open `count` logins with `accounts_each` accounts of `cash` US dollars each.

        Raises:
            PaperVenueUnavailable: it does not answer, or not as documented; accounts may have been opened.
        """
        options = {"cash": format_decimal(cash), "idempotency": idempotency.value}
        if accounts_each == 1:
            answer = await self._call("POST", "/accounts", {**options, "count": count})
            return [_login([credential]) for credential in _credentials(answer)]
        logins: list[PaperLogin] = []
        for _ in range(count):
            answer = await self._call("POST", "/accounts", {**options, "count": accounts_each, "one_login": True})
            logins.append(_login(_credentials(answer)))
        return logins

    async def addresses(self) -> Mapping[str, str]:
        """Return `url` and `ws_url` of the venue, as it listens now.

        Raises:
            PaperVenueUnavailable: it does not answer.
        """
        answer = await self._call("GET", "/health")
        try:
            return {"url": str(answer["url"]), "ws_url": str(answer["ws_url"])}
        except KeyError as error:
            raise PaperVenueUnavailable from error

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        base = self._control_url()
        if not base:
            raise PaperVenueUnavailable
        try:
            async with self._http.request(
                method, base.rstrip("/") + path, json=body, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                raw = await response.read()
                if response.status != 200:
                    raise PaperVenueUnavailable
                answer: object = orjson.loads(raw)
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            raise PaperVenueUnavailable from error
        if not isinstance(answer, dict):
            raise PaperVenueUnavailable
        return answer  # pyright: ignore[reportUnknownVariableType] - a JSON object; readers check each field


def _credentials(answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    credentials = answer.get("credentials")
    if not isinstance(credentials, list) or not credentials:
        raise PaperVenueUnavailable
    return credentials  # pyright: ignore[reportUnknownVariableType] - as above


def _login(credentials: Sequence[Mapping[str, Any]]) -> PaperLogin:
    try:
        fields = credentials[0]["fields"]
        key, secret = str(fields["api_key"]), str(fields["api_secret"])
        accounts = tuple(VenueAccountId(str(credential["account"])) for credential in credentials)
    except (KeyError, TypeError) as error:
        raise PaperVenueUnavailable from error
    register_secret(key)
    register_secret(secret)
    return PaperLogin(SecretStr(key), SecretStr(secret), accounts)
