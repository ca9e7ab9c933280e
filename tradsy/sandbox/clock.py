"""The venue's clock: the system's, moved by the control API; `skew` only changes what the venue says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache


class VenueClock:
    def __init__(self) -> None:
        self.offset = timedelta(0)
        self.skew = timedelta(0)
        """Added to times in answers, not to times that decide anything."""

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def shown(self) -> datetime:
        return self.now() + self.skew

    def set(self, at: datetime) -> None:
        self.offset = at - datetime.now(UTC)


@lru_cache(maxsize=256)
def format_time(at: datetime) -> str:
    """Write a time with microseconds and Z; remembered because one event writes the same time five times."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Read a time; one without a zone is UTC.

    Raises:
        ValueError: it is no ISO 8601 time.
    """
    at = datetime.fromisoformat(text.replace(" ", "+"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)
