"""The venue's state: logins, accounts, client order ids by class, the engine and the market, and the truth of all."""

from __future__ import annotations

import os
import random
import secrets
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from tradsy.domain.instruments import Instrument
from tradsy.domain.market import Quote
from tradsy.domain.money import format_decimal
from tradsy.domain.orders import OrderTerms, Side
from tradsy.domain.positions import Position
from tradsy.sandbox.clock import VenueClock, format_time
from tradsy.sandbox.faults import FaultInjector
from tradsy.sandbox.sim import wire
from tradsy.sandbox.sim.errors import VenueError
from tradsy.sandbox.sim.publisher import Publisher
from tradsy.sandbox.sim.stream import Channel
from tradsy.sandbox.truth import Record, TruthWriter, read_records
from tradsy.simulation.fees import PAPER_FEES
from tradsy.simulation.ledger import AccountRules, SimAccount
from tradsy.simulation.market import SyntheticMarket
from tradsy.simulation.matching import EngineRules, MatchingEngine
from tradsy.simulation.model import Event, EventKind, Execution, NewOrder, Refused, SimOrder
from tradsy.simulation.nyse import nyse_calendar
from tradsy.simulation.pricing import Slippage
from tradsy.simulation.sessions import AlwaysOpen, SessionCalendar, WeekdaySessions


class Idempotency(StrEnum):
    """What the venue does with a client order id."""

    UNIQUE = "A"
    UNIQUE_WHILE_OPEN = "B"
    KEPT = "C"
    IGNORED = "D"


@dataclass(slots=True)
class Login:
    """One API key and its accounts."""

    key: str
    secret: str
    accounts: list[str] = field(default_factory=list[str])
    channel: Channel = field(default_factory=Channel)
    expired: bool = False


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """What the control API asks for in a new account."""

    cash: Decimal
    idempotency: Idempotency
    api_key: str | None = None
    api_secret: str | None = None
    short_selling: bool = True


