"""Sessions: phases, ends of days, and the exchange's holidays against a published calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import exchange_calendars
import pytest

from tradsy.simulation.model import MarketPhase
from tradsy.simulation.nyse import nyse_calendar
from tradsy.simulation.sessions import AlwaysOpen, Session, SessionCalendar, WeekdaySessions

OPEN_AT = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
SESSION = Session(OPEN_AT, OPEN_AT + timedelta(hours=6.5), OPEN_AT - timedelta(hours=5), OPEN_AT + timedelta(hours=10))


@pytest.mark.parametrize(
    ("hours", "phase"),
    [
        (-5.1, "closed"),
        (-5, "extended"),
        (-0.1, "extended"),
        (0, "open"),
        (6.4, "open"),
        (6.5, "extended"),
        (10, "closed"),
    ],
)
def test_phases_change_at_their_instants(hours: float, phase: str) -> None:
    assert SessionCalendar([SESSION]).phase(OPEN_AT + timedelta(hours=hours)) is MarketPhase(phase)


def test_a_day_order_ends_at_the_next_close() -> None:
    regular = Session.regular(OPEN_AT + timedelta(days=3), OPEN_AT + timedelta(days=3, hours=6))
    calendar = SessionCalendar([SESSION, regular])
    assert calendar.day_end(OPEN_AT) == SESSION.close_at
    assert calendar.day_end(SESSION.close_at) == regular.close_at
    assert calendar.extended_day_end(SESSION.close_at) == SESSION.extended_close_at
    assert calendar.day_end(OPEN_AT - timedelta(days=2)) == SESSION.close_at
    assert calendar.day_end(regular.close_at) is None


@pytest.mark.parametrize(
    ("at", "phase", "ends"),
    [
        (datetime(2026, 3, 6, 21, 59, tzinfo=UTC), "open", datetime(2026, 3, 6, 22, tzinfo=UTC)),
        (datetime(2026, 3, 6, 22, 0, tzinfo=UTC), "closed", datetime(2026, 3, 9, 22, tzinfo=UTC)),
        (datetime(2026, 3, 7, 12, 0, tzinfo=UTC), "closed", datetime(2026, 3, 9, 22, tzinfo=UTC)),
        (datetime(2026, 3, 8, 22, 0, tzinfo=UTC), "open", datetime(2026, 3, 9, 22, tzinfo=UTC)),
    ],
)
def test_forex_trades_around_the_clock_on_weekdays(at: datetime, phase: str, ends: datetime) -> None:
    week = WeekdaySessions()
    assert week.phase(at) is MarketPhase(phase)
    assert week.day_end(at) == ends == week.extended_day_end(at)


def test_an_always_open_market_ends_its_days_at_midnight() -> None:
    at = datetime(2026, 3, 7, 23, 59, 59, tzinfo=UTC)
    assert AlwaysOpen().phase(at) is MarketPhase.OPEN
    assert AlwaysOpen().day_end(at) == datetime(2026, 3, 8, tzinfo=UTC) == AlwaysOpen().extended_day_end(at)


def test_nyse_sessions_agree_with_the_published_calendar() -> None:
    published = exchange_calendars.get_calendar("XNYS", start="2022-01-01", end="2026-12-31")
    ours = nyse_calendar(2022, 2026)
    at = datetime(2022, 1, 1, tzinfo=UTC)
    sessions: list[tuple[datetime, datetime]] = []
    while (close := ours.day_end(at)) is not None:
        opened = next(s.open_at for s in ours.sessions if s.close_at == close)
        sessions.append((opened, close))
        at = close
    schedule: Any = published.schedule
    expected: list[tuple[datetime, datetime]] = [
        (row.open.to_pydatetime(), row.close.to_pydatetime()) for row in schedule.itertuples()
    ]
    assert sessions == expected
