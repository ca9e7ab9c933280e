"""Runs the product with a bug planted: `python -m tradsy.bench.planted BUG serve worker --data DIR`.

A checker that never saw a bug proves nothing, so each of these must turn a chaos run red. The bugs live here alone:
they are patched into the classes of this one process before its command line starts.
"""

from __future__ import annotations

import asyncio
import runpy
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any

from tradsy.bench.site import CLI
from tradsy.domain.orders import OrderEvent, OrderState
from tradsy.execution.fold import Fold
from tradsy.execution.sender import Sender
from tradsy.platform.db import Database, DbSession
from tradsy.platform.partitions import PartitionLeases
from tradsy.signals.intake import Intake

LATE = 0.3
"""Seconds by which an early acknowledgement runs ahead of its commit."""


def _patch(owner: type, name: str, make: Callable[[Any], Any]) -> None:
    """Put what `make` returns for the original in its place."""
    setattr(owner, name, make(getattr(owner, name)))


def resend_on_timeout() -> None:
    """A sender that takes no answer for no order, and sends again."""

    def make(attempt: Any) -> Any:
        async def again(self: Sender, *arguments: Any) -> Any:
            outcome = await attempt(self, *arguments)
            if outcome.event is OrderEvent.LOSE and outcome.reason_code != "lease_ending":
                outcome = await attempt(self, *arguments)
            return outcome

        return again

    _patch(Sender, "_attempt", make)


def no_epoch_check() -> None:
    """A worker that believes in its leases for ever."""

    async def fence(self: PartitionLeases, session: DbSession, epochs: dict[int, int], *, kills: bool = False) -> None:
        return None

    async def forget(self: PartitionLeases, partitions: Sequence[int]) -> None:
        return None

    def epoch(self: PartitionLeases, partition: int) -> int | None:
        lease = self.held.get(partition)
        return lease.epoch if lease else None

    def may_send(self: PartitionLeases, partition: int, epoch: int) -> bool:
        return True

    for name, function in (("fence", fence), ("_forget", forget), ("epoch", epoch), ("may_send", may_send)):
        setattr(PartitionLeases, name, function)


class _LateDatabase:
    """A database whose transactions commit a while after their block has ended."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._commits: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def as_engine(self) -> AsyncGenerator[DbSession]:
        transaction = self._database.as_engine()
        session = await transaction.__aenter__()
        try:
            yield session
        except BaseException as error:
            await transaction.__aexit__(type(error), error, error.__traceback__)
            raise
        task = asyncio.create_task(self._commit(transaction.__aexit__))
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)

    async def _commit(
        self, leave: Callable[[type[BaseException] | None, BaseException | None, TracebackType | None], Any]
    ) -> None:
        await asyncio.sleep(LATE)
        await leave(None, None, None)


def ack_before_commit() -> None:
    """An intake that answers before its transaction is committed."""

    def make(take_hook: Any) -> Any:
        late: dict[int, _LateDatabase] = {}

        async def early(self: Intake, token: str, incoming: Any) -> Any:
            database: Any = late.setdefault(id(self.database), _LateDatabase(self.database))
            return await take_hook(replace(self, database=database), token, incoming)

        return early

    _patch(Intake, "take_hook", make)


def drop_fill_after_cancel() -> None:
    """A ledger that holds a canceled order for finished."""

    def make(fill: Any) -> Any:
        def drop(self: Fold, one: Any) -> None:
            if self.order.state is not OrderState.CANCELED:
                fill(self, one)

        return drop

    _patch(Fold, "_fill", make)


BUGS: dict[str, Callable[[], None]] = {
    bug.__name__: bug for bug in (resend_on_timeout, no_epoch_check, ack_before_commit, drop_fill_after_cancel)
}


def main() -> None:
    """Plant the bug that the first argument names, then run the command line with the others."""
    bug, *arguments = sys.argv[1:]
    BUGS[bug]()
    sys.argv = ["tradsy", *arguments]
    runpy.run_module(CLI, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
