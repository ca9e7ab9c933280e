"""What a job is: a named coroutine over ids, perhaps with a timetable."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Concatenate, Generic, ParamSpec
from uuid import UUID

import pycron

from tradsy.domain.errors import Operational
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DbSession, sql

P = ParamSpec("P")

DELIVERIES = 5
"""Attempts before a run is given up as a dead letter."""
TIMEOUT = timedelta(minutes=15)
_NAME = re.compile(r"[a-z_]+\.[a-z_]+")
_FIELD_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
"""Least and greatest minute, hour, day, month, weekday (0 is Sunday)."""
_FIELD_PART = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/([1-9]\d?))?")


class RunLost(Operational):
    """Another worker has taken the run over: what this one was about to write is not its to write."""

    code = "run_lost"
    title = "Another worker has taken this job over"


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job is given besides its arguments."""

    run_id: UUID
    attempt: int
    """1 for the first."""
    database: Database
    clock: Clock
    services: dict[str, Any] = field(default_factory=dict[str, Any])
    """What `entrypoints` gave the worker, by name: settings, mailer, vault ..."""

    async def finish(self, session: DbSession) -> None:
        """Mark the run done in the job's own transaction (as `tradsy_engine`), so that both commit or neither does.

        Raises:
            RunLost: another worker has taken the run over; the transaction must roll back.
        """
        done = await session.execute(
            sql(
                "update job_runs set state = 'done', finished_at = clock_timestamp(), claimed_until = null, "
                "error = null where id = :id and state = 'running' and attempts = :attempt returning 1"
            ),
            {"id": self.run_id, "attempt": self.attempt},
        )
        if done.scalar() is None:
            raise RunLost


@dataclass(frozen=True, slots=True)
class Job(Generic[P]):
    """One kind of background work; idempotent, because a run may be attempted again after a crash."""

    name: str
    """`module.verb_noun`."""
    run: Callable[Concatenate[JobContext, P], Awaitable[None]]
    cron: str = ""
    """Five fields, UTC; empty for a job that only callers start."""
    deliveries: int = DELIVERIES
    timeout: timedelta = TIMEOUT

    def is_due(self, at: datetime) -> bool:
        """Whether the timetable names the minute of `at`."""
        return bool(self.cron) and pycron.is_now(self.cron, at.astimezone(UTC))


def _check_timetable(cron: str) -> None:
    """Refuse at start what would otherwise just never be due.

    Raises:
        ValueError: `cron` is not five fields of numbers, ranges, lists and steps within their bounds.
    """
    fields = cron.split()
    if len(fields) != len(_FIELD_BOUNDS):
        raise ValueError(f"{cron} is not a timetable of five fields")
    for field_text, (least, most) in zip(fields, _FIELD_BOUNDS, strict=True):
        for part in field_text.split(","):
            found = _FIELD_PART.fullmatch(part)
            numbers = [int(number) for number in found.groups()[:2] if number] if found else []
            if found is None or numbers != sorted(numbers) or not all(least <= n <= most for n in numbers):
                raise ValueError(f"{cron} is not a timetable: {part} does not fit its field")


def job(
    name: str, *, cron: str = "", deliveries: int = DELIVERIES, timeout: timedelta = TIMEOUT
) -> Callable[[Callable[Concatenate[JobContext, P], Awaitable[None]]], Job[P]]:
    """Return a decorator that makes a coroutine a job.

    Raises:
        ValueError: the name is not `module.verb_noun`, or `cron` is not a timetable.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name} is not named module.verb_noun")
    if cron:
        _check_timetable(cron)

    def decorate(run: Callable[Concatenate[JobContext, P], Awaitable[None]]) -> Job[P]:
        return Job(name, run, cron, deliveries, timeout)

    return decorate


class JobRegistry:
    """The jobs that a worker knows."""

    def __init__(self, jobs: Iterable[Job[...]]) -> None:
        self._jobs: dict[str, Job[...]] = {}
        for each in jobs:
            if each.name in self._jobs:
                raise ValueError(f"two jobs are named {each.name}")
            self._jobs[each.name] = each

    def find(self, name: str) -> Job[...] | None:
        """Return the job of a name, or None: another build may have sent it."""
        return self._jobs.get(name)

    def __iter__(self) -> Iterator[Job[...]]:
        return iter(self._jobs.values())
