"""What the API shows of market data."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pydantic import Field

from tradsy.domain.instruments import AssetClass, Instrument
from tradsy.domain.market import Quote
from tradsy.platform.web import StrictModel


class InstrumentRead(StrictModel):
    """One tradable instrument."""

    symbol: str = Field(description="Canonical symbol.")
    asset_class: AssetClass = Field(description="Kind of instrument.")
    name: str = Field(description="Name for people.")
    currency: str = Field(description="Currency of price, profit and fees.")
    tick_size: Decimal = Field(description="Smallest price step, in `currency`.")
    lot_size: Decimal = Field(description="Smallest size step, in units.")
    min_quantity: Decimal = Field(description="Smallest order size, in units.")
    min_notional: Decimal = Field(description="Smallest order value, in `currency`.")
    multiplier: Decimal = Field(description="Cash per point and unit.")
    calendar: str = Field(description="Exchange calendar (ISO 10383 MIC), or `24/7`, or `24/5`.")
    tradable: bool = Field(description="Whether orders are taken.")
    is_open: bool | None = Field(description="Whether the regular session runs now; null is unknown.")
    opens_at: datetime | None = Field(description="Start of the session that runs or comes next, UTC.")
    closes_at: datetime | None = Field(description="End of that session, UTC.")


class QuoteRead(StrictModel):
    """The last quote of an instrument."""

    symbol: str = Field(description="Canonical symbol.")
    bid: Decimal = Field(description="Best bid, quote currency per unit.")
    ask: Decimal = Field(description="Best ask, quote currency per unit.")
    last: Decimal = Field(description="Last price, quote currency per unit.")
    at: datetime = Field(description="When the market made it, UTC.")
    age_ms: int = Field(description="Age now, milliseconds: the reader decides what is stale.")
    halted: bool = Field(description="Whether trading is halted.")
    session_open: bool | None = Field(description="Whether the venue's session is open; null is unknown.")


class QuoteList(StrictModel):
    """Quotes of the asked symbols."""

    items: list[QuoteRead] = Field(description="In the order asked; symbols without a quote are left out.")


def read_instrument(
    instrument: Instrument, *, is_open: bool | None, session: tuple[datetime, datetime] | None
) -> InstrumentRead:
    """Return what the API shows of an instrument."""
    return InstrumentRead(
        symbol=instrument.symbol,
        asset_class=instrument.asset_class,
        name=instrument.name,
        currency=instrument.currency,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        min_quantity=instrument.min_quantity,
        min_notional=instrument.min_notional,
        multiplier=instrument.multiplier,
        calendar=instrument.calendar,
        tradable=instrument.tradable,
        is_open=is_open,
        opens_at=session[0] if session else None,
        closes_at=session[1] if session else None,
    )


def read_quote(quote: Quote, now: datetime) -> QuoteRead:
    """Return what the API shows of a quote."""
    return QuoteRead(
        symbol=quote.symbol,
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
        at=quote.at,
        age_ms=max(0, int((now - quote.at).total_seconds() * 1000)),
        halted=quote.halted,
        session_open=quote.session_open,
    )
