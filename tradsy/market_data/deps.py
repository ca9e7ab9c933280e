"""What handlers ask market data for."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from tradsy.market_data.calendars import TradingCalendars
from tradsy.market_data.instruments import InstrumentCatalog
from tradsy.market_data.quotes import QuoteCache


async def get_catalog(connection: HTTPConnection) -> InstrumentCatalog:
    """Return the process's catalogue of instruments."""
    return cast("InstrumentCatalog", connection.app.state.catalog)


async def get_quotes(connection: HTTPConnection) -> QuoteCache:
    """Return the process's quotes."""
    return cast("QuoteCache", connection.app.state.quotes)


async def get_calendars(connection: HTTPConnection) -> TradingCalendars:
    """Return the process's calendars."""
    return cast("TradingCalendars", connection.app.state.calendars)


CatalogDep = Annotated[InstrumentCatalog, Depends(get_catalog)]
QuotesDep = Annotated[QuoteCache, Depends(get_quotes)]
CalendarsDep = Annotated[TradingCalendars, Depends(get_calendars)]
