"""Trading sessions as data: the engine is told when a market opens and closes, it knows no holiday."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tradsy.simulation.model import MarketPhase


@dataclass(frozen=True, slots=True)
class Session:
    """One session; extended hours lie around it. Invariant: extended_open <= open < close <= extended_close."""

    open_at: datetime
    close_at: datetime
    extended_open_at: datetime
    extended_close_at: datetime

    @classmethod
    def regular(cls, open_at: datetime, close_at: datetime) -> Session:
        """Return a session without extended hours."""
        return cls(open_at, close_at, open_at, close_at)


class SessionCalendar:
    """Sessions of one market, oldest first; days without one are holidays."""

    def __init__(self, sessions: Sequence[Session]) -> None:
        self._sessions = sorted(sessions, key=lambda s: s.open_at)
        self._starts = [s.extended_open_at for s in self._sessions]

    @property
    def sessions(self) -> Sequence[Session]:
        """All sessions, oldest first; empty for a market that has none to list."""
        return self._sessions

    def phase(self, at: datetime) -> MarketPhase:
        """Return the phase at `at`."""
        session = self._session_begun(at)
        if session is None or at >= session.extended_close_at:
            return MarketPhase.CLOSED
        return MarketPhase.OPEN if session.open_at <= at < session.close_at else MarketPhase.EXTENDED

    def day_end(self, at: datetime) -> datetime | None:
        """Return the first regular close after `at`: when a DAY order entered at `at` ends. None is never."""
        index = max(bisect_right(self._starts, at) - 1, 0)
        return next((s.close_at for s in self._sessions[index : index + 2] if s.close_at > at), None)

    def extended_day_end(self, at: datetime) -> datetime | None:
        """Return the first extended close after `at`."""
        index = max(bisect_right(self._starts, at) - 1, 0)
        return next((s.extended_close_at for s in self._sessions[index : index + 2] if s.extended_close_at > at), None)

    def _session_begun(self, at: datetime) -> Session | None:
        index = bisect_right(self._starts, at) - 1
        return self._sessions[index] if index >= 0 else None


class AlwaysOpen(SessionCalendar):
    """A market that never closes (crypto, demo sessions); its DAY orders end at midnight UTC."""

    def __init__(self) -> None:
        super().__init__(())

    def phase(self, at: datetime) -> MarketPhase:
        """Return OPEN."""
        return MarketPhase.OPEN

    def day_end(self, at: datetime) -> datetime | None:
        """Return the next midnight UTC."""
        return _midnight_after(at)

    def extended_day_end(self, at: datetime) -> datetime | None:
        """Return the next midnight UTC."""
        return _midnight_after(at)


class WeekdaySessions(SessionCalendar):
    """24 hours a day from Sunday 22:00 to Friday 22:00 UTC: forex."""

    def __init__(self) -> None:
        super().__init__(())

    def phase(self, at: datetime) -> MarketPhase:
        """Return OPEN during the week, CLOSED at the weekend."""
        weekday, hour = at.weekday(), at.hour
        closed = weekday == 5 or (weekday == 4 and hour >= 22) or (weekday == 6 and hour < 22)
        return MarketPhase.CLOSED if closed else MarketPhase.OPEN

    def day_end(self, at: datetime) -> datetime | None:
        """Return the next 22:00 UTC at which a trading day ends."""
        end = at.astimezone(UTC).replace(hour=22, minute=0, second=0, microsecond=0)
        while end <= at or end.weekday() in {5, 6}:
            end += timedelta(days=1)
        return end

    def extended_day_end(self, at: datetime) -> datetime | None:
        """Return `day_end`."""
        return self.day_end(at)


def _midnight_after(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
