"""The catalogue of instruments: one table, held in memory, asked on every order without I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from tradsy.domain.errors import UnknownInstrument
from tradsy.domain.instruments import (
    AssetClass,
    Instrument,
    parse_asset_class,
    parse_option_symbol,
)
from tradsy.domain.money import ONE, ZERO
from tradsy.market_data.universe import default_instruments
from tradsy.platform.db import DbSession, sql

OPTION_MULTIPLIER = Decimal(100)
"""Shares per listed US equity option contract (OCC)."""
_OPTIONABLE = frozenset({AssetClass.STOCK, AssetClass.ETF})
_MAX_DERIVED = 20_000

_INSERT = sql(
    "insert into instruments (symbol, asset_class, name, currency, tick_size, lot_size, min_quantity, min_notional, "
    "multiplier, calendar, tradable, updated_at) "
    "select *, cast(:at as timestamptz) from unnest(cast(:symbol as text[]), cast(:asset_class as text[]), "
    "cast(:name as text[]), cast(:currency as text[]), cast(:tick_size as numeric[]), cast(:lot_size as numeric[]), "
    "cast(:min_quantity as numeric[]), cast(:min_notional as numeric[]), cast(:multiplier as numeric[]), "
    "cast(:calendar as text[]), cast(:tradable as boolean[])) on conflict (symbol) do nothing"
)
_COLUMNS = (
    "symbol",
    "asset_class",
    "name",
    "currency",
    "tick_size",
    "lot_size",
    "min_quantity",
    "min_notional",
    "multiplier",
    "calendar",
    "tradable",
)


async def ensure_instruments(session: DbSession, *, at: datetime) -> None:
    """Insert the default instruments that are missing; rows that an operator changed stay as they are."""
    listed = default_instruments()
    columns = {name: [getattr(instrument, name) for instrument in listed] for name in _COLUMNS}
    await session.execute(_INSERT, {**columns, "at": at})


class InstrumentCatalog:
    """All instruments of the installation."""

    def __init__(self, instruments: Iterable[Instrument] = ()) -> None:
        self._listed: dict[str, Instrument] = {}
        self._option_roots: dict[str, Instrument] = {}
        self._future_roots: dict[str, Instrument] = {}
        self._derived: dict[str, Instrument] = {}
        self.replace(instruments)

    async def load(self, session: DbSession) -> None:
        """Read the whole table."""
        rows = await session.execute(sql(f"select {', '.join(_COLUMNS)} from instruments"))
        self.replace(_from_row(dict(row)) for row in rows)

    def replace(self, instruments: Iterable[Instrument]) -> None:
        """Take `instruments` as the whole catalogue."""
        self._listed = {instrument.symbol: instrument for instrument in instruments}
        self._option_roots = {
            symbol.replace(".", ""): i for symbol, i in self._listed.items() if i.asset_class in _OPTIONABLE
        }
        self._future_roots = {
            symbol.removesuffix("1!"): i
            for symbol, i in self._listed.items()
            if i.asset_class is AssetClass.FUTURE and symbol.endswith("1!")
        }
        self._derived = {}

    def find(self, symbol: str) -> Instrument | None:
        """Return the instrument of a canonical symbol; contracts of listed roots are derived."""
        return self._listed.get(symbol) or self._derived.get(symbol) or self._derive(symbol)

    def get(self, symbol: str) -> Instrument:
        """Return the instrument of a canonical symbol.

        Raises:
            UnknownInstrument: it is not listed, and no contract of a listed root.
        """
        instrument = self.find(symbol)
        if instrument is None:
            raise UnknownInstrument
        return instrument

    def search(self, query: str, *, asset_class: AssetClass | None = None) -> list[Instrument]:
        """Return the listed instruments whose symbol or name holds `query`: best first, then by symbol."""
        wanted = query.strip().upper()
        found = [
            i
            for i in self._listed.values()
            if (asset_class is None or i.asset_class is asset_class)
            and (wanted in i.symbol or wanted in i.name.upper())
        ]
        exact = self.find(wanted) if wanted and wanted not in self._listed else None
        if exact is not None and asset_class in {None, exact.asset_class}:
            found.append(exact)
        return sorted(found, key=lambda i: (i.symbol != wanted, not i.symbol.startswith(wanted), i.symbol))

    def __len__(self) -> int:
        return len(self._listed)

    def calendars(self) -> set[str]:
        """Return the calendar codes in use."""
        return {instrument.calendar for instrument in self._listed.values()}

    def _derive(self, symbol: str) -> Instrument | None:
        try:
            asset_class = parse_asset_class(symbol)
            if asset_class is AssetClass.OPTION:
                derived = self._option(symbol)
            elif asset_class is AssetClass.FUTURE:
                derived = self._future(symbol)
            else:
                return None
        except UnknownInstrument:
            return None
        if derived is not None:
            if len(self._derived) >= _MAX_DERIVED:
                self._derived.clear()
            self._derived[symbol] = derived
        return derived

    def _option(self, symbol: str) -> Instrument | None:
        terms = parse_option_symbol(symbol)
        underlying = self._option_roots.get(terms.root)
        if underlying is None:
            return None
        right = "call" if terms.right == "C" else "put"
        return Instrument(
            symbol,
            AssetClass.OPTION,
            f"{underlying.symbol} {terms.expires_on:%Y-%m-%d} {terms.strike} {right}",
            currency=underlying.currency,
            tick_size=Decimal("0.01"),
            lot_size=ONE,
            min_quantity=ONE,
            min_notional=ZERO,
            multiplier=OPTION_MULTIPLIER,
            calendar=underlying.calendar,
            tradable=underlying.tradable,
        )

    def _future(self, symbol: str) -> Instrument | None:
        # The form is known: root, month letter, two digits of the year.
        front = self._future_roots.get(symbol[:-3])
        return None if front is None else replace(front, symbol=symbol)


def _from_row(row: dict[str, object]) -> Instrument:
    """Numeric columns come with 18 decimals; steps are compared and shown without the zeros."""
    values = {key: _plain(value) if isinstance(value, Decimal) else value for key, value in row.items()}
    values["asset_class"] = AssetClass(str(values["asset_class"]))
    return Instrument(**values)  # pyright: ignore[reportArgumentType] - one column per field


def _plain(value: Decimal) -> Decimal:
    normal = value.normalize()
    return normal.quantize(ONE) if normal == normal.to_integral_value() else normal
