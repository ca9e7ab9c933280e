"""The clock that everything is given: production reads the system, tests hold time still."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Source of time; nothing else in Tradsy asks the operating system for it."""

    def now(self) -> datetime:
        """Return the wall time, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences mean something."""
        ...


class SystemClock:
    """The operating system's clock."""

    def now(self) -> datetime:
        """Return the wall time, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the monotonic clock in seconds."""
        return time.monotonic()


class FrozenClock:
    """A clock that moves only when told to."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._monotonic = 1_000.0

    def now(self) -> datetime:
        """Return the held wall time."""
        return self._at

    def monotonic(self) -> float:
        """Return the held monotonic time."""
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        """Move both clocks forward by `by`."""
        self._at += by
        self._monotonic += by.total_seconds()