class SimVenue:
    def __init__(
        self,
        data: Path,
        *,
        seed: int,
        idempotency: Idempotency,
        always_open: bool,
        slippage_bps: Decimal = Decimal(0),
    ) -> None:
        self.clock = VenueClock()
        self.faults = FaultInjector(seed)
        self.path = data / "truth.jsonl"
        self.idempotency = idempotency
        self.logins: dict[str, Login] = {}
        self.classes: dict[str, Idempotency] = {}
        self.hidden_until: dict[str, datetime] = {}
        """Orders that look-ups, lists and the stream do not show yet."""
        self.by_client_id: dict[tuple[str, str], list[SimOrder]] = defaultdict(list)
        self.orders_of: dict[str, list[SimOrder]] = defaultdict(list)
        self.executions_of: dict[str, list[Execution]] = defaultdict(list)
        self.pending_faults = 0
        """Late fills, busts and corrections that have yet to strike."""
        self._always_open = always_open
        self._seed = seed
        self._slippage = Slippage(slippage_bps)
        self._requests = 0
        self._build()
        fresh = not self.path.exists()
        self._restore()
        self.truth = TruthWriter(self.path)
        self.truth.append({"type": "boot", "at": format_time(self.clock.now()), "pid": os.getpid()})
        self.publisher = Publisher(self)
        self.is_new = fresh
        self.epoch = secrets.token_hex(8)
        """Changes at each start: stream sequences begin anew."""

    def _build(self) -> None:
        now = self.clock.now()
        always = AlwaysOpen()
        calendars: dict[str, SessionCalendar] = {"24/7": always, "24/5": WeekdaySessions()}
        calendars["XNYS"] = nyse_calendar(now.year - 1, now.year + 1)
        if self._always_open:
            calendars = dict.fromkeys(calendars, always)
        self.market = SyntheticMarket(random.Random(self._seed), now, calendars=calendars)  # noqa: S311 - reproducible
        rules = EngineRules(fees=PAPER_FEES, slippage=self._slippage)
        self.engine = MatchingEngine(
            self.find_instrument,
            random.Random(f"engine:{self._seed}"),  # noqa: S311 - reproducible
            rules,
            self._calendar_of,
        )
        self.advance()

    def _calendar_of(self, instrument: Instrument) -> SessionCalendar:
        listing = self.market.listing(instrument.symbol)
        return self.market.calendar(listing) if listing else AlwaysOpen()

    # accounts ---------------------------------------------------------------------------------------------------

    def open_account(self, spec: AccountSpec, login: Login | None = None) -> tuple[SimAccount, Login]:
        """Open an account under `login`, or under a login of its own.

        Raises:
            ValueError: the API key is taken by another secret.
        """
        number = len(self.engine.accounts) + 1
        key = spec.api_key or (login.key if login else f"SK{secrets.token_hex(10)}")
        login = self.logins.get(key) or Login(key, spec.api_secret or secrets.token_hex(20))
        if spec.api_secret and login.secret != spec.api_secret:
            raise ValueError("the api_key belongs to another secret")
        account = self._open(f"SA{number:06d}", login, spec)
        self.truth.append(
            {
                "type": "account",
                "at": format_time(self.clock.now()),
                "account": account.account_id,
                "login": login.key,
                "api_key": login.key,
                "api_secret": login.secret,
                "cash": format_decimal(account.cash),
                "idempotency": spec.idempotency.value,
                "short_selling": spec.short_selling,
            }
        )
        return account, login

    def _open(self, account_id: str, login: Login, spec: AccountSpec) -> SimAccount:
        rules = AccountRules(short_selling=spec.short_selling)
        account = self.engine.open_account(account_id, login.key, spec.cash, rules)
        self.logins[login.key] = login
        login.accounts.append(account_id)
        self.classes[account_id] = spec.idempotency
        return account

    def set_blocked(self, account_id: str, *, blocked: bool) -> None:
        self.engine.accounts[account_id].blocked = blocked
        self.truth.append({"type": "blocked", "account": account_id, "blocked": blocked})

    def transfer(self, account_id: str, symbol: str, quantity: Decimal, price: Decimal) -> Decimal:
        """Move a signed quantity in (out where negative) without an order; return what is held then."""
        account = self.engine.accounts[account_id]
        side = Side.BUY if quantity > 0 else Side.SELL
        held = account.position(symbol).apply_execution(side, abs(quantity), price)
        account.positions[symbol] = held
        self.truth.append(
            {
                "type": "transfer",
                "account": account_id,
                "symbol": symbol,
                "position": str(held.quantity),
                "average_price": str(held.average_price),
                "realized_pnl": str(held.realized_pnl),
                "fees": str(held.fees),
            }
        )
        return held.quantity

    def next_request(self) -> int:
        self._requests += 1
        return self._requests

    # orders -----------------------------------------------------------------------------------------------------

    def submit(self, new: NewOrder, request: int) -> SimOrder:
        """Take an order.

        Raises:
            VenueError: it is refused; nothing changed.
        """
        idempotency = self.classes[new.account_id]
        if idempotency is Idempotency.IGNORED:
            new = replace(new, client_order_id=None)
        self._check_client_id(new.account_id, new.client_order_id, idempotency)
        self.ensure_tick(new.terms.symbol)
        events = self._run(lambda: self.engine.submit(new, self.clock.now()))
        self.record(events, request)
        return events[0].order

    def replace(self, order_id: str, terms: OrderTerms, client_order_id: str | None, request: int) -> SimOrder:
        """Replace an order; returns the new one.

        Raises:
            VenueError: it is refused; the old order stays.
        """
        account = self.engine.book.orders[order_id].account_id
        idempotency = self.classes[account]
        client_order_id = None if idempotency is Idempotency.IGNORED else client_order_id
        self._check_client_id(account, client_order_id, idempotency)
        events = self._run(lambda: self.engine.replace(order_id, terms, client_order_id, self.clock.now()))
        self.record(events, request)
        return next(e.order for e in events if e.order.replaces == order_id)

    def cancel(self, order_id: str, request: int) -> SimOrder:
        """Cancel an order.

        Raises:
            VenueError: it is not open.
        """
        events = self._run(lambda: self.engine.cancel(order_id, self.clock.now()))
        self.record(events, request)
        return events[0].order

    def cancel_all(self, account_id: str, request: int) -> list[SimOrder]:
        """Cancel all open orders of an account."""
        events = self.engine.cancel_all(account_id, self.clock.now())
        self.record(events, request)
        return [e.order for e in events if e.kind is EventKind.CANCELED]

    def _run(self, call: Callable[[], list[Event]]) -> list[Event]:
        try:
            return call()
        except Refused as refused:
            raise VenueError(refused.reason.value, refused.detail) from refused

    def _check_client_id(self, account_id: str, client_order_id: str | None, idempotency: Idempotency) -> None:
        if client_order_id is None or idempotency not in {Idempotency.UNIQUE, Idempotency.UNIQUE_WHILE_OPEN}:
            return
        known = self.by_client_id.get((account_id, client_order_id))
        if not known:
            return
        if known[-1].is_open:
            raise VenueError("duplicate_open", order_id=known[-1].order_id)
        if idempotency is Idempotency.UNIQUE:
            raise VenueError("duplicate_closed", order_id=known[-1].order_id)

    def record(self, events: list[Event], request: int | None = None) -> None:
        """Index events, write them to the truth and have them streamed once they are durable."""
        for event in events:
            order = event.order
            if event.kind is EventKind.NEW:
                self._index(order)
            if event.execution:
                self._index_execution(event)
            position = self.engine.accounts[order.account_id].position(order.terms.symbol)
            message = wire.write_event(event)
            publish = self.publisher.when_durable(event, message)
            self.truth.append(wire.truth_of(message, event, position, request), publish)

    def _index(self, order: SimOrder) -> None:
        self.orders_of[order.account_id].append(order)
        if order.client_order_id:
            self.by_client_id[order.account_id, order.client_order_id].append(order)

    def _index_execution(self, event: Event) -> None:
        made = event.execution
        if made is None:
            return
        standing = self.executions_of[made.account_id]
        if event.corrects:
            standing[:] = [e for e in standing if e.execution_id != event.corrects]
        if event.kind is not EventKind.BUST:
            standing.append(made)

    # market -----------------------------------------------------------------------------------------------------

    def find_instrument(self, symbol: str) -> Instrument | None:
        listing = self.market.listing(symbol)
        return listing.instrument if listing else None

    def ensure_tick(self, symbol: str) -> None:
        """Show the engine a symbol that nobody asked for before."""
        if self.engine.price_of(symbol):
            return
        tick = self.market.tick(symbol)
        if tick:
            self.engine.on_tick(symbol, tick)

    def advance(self) -> list[Quote]:
        """Move the market to now."""
        return self.market.advance(self.clock.now())

    def match(self, symbol: str) -> None:
        """Let the orders of a symbol meet its present quote."""
        tick = self.market.tick(symbol)
        if tick:
            self.record(self.engine.on_tick(symbol, tick))

    def step(self) -> list[Quote]:
        """Move market and orders to now: called every quarter of a second."""
        quotes = self.advance()
        for quote in quotes:
            self.match(quote.symbol)
        self.record(self.engine.on_time(self.clock.now()))
        return quotes

    # restart ----------------------------------------------------------------------------------------------------

    def _restore(self) -> None:
        orders: dict[str, Record] = {}
        executions: dict[str, Record] = {}
        for record in read_records(self.path):
            kind = record["type"]
            if kind == "order":
                orders[record["order"]["order_id"]] = record["order"]
                self._restore_execution(record, executions)
            elif kind == "account":
                self._restore_account(record)
            elif kind == "blocked":
                self.engine.accounts[record["account"]].blocked = record["blocked"]
            elif kind == "adjust":
                self.engine.accounts[record["account"]].cash = Decimal(record["cash"])
            elif kind == "transfer":
                self._restore_transfer(record)
            elif kind == "request":
                self._requests = max(self._requests, record["id"])
        restored = [wire.order_of(o) for o in orders.values()]
        made = [wire.execution_of(e) for e in executions.values()]
        for symbol, price in {e.symbol: e.price for e in made}.items():
            self.market.resume(symbol, price)
        for symbol in {o.terms.symbol for o in restored} | {e.symbol for e in made}:
            self.ensure_tick(symbol)
        self.engine.restore(restored, made)
        for order in restored:
            self._index(order)
        for execution in made:
            self.executions_of[execution.account_id].append(execution)

    def _restore_transfer(self, record: Record) -> None:
        self.engine.accounts[record["account"]].positions[record["symbol"]] = Position(
            Decimal(record["position"]),
            Decimal(record["average_price"]),
            Decimal(record["realized_pnl"]),
            Decimal(record["fees"]),
        )

    def _restore_account(self, record: Record) -> None:
        login = self.logins.get(record["api_key"]) or Login(record["api_key"], record["api_secret"])
        spec = AccountSpec(
            Decimal(record["cash"]), Idempotency(record["idempotency"]), short_selling=record["short_selling"]
        )
        self._open(record["account"], login, spec)

    def _restore_execution(self, record: Record, executions: dict[str, Record]) -> None:
        if record["corrects"]:
            executions.pop(record["corrects"], None)
        made = record["execution"]
        if not made:
            return
        if record["kind"] != EventKind.BUST:
            executions[made["execution_id"]] = made
        account = self.engine.accounts[made["account"]]
        account.cash = Decimal(made["cash"])
        account.positions[made["symbol"]] = Position(
            Decimal(made["position"]),
            Decimal(made["average_price"]),
            Decimal(made["realized_pnl"]),
            Decimal(made["fees"]),
        )

    def snapshot(self) -> dict[str, Any]:
        """Return the whole truth as the control API shows it."""
        accounts = self.engine.accounts
        return {
            "accounts": [
                {
                    "account": a.account_id,
                    "login": a.login,
                    "cash": format_decimal(a.cash),
                    "opening_cash": format_decimal(a.opening_cash),
                    "idempotency": self.classes[a.account_id].value,
                    "blocked": a.blocked,
                }
                for a in accounts.values()
            ],
            "orders": [wire.write_order(o) for orders in self.orders_of.values() for o in orders],
            "executions": [wire.write_execution(e) for made in self.executions_of.values() for e in made],
            "positions": [
                {"account": a.account_id, "symbol": s, "quantity": format_decimal(p.quantity)}
                for a in accounts.values()
                for s, p in a.positions.items()
                if p.quantity
            ],
            "cash": {a.account_id: format_decimal(a.cash) for a in accounts.values()},
            "requests": [r for r in read_records(self.path) if r["type"] == "request"],
        }

    def _set_file_aside(self) -> None:
        self.path.rename(self.path.with_name(f"truth-{format_time(self.clock.now())}.jsonl"))

    async def reset(self) -> None:
        """Forget orders, executions, faults and market; accounts stay with their opening cash."""
        await self.truth.close()
        # From here to the new writer nothing awaits, so nothing is appended in between.
        kept = [r for r in read_records(self.path) if r["type"] == "account"]
        self._set_file_aside()
        self.clock = VenueClock()
        self.faults.clear()
        for index in (self.by_client_id, self.orders_of, self.executions_of, self.hidden_until):
            index.clear()
        channels = {key: login.channel for key, login in self.logins.items()}
        self.logins.clear()
        self.classes.clear()
        self._build()
        self.truth = TruthWriter(self.path)
        for record in kept:
            self._restore_account(record)
            self.truth.append(record)
        for key, channel in channels.items():
            self.logins[key].channel = channel
            channel.disconnect()
        self.publisher.forget()
        await self.truth.commit()
