"""Routes of orders by hand: see what one would come to, and place it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from tradsy.domain.errors import Forbidden, Limited, UnknownInstrument
from tradsy.domain.ids import AccountId
from tradsy.domain.orders import OrderType, Side, TimeInForce
from tradsy.execution import preview
from tradsy.execution.errors import OrderUnreadable
from tradsy.execution.preview import Question
from tradsy.execution.questions import OwnerSilent
from tradsy.follows.errors import NoSuchAccount
from tradsy.follows.model import TradeIntent
from tradsy.follows.placing import find_place
from tradsy.follows.schemas import Confirmation
from tradsy.identity.deps import ConsentedCallerDep, IdentityDep, UserSession, require
from tradsy.identity.errors import ConsentRequired
from tradsy.identity.model import Caller
from tradsy.platform.deps import ClockDep, DatabaseDep, OutboxDep
from tradsy.platform.web import DecimalText, StrictModel, problem_responses
from tradsy.platform.web.idempotent import IdempotencyKeyRequired, IdempotencyKeyReused
from tradsy.signals.answers import answer_receipt
from tradsy.signals.errors import PROBLEMS, Unreadable
from tradsy.signals.model import Incoming
from tradsy.signals.schemas import SignalReceipt
from tradsy.signals.tickets import Ticket, TicketDesk, read_ticket

router = APIRouter(tags=["execution"])

Trader = Annotated[Caller, Depends(require("trade"))]
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The order's id: it is placed once, for ever.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[\x21-\x7e]{1,128}$"},
}
_NOT_ORDER = {"account_id", "confirmation"}
Amount = Annotated[str, Field(max_length=60, pattern=r"^\d{1,18}(\.\d{1,18})?$")]


class OrderCreate(StrictModel):
    """One order by hand. Prices are quote currency per unit; decimals are text."""

    account_id: UUID = Field(description="An own account.")
    symbol: str = Field(max_length=40, description="Canonical symbol.")
    side: Side = Field(description="Direction.")
    position_effect: Literal["open", "close"] = Field(
        default="open", description="`close` takes from what is held and never turns the position round."
    )
    quantity: Amount | None = Field(default=None, description="Units; a closing order without it takes all.")
    notional: Amount | None = Field(default=None, description="Account currency instead of units.")
    type: OrderType = Field(default=OrderType.MARKET, description="How the order is priced.")
    limit_price: Amount | None = Field(default=None, description="For limit and stop-limit orders.")
    stop_price: Amount | None = Field(default=None, description="For stop and stop-limit orders.")
    trail_amount: Amount | None = Field(default=None, description="For trailing stops: distance in quote currency.")
    trail_percent: Amount | None = Field(default=None, description="For trailing stops: distance in percent.")
    stop_loss: Amount | None = Field(default=None, description="Protective stop, placed as the entry fills.")
    take_profit: Amount | None = Field(default=None, description="Profit target, placed as the entry fills.")
    time_in_force: TimeInForce | None = Field(default=None, description="`day` unless the market never closes.")
    extended_hours: bool = Field(default=False, description="Also outside of regular hours.")
    confirmation: Confirmation | None = Field(default=None, description="Where a soft limit asks for a reason.")

    def to_intent(self) -> TradeIntent:
        """Return the order as an intent.

        Raises:
            OrderUnreadable: its fields do not fit together.
        """
        order = self.model_dump(mode="json", exclude_none=True, exclude=_NOT_ORDER)
        if self.position_effect == "open" and self.quantity is None and self.notional is None:
            raise OrderUnreadable("Give a quantity or a notional.", field="quantity", reason="field_missing")
        try:
            return read_ticket(order)
        except Unreadable as problem:
            raise OrderUnreadable(PROBLEMS[problem.code], field=problem.field, reason=problem.code) from None


class OrderPreview(StrictModel):
    """What an order by hand would come to now; nothing was stored or sent."""

    outcome: Literal["approved", "confirm", "refused"] = Field(
        description="Whether placing it would send it; `confirm` asks for a typed confirmation first."
    )
    reasons: list[str] = Field(description="Codes of the rules that stand against it.")
    checks: list[dict[str, Any]] = Field(description="rule, code, outcome, numbers, text.")
    symbol: str | None = Field(description="Canonical symbol; null where it comes to no order.")
    side: Side | None = Field(description="Direction.")
    order_type: OrderType | None = Field(description="As it would be sent: a market order may go as a limit.")
    quantity: DecimalText | None = Field(description="Units.")
    limit_price: DecimalText | None = Field(description="Quote currency per unit.")
    stop_price: DecimalText | None = Field(description="Quote currency per unit.")
    time_in_force: TimeInForce | None = Field(description="How long it would stand.")
    reduce_only: bool | None = Field(description="It can make a position smaller, never larger.")
    exits: dict[str, Any] | None = Field(description="Prices of the protective orders that its fills call for.")
    estimated_price: DecimalText | None = Field(description="What a fill would cost now, quote currency per unit.")
    estimated_notional: DecimalText | None = Field(description="The same times quantity and multiplier.")
    currency: str | None = Field(description="Of the account.")
    buying_power: DecimalText | None = Field(description="Before the order, account currency.")
    at: datetime = Field(description="When it was judged, UTC.")


@router.post(
    "/orders/preview",
    responses=problem_responses(Forbidden, NoSuchAccount, OrderUnreadable, UnknownInstrument, OwnerSilent, Limited),
    summary="See what an order would come to",
)
async def preview_order(
    body: OrderCreate,
    caller: Trader,
    session: UserSession,
    request: Request,
    identity: IdentityDep,
    clock: ClockDep,
) -> OrderPreview:
    """Judge an order as placing it would, with every check and its numbers; store and send nothing."""
    intent = _known(body.to_intent(), request)
    identity.limiter.check("orders", str(caller.user_id))
    await find_place(session, caller.user_id, AccountId(body.account_id))
    typed = _confirmation(body, caller, clock.now())
    question = Question(caller.user_id, AccountId(body.account_id), intent, typed)
    return OrderPreview.model_validate(await preview.ask(request.app.state.bus, question), strict=False)


@router.post(
    "/orders",
    status_code=202,
    response_model=SignalReceipt,
    dependencies=[Depends(require("trade"))],
    responses={
        200: {"model": SignalReceipt, "description": "The key came before: the first one's ids."},
        **problem_responses(
            IdempotencyKeyRequired,
            Forbidden,
            ConsentRequired,
            NoSuchAccount,
            OrderUnreadable,
            UnknownInstrument,
            IdempotencyKeyReused,
            Limited,
        ),
    },
    openapi_extra={"parameters": [_KEY_PARAMETER]},
    summary="Place an order by hand",
)
async def place_order(
    body: OrderCreate,
    caller: ConsentedCallerDep,
    request: Request,
    database: DatabaseDep,
    outbox: OutboxDep,
    clock: ClockDep,
    identity: IdentityDep,
) -> Response:
    """Store an order and answer after the commit: its timeline tells what risk said and what became of it."""
    received_at = clock.now()
    key = request.headers.get("idempotency-key", "")
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyRequired
    intent = _known(body.to_intent(), request)
    identity.limiter.check("orders", str(caller.user_id))
    desk = TicketDesk(database, outbox)
    incoming = Incoming(await request.body(), "application/json", received_at)
    ticket = Ticket(AccountId(body.account_id), intent, _confirmation(body, caller, received_at))
    return answer_receipt(await desk.place(caller.user_id, caller.actor, ticket, incoming, key=key))


def _known(intent: TradeIntent, request: Request) -> TradeIntent:
    if intent.symbol is None or request.app.state.catalog.find(intent.symbol) is None:
        raise UnknownInstrument
    return intent


def _confirmation(body: OrderCreate, caller: Caller, now: datetime) -> dict[str, Any] | None:
    typed = body.confirmation
    return None if typed is None else typed.to_record(stepped_up=caller.is_stepped_up(now))
