"""US equity sessions, computed from the published holiday rules.

Source: NYSE "Holidays and Trading Hours" (nyse.com/markets/hours-calendars), rules 7.2 and 51. Regular session
09:30-16:00, early close 13:00, extended hours 04:00-20:00 (to 17:00 on early closes), all New York time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tradsy.simulation.sessions import Session, SessionCalendar

_NEW_YORK = ZoneInfo("America/New_York")
_DAY = timedelta(days=1)
_UNSCHEDULED = frozenset({date(2025, 1, 9)})
"""Closed by notice: the national day of mourning for President Carter."""


def nyse_calendar(first_year: int, last_year: int) -> SessionCalendar:
    """Return the sessions of the years, both included."""
    return SessionCalendar([s for year in range(first_year, last_year + 1) for s in _sessions(year)])


def _sessions(year: int) -> Iterator[Session]:
    holidays, early = nyse_holidays(year), nyse_early_closes(year)
    day = date(year, 1, 1)
    while day.year == year:
        if day.weekday() < 5 and day not in holidays:
            close, late = (time(13), time(17)) if day in early else (time(16), time(20))
            yield Session(_utc(day, time(9, 30)), _utc(day, close), _utc(day, time(4)), _utc(day, late))
        day += _DAY


def nyse_holidays(year: int) -> frozenset[date]:
    """Return the days on which the exchange is closed, weekends apart."""
    days = {
        _nth(year, 1, 0, 3),
        _nth(year, 2, 0, 3),
        _easter(year) - 2 * _DAY,
        _last_monday_of_may(year),
        _observed(date(year, 6, 19)),
        _observed(date(year, 7, 4)),
        _nth(year, 9, 0, 1),
        _nth(year, 11, 3, 4),
        _observed(date(year, 12, 25)),
    }
    new_year = date(year, 1, 1)
    if new_year.weekday() != 5:  # a Saturday's New Year is not made up: the books of the old year close on Friday
        days.add(_observed(new_year))
    return frozenset(days) | {day for day in _UNSCHEDULED if day.year == year}


def nyse_early_closes(year: int) -> frozenset[date]:
    """Return the days that end at 13:00."""
    days = {_nth(year, 11, 3, 4) + _DAY}
    eve_of_july_4 = date(year, 7, 3)
    if eve_of_july_4.weekday() < 4:
        days.add(eve_of_july_4)
    christmas_eve = date(year, 12, 24)
    if christmas_eve.weekday() < 4:
        days.add(christmas_eve)
    return frozenset(days)


def _utc(day: date, at: time) -> datetime:
    return datetime.combine(day, at, _NEW_YORK).astimezone(UTC)


def _observed(day: date) -> date:
    return day - _DAY if day.weekday() == 5 else day + _DAY if day.weekday() == 6 else day


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def _easter(year: int) -> date:
    """Western Easter by the anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    week = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * week) // 451
    month, day = divmod(h + week - 7 * m + 114, 31)
    return date(year, month, day + 1)
