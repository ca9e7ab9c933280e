"""`/instruments` and `/quotes`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from tradsy.domain.errors import Forbidden, Invalid, Unauthenticated, UnknownInstrument
from tradsy.domain.instruments import AssetClass, Instrument, normalize_symbol
from tradsy.identity.deps import require
from tradsy.market_data.calendars import TradingCalendars
from tradsy.market_data.deps import CalendarsDep, CatalogDep, QuotesDep
from tradsy.market_data.schemas import InstrumentRead, QuoteList, read_instrument, read_quote
from tradsy.platform.deps import ClockDep
from tradsy.platform.web import CursorPage, PagingDep, cut_page, decode_cursor, problem_responses

MAX_SYMBOLS = 200

router = APIRouter(
    tags=["market data"],
    dependencies=[Depends(require("read"))],
    responses=problem_responses(Unauthenticated, Forbidden),
)


@router.get("/instruments", responses=problem_responses(Invalid))
async def list_instruments(
    catalog: CatalogDep,
    calendars: CalendarsDep,
    clock: ClockDep,
    paging: PagingDep,
    query: Annotated[str, Query(max_length=64, description="Part of a symbol or a name.")] = "",
    asset_class: Annotated[AssetClass | None, Query(description="Only this kind.")] = None,
) -> CursorPage[InstrumentRead]:
    """Search the instruments: best match first; contracts of listed roots are found by their full symbol."""
    skip = decode_cursor(paging.cursor, int)[0] if paging.cursor else 0
    found = catalog.search(query, asset_class=asset_class)[max(skip, 0) :]
    numbered = list(enumerate(found[: paging.limit + 1], start=skip + 1))
    page = cut_page(numbered, paging, lambda row: (row[0],))
    now = clock.now()
    items = [_read(instrument, calendars, now) for _, instrument in page.items]
    return CursorPage(items=items, next_cursor=page.next_cursor)


@router.get("/instruments/{symbol:path}", responses=problem_responses(UnknownInstrument))
async def get_instrument(symbol: str, catalog: CatalogDep, calendars: CalendarsDep, clock: ClockDep) -> InstrumentRead:
    """Return one instrument; takes the spellings of people and of TradingView."""
    return _read(catalog.get(normalize_symbol(symbol[:64])), calendars, clock.now())


@router.get("/quotes", responses=problem_responses(Invalid))
async def list_quotes(
    quotes: QuotesDep,
    clock: ClockDep,
    symbols: Annotated[str, Query(max_length=4096, description="Canonical symbols, parted by commas; at most 200.")],
) -> QuoteList:
    """Return the last quotes with their ages."""
    wanted = list(dict.fromkeys(symbol for part in symbols.split(",") if (symbol := part.strip())))
    if len(wanted) > MAX_SYMBOLS:
        raise Invalid("At most 200 symbols at a time.", limit=MAX_SYMBOLS)
    now = clock.now()
    return QuoteList(items=[read_quote(quote, now) for quote in quotes.many(wanted)])


def _read(instrument: Instrument, calendars: TradingCalendars, now: datetime) -> InstrumentRead:
    bounds = calendars.session_bounds(instrument.calendar, now)
    return read_instrument(
        instrument,
        is_open=calendars.is_open(instrument.calendar, now),
        session=(bounds.open_at, bounds.close_at) if bounds else None,
    )
