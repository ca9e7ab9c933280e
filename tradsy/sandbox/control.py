"""The control API of a sandbox, on its own port: prices, clock, conditions, faults, accounts, truth."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import orjson
from aiohttp import web

from tradsy.domain.errors import DomainError
from tradsy.domain.money import format_decimal, parse_decimal, parse_positive
from tradsy.sandbox.clock import VenueClock, format_time, parse_time
from tradsy.sandbox.faults import KNOBS
from tradsy.sandbox.http import json_response
from tradsy.sandbox.sim.venue import AccountSpec, Idempotency, Login, SimVenue
from tradsy.simulation.market import Conditions

Body = dict[str, Any]
Route = Callable[[Body], Awaitable[Any]]
MAX_ACCOUNTS = 100_000


class ControlApi:
    def __init__(self, venue: SimVenue) -> None:
        self._venue = venue
        self.addresses: dict[str, str] = {}
        """Where the venue itself listens, once it does."""
        self._routes: dict[tuple[str, str], Route] = {
            ("POST", "/price"): self._price,
            ("DELETE", "/price"): self._unpin,
            ("POST", "/market"): self._market,
            ("POST", "/conditions"): self._conditions,
            ("POST", "/clock"): self._clock,
            ("POST", "/fault"): self._fault,
            ("DELETE", "/fault"): self._clear_faults,
            ("GET", "/fault"): self._list_faults,
            ("POST", "/accounts"): self._accounts,
            ("POST", "/accounts/state"): self._account_state,
            ("POST", "/accounts/transfer"): self._transfer,
            ("POST", "/logins/state"): self._login_state,
            ("GET", "/truth"): self._truth,
            ("POST", "/reset"): self._reset,
            ("GET", "/health"): self._health,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        route = self._routes.get((request.method, request.path))
        if route is None:
            return json_response({"message": "no such route"}, 404)
        try:
            raw = await request.read()
            body: object = orjson.loads(raw) if raw else {}
            if not isinstance(body, dict):
                raise ValueError("the body is a JSON object")
            answer = await route(cast("Body", body))
        except (ValueError, KeyError, TypeError, DomainError) as error:
            return json_response({"message": f"{type(error).__name__}: {error}"}, 400)
        await self._venue.truth.commit()
        return json_response(answer)

    async def _health(self, _: Body) -> Any:
        return {"ok": True, "pid": os.getpid(), "accounts": len(self._venue.engine.accounts), **self.addresses}

    async def _price(self, body: Body) -> Any:
        symbol = str(body["symbol"])
        bid, ask = parse_positive(body["bid"]), parse_positive(body["ask"])
        if bid > ask:
            raise ValueError("bid is above ask")
        last = parse_positive(body["last"]) if body.get("last") is not None else None
        self._venue.advance()
        if self._venue.market.pin(symbol, bid, ask, last) is None:
            raise ValueError("unknown symbol")
        self._venue.match(symbol)
        return {"symbol": symbol}

    async def _unpin(self, body: Body) -> Any:
        symbols = [str(body["symbol"])] if "symbol" in body else self._venue.market.symbols
        for symbol in symbols:
            self._venue.market.unpin(symbol)
        return {"symbols": len(symbols)}

    async def _market(self, body: Body) -> Any:
        self._venue.market.running = body["running"] is True
        return {"running": self._venue.market.running}

    async def _conditions(self, body: Body) -> Any:
        """Switch halt, wide_spread (a factor), stale_quotes, liquidity and volume of one symbol or all."""
        known = {"symbol", "halt", "wide_spread", "stale_quotes", "liquidity", "volume"}
        if unknown := set(body) - known:
            raise ValueError(f"unknown condition {min(unknown)}")
        symbols = [str(body["symbol"])] if "symbol" in body else self._venue.market.symbols
        for symbol in symbols:
            now = self._venue.market.conditions(symbol)
            if now is None:
                raise ValueError("unknown symbol")
            self._venue.market.set_conditions(symbol, _merged(now, body))
            self._venue.match(symbol)
        return {"symbols": len(symbols)}

    async def _clock(self, body: Body) -> Any:
        clock: VenueClock = self._venue.clock
        if "set" in body:
            clock.set(parse_time(str(body["set"])))
        clock.offset += timedelta(seconds=body.get("advance_s", 0))
        if "skew_s" in body:
            clock.skew = timedelta(seconds=body["skew_s"])
        self._venue.step()
        return {"at": format_time(clock.now()), "shown": format_time(clock.shown())}

    async def _fault(self, body: Body) -> Any:
        self._venue.faults.add(body)
        return {"active": len(self._venue.faults.rules)}

    async def _clear_faults(self, body: Body) -> Any:
        self._venue.faults.clear(body.get("knob"))
        return {"active": len(self._venue.faults.rules)}

    async def _list_faults(self, _: Body) -> Any:
        rules, pending = self._venue.faults.rules, self._venue.pending_faults
        active = [{"knob": r.knob, "endpoint": r.endpoint, "hits": r.hits} for r in rules]
        return {"knobs": KNOBS, "active": active, "pending": pending}

    async def _accounts(self, body: Body) -> Any:
        """Open accounts: `count` alike, or `accounts` one by one; `one_login` puts all under a single key."""
        specs = body.get("accounts")
        wanted: list[Body] = specs if specs is not None else [{}] * int(body.get("count", 1))
        if not 0 < len(wanted) <= MAX_ACCOUNTS:
            raise ValueError(f"1 to {MAX_ACCOUNTS} accounts at a time")
        shared: Login | None = None
        credentials: list[Body] = []
        for spec in wanted:
            account, login = self._venue.open_account(self._spec(body | spec), shared)
            if body.get("one_login") is True:
                shared = login
            fields = {"api_key": login.key, "api_secret": login.secret}
            credentials.append({"account": account.account_id, "fields": fields})
        return {"credentials": credentials}

    def _spec(self, spec: Body) -> AccountSpec:
        cash = parse_decimal(spec.get("cash", "100000"))
        if cash < 0:
            raise ValueError("cash is not negative")
        idempotency = Idempotency(spec.get("idempotency", self._venue.idempotency.value))
        short = spec.get("short_selling", True) is True
        return AccountSpec(cash, idempotency, spec.get("api_key"), spec.get("api_secret"), short)

    async def _account_state(self, body: Body) -> Any:
        account = str(body["account"])
        if "blocked" in body:
            self._venue.set_blocked(account, blocked=body["blocked"] is True)
        return {"account": account, "blocked": self._venue.engine.accounts[account].blocked}

    async def _transfer(self, body: Body) -> Any:
        account, symbol = str(body["account"]), str(body["symbol"])
        if self._venue.find_instrument(symbol) is None:
            raise ValueError(f"{symbol} is not listed")
        quantity = self._venue.transfer(account, symbol, parse_decimal(body["quantity"]), parse_positive(body["price"]))
        return {"account": account, "symbol": symbol, "position": format_decimal(quantity)}

    async def _login_state(self, body: Body) -> Any:
        login = self._venue.logins[str(body["api_key"])]
        login.expired = body["expired"] is True
        if login.expired:
            login.channel.disconnect()
        return {"api_key": login.key, "expired": login.expired}

    async def _truth(self, _: Body) -> Any:
        await self._venue.truth.commit()
        return self._venue.snapshot()

    async def _reset(self, _: Body) -> Any:
        await self._venue.reset()
        return {"ok": True}


def _merged(now: Conditions, body: Body) -> Conditions:
    merged = now
    if "halt" in body:
        merged = replace(merged, halted=body["halt"] is True)
    if "wide_spread" in body:
        merged = replace(merged, spread_factor=parse_positive(body["wide_spread"] or 1))
    if "stale_quotes" in body:
        merged = replace(merged, stale=body["stale_quotes"] is True)
    if "liquidity" in body:
        merged = replace(merged, liquidity=_optional(body["liquidity"]))
    if "volume" in body:
        merged = replace(merged, adv=_optional(body["volume"]))
    return merged


def _optional(value: object) -> Decimal | None:
    return None if value is None else parse_decimal(value)
