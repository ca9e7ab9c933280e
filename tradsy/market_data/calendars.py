"""Sessions per exchange calendar, precomputed, so that asking on the order path costs two look-ups.

`exchange_calendars` brings pandas, which takes seconds to import and would hold up every order meanwhile: `prepare`
asks a process of its own (`python -m tradsy.market_data.calendars START END CODE...`), and only for calendars that are
in use. Until then, and beyond what was prepared, the answer is "unknown".
"""

from __future__ import annotations

import asyncio
import json
import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from tradsy.platform.clock import Clock

log = structlog.get_logger(__name__)

NEW_YORK = ZoneInfo("America/New_York")
ALWAYS, WEEKDAYS = "24/7", "24/5"
PAST, AHEAD = timedelta(days=10), timedelta(days=60)
_REFRESH_EVERY = timedelta(hours=12)
_DAY = timedelta(days=1)
_FOREX_CLOSE = time(17)
"""New York time at which a forex day ends and the week begins (Sunday) and ends (Friday)."""


@dataclass(frozen=True, slots=True)
class SessionBounds:
    """One regular session, aware UTC; `close_at` is not part of it."""

    open_at: datetime
    close_at: datetime


@dataclass(frozen=True, slots=True)
class _Prepared:
    start: datetime
    end: datetime
    sessions: tuple[SessionBounds, ...]
    opens: tuple[datetime, ...]


def trading_day(at: datetime) -> date:
    """Return the day to which `at` belongs for daily limits and daily profit: the date in New York."""
    return at.astimezone(NEW_YORK).date()


def trading_day_start(day: date) -> datetime:
    """Return when a trading day begins, aware UTC."""
    return datetime.combine(day, time(0), NEW_YORK).astimezone(UTC)


class TradingCalendars:
    """Sessions of the calendars in use, from ten days back to sixty ahead."""

    def __init__(self) -> None:
        self._prepared: dict[str, _Prepared] = {}

    async def prepare(self, codes: Iterable[str], at: datetime) -> None:
        """Compute the sessions around `at`, in another process; unknown codes stay unknown.

        Raises:
            OSError: the process cannot be started.
            ValueError: it failed.
        """
        exchanges = sorted(set(codes) - {ALWAYS, WEEKDAYS})
        if not exchanges:
            return
        start, end = at - PAST, at + AHEAD
        computed = await _ask(exchanges, start, end)
        for code in exchanges:
            if code not in computed:
                log.warning("unknown calendar", calendar=code)
                continue
            sessions = tuple(
                SessionBounds(datetime.fromtimestamp(opened, UTC), datetime.fromtimestamp(closed, UTC))
                for opened, closed in computed[code]
            )
            # The first and the last day may be cut: only what lies a day inside is known.
            self._prepared[code] = _Prepared(
                start + _DAY, end - _DAY, sessions, tuple(session.open_at for session in sessions)
            )

    async def run(self, codes: Iterable[str], clock: Clock) -> None:
        """Keep the sessions ahead computed, for ever."""
        wanted = sorted(set(codes))
        while True:
            try:
                await self.prepare(wanted, clock.now())
            except (ValueError, OSError):
                log.exception("sessions not computed")
            await asyncio.sleep(_REFRESH_EVERY.total_seconds())

    def is_open(self, calendar: str, at: datetime) -> bool | None:
        """Whether the regular session runs at `at`; None is unknown."""
        if calendar == ALWAYS:
            return True
        if calendar != WEEKDAYS and not self._covers(calendar, at):
            return None
        session = self.session_bounds(calendar, at)
        return session is not None and session.open_at <= at < session.close_at

    def session_bounds(self, calendar: str, at: datetime) -> SessionBounds | None:
        """Return the session that runs at `at`, else the next one; None is unknown."""
        if calendar == ALWAYS:
            midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            return SessionBounds(midnight, midnight + _DAY)
        if calendar == WEEKDAYS:
            return _weekday_session(at)
        if not self._covers(calendar, at):
            return None
        prepared = self._prepared[calendar]
        index = max(bisect_right(prepared.opens, at) - 1, 0)
        ahead: Sequence[SessionBounds] = prepared.sessions[index : index + 2]
        return next((session for session in ahead if session.close_at > at), None)

    def _covers(self, calendar: str, at: datetime) -> bool:
        prepared = self._prepared.get(calendar)
        return prepared is not None and prepared.start <= at < prepared.end


def _weekday_session(at: datetime) -> SessionBounds:
    """Return the forex day, 17:00 to 17:00 New York, that runs at `at` or comes next; none begins on Friday."""
    local = at.astimezone(NEW_YORK)
    closes = local.date() if local.time() < _FOREX_CLOSE else local.date() + _DAY
    while closes.weekday() in {5, 6}:
        closes += _DAY
    return SessionBounds(_new_york(closes - _DAY), _new_york(closes))


def _new_york(day: date) -> datetime:
    return datetime.combine(day, _FOREX_CLOSE, NEW_YORK).astimezone(UTC)


async def _ask(codes: Sequence[str], start: datetime, end: datetime) -> dict[str, list[tuple[int, int]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tradsy.market_data.calendars",
        start.date().isoformat(),
        end.date().isoformat(),
        *codes,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        answer, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise ValueError(f"the calendar process ended with status {process.returncode}")
    return json.loads(answer)


def compute(codes: Sequence[str], start: date, end: date) -> dict[str, list[tuple[int, int]]]:
    """Return opens and closes of the sessions of each known calendar, in seconds since 1970."""
    import exchange_calendars
    from exchange_calendars.errors import InvalidCalendarName

    found: dict[str, list[tuple[int, int]]] = {}
    for code in codes:
        with suppress(InvalidCalendarName):
            calendar = exchange_calendars.get_calendar(code, start=start, end=end)
            pairs = zip(calendar.opens.array, calendar.closes.array, strict=True)
            found[code] = [(int(opened.timestamp()), int(closed.timestamp())) for opened, closed in pairs]
    return found


if __name__ == "__main__":
    first, last, *asked = sys.argv[1:]
    json.dump(compute(asked, date.fromisoformat(first), date.fromisoformat(last)), sys.stdout)
