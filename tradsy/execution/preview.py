"""What an order by hand would come to, asked of the process that owns the account: only there all facts are known.

Nothing is stored, counted or sent.
"""

# pyright: reportUnknownMemberType=false
# nats-py leaves its callbacks untyped.

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import nats.errors
import orjson
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from tradsy.domain.ids import AccountId, ConnectionId, PlanId, SignalId, SourceId, TraceId, UserId
from tradsy.domain.money import ONE
from tradsy.domain.orders import OrderTerms
from tradsy.execution.model import to_json
from tradsy.execution.planner import Planner, Previewed
from tradsy.execution.questions import put_question
from tradsy.follows.model import ExitPolicy, SizingMode, TradeIntent
from tradsy.follows.placing import ORIGIN
from tradsy.follows.plans import ApprovedPlan
from tradsy.market_data.quotes import QuoteCache
from tradsy.platform.bus import Bus
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DatabaseError, DbSession, sql
from tradsy.platform.ids import new_id
from tradsy.risk.model import check_to_json
from tradsy.signals.model import CERTAIN

log = structlog.get_logger(__name__)

SUBJECT = "tradsy.previews"
_PLACE = sql(
    "select a.id, a.user_id, a.connection_id, a.partition, a.venue, a.is_paper, a.is_demo, a.state, "
    "c.state as connection_state, s.id as source_id, "
    "exists (select 1 from identity_trading_users t where t.user_id = a.user_id) as may_trade "
    "from accounts a join connections c on c.id = a.connection_id "
    "left join sources s on s.user_id = a.user_id and s.kind = 'ticket' "
    "where a.id = :account and a.user_id = :user and a.state <> 'closed'"
)


@dataclass(frozen=True, slots=True)
class Question:
    """An order by hand that is not placed yet."""

    user_id: UserId
    account_id: AccountId
    intent: TradeIntent
    confirmation: dict[str, Any] | None

    def encode(self) -> bytes:
        """Return the request's body."""
        return orjson.dumps(
            {
                "user_id": str(self.user_id),
                "account_id": str(self.account_id),
                "intent": self.intent.to_json(),
                "confirmation": self.confirmation,
            }
        )

    @classmethod
    def decode(cls, body: bytes) -> Question:
        """Read what `encode` wrote."""
        fields = orjson.loads(body)
        return cls(
            UserId(UUID(fields["user_id"])),
            AccountId(UUID(fields["account_id"])),
            TradeIntent.from_json(fields["intent"]),
            fields["confirmation"],
        )


async def ask(bus: Bus, question: Question) -> dict[str, Any]:
    """Return the owner's answer, in the fields of `OrderPreview`.

    Raises:
        OwnerSilent: nobody answered in time.
        BusUnavailable: the question could not be asked.
    """
    return await put_question(bus, SUBJECT, question.encode())


class Previewer:
    """The owner's side: answers for the accounts of this process."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, quotes: QuoteCache, planner: Planner) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._quotes = quotes
        self._planner = planner
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Begin to answer."""
        self._subscription = await self._bus.client.subscribe(SUBJECT, cb=self._receive)

    async def stop(self) -> None:
        """Answer no more."""
        if self._subscription is not None:
            with suppress(nats.errors.Error):
                await self._subscription.unsubscribe()

    async def _receive(self, message: Msg) -> None:
        try:
            answer = await self.answer(Question.decode(message.data))
            if answer is not None:
                await message.respond(orjson.dumps(answer))
        except (DatabaseError, OSError, TimeoutError, nats.errors.Error) as error:
            log.warning("a preview was not answered", error=type(error).__name__)

    async def answer(self, question: Question) -> dict[str, Any] | None:
        """Return what the order would come to, None where the account is not open in this process."""
        now = self._clock.now()
        async with self._database.as_engine() as session:
            plan = await _plan(session, question, now)
            seen = None if plan is None else await self._planner.preview(session, plan)
        return None if seen is None else self._describe(seen)

    def _describe(self, seen: Previewed) -> dict[str, Any]:
        verdict, terms = seen.verdict, None if seen.draft is None else seen.draft.terms
        outcome = "approved" if verdict.approved else "confirm" if verdict.held else "refused"
        price = None if terms is None else self._price(terms)
        notional = None
        if terms is not None and price is not None and seen.instrument is not None:
            notional = price * terms.quantity * seen.instrument.multiplier
        return {
            "outcome": outcome,
            "reasons": [*verdict.reasons, *verdict.soft],
            "checks": [check_to_json(check) for check in verdict.checks],
            **_terms(terms),
            "exits": None if seen.draft is None else seen.draft.exits,
            "estimated_price": to_json(price),
            "estimated_notional": to_json(notional),
            "currency": None if seen.balance is None else seen.balance.currency,
            "buying_power": None if seen.balance is None else to_json(seen.balance.buying_power),
            "at": self._clock.now().isoformat(),
        }

    def _price(self, terms: OrderTerms) -> Decimal | None:
        """Return what a fill would cost now: the touch, or the order's own price where that is better for it."""
        quote = self._quotes.get(terms.symbol)
        if quote is None:
            return terms.limit_price or terms.stop_price
        touch = quote.ask if terms.side.sign > 0 else quote.bid
        if terms.limit_price is None:
            return touch
        return min(touch, terms.limit_price) if terms.side.sign > 0 else max(touch, terms.limit_price)


def _terms(terms: OrderTerms | None) -> dict[str, Any]:
    names = ("symbol", "side", "order_type", "quantity", "limit_price", "stop_price", "time_in_force", "reduce_only")
    return {name: None if terms is None else to_json(getattr(terms, name)) for name in names}


async def _plan(session: DbSession, question: Question, now: datetime) -> ApprovedPlan | None:
    """Return the plan that placing would make, None where the account is not the user's."""
    row = (await session.execute(_PLACE, {"account": question.account_id, "user": question.user_id})).one_or_none()
    if row is None:
        return None
    return ApprovedPlan(
        plan_id=PlanId(new_id()),
        user_id=question.user_id,
        trace_id=TraceId(new_id()),
        signal_id=SignalId(new_id()),
        source_id=SourceId(row.source_id or new_id()),
        source_state="active",
        follow_id=None,
        follow_state=None,
        account_id=question.account_id,
        account_state=row.state,
        connection_id=ConnectionId(row.connection_id),
        connection_state=row.connection_state,
        venue=row.venue,
        partition=row.partition,
        is_paper=row.is_paper,
        intent=question.intent,
        sizing_mode=SizingMode.MULTIPLIER,
        sizing_value=ONE,
        exit_policy=ExitPolicy(),
        origin=ORIGIN,
        confirmation=question.confirmation,
        confidence=CERTAIN,
        received_at=now,
        signal_at=None,
        created_at=now,
        decided_at=now,
        expires_at=now,
        may_trade=row.may_trade,
        is_demo=row.is_demo,
    )
