"""The checkpointer: every minute new events get their position in the tree, and its root is signed and anchored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from tradsy.audit.anchors import Anchored, anchor_paths, last_anchored, write_anchors
from tradsy.audit.canonical import ZERO_HASH, event_hash, format_time
from tradsy.audit.errors import AuditBroken
from tradsy.audit.notes import NoteSigner
from tradsy.audit.tree import StoredTree, add_tiles
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DbSession, sql
from tradsy.platform.failpoints import failpoint
from tradsy.platform.installation import Installation
from tradsy.platform.leases import NamedLease
from tradsy.platform.metrics import counter, gauge
from tradsy.platform.outbox import emit, new_event

log = structlog.get_logger(__name__)

BROKEN = gauge("tradsy_audit_broken_count", "Whether the audit log was found broken by this process.")
COVERED = gauge("tradsy_audit_covered_count", "Events under the newest checkpoint that this process signed.")
FAILURES = counter("tradsy_audit_checkpoint_failures_total", "Checkpoints that an outage kept from being made.")
INTERVAL = timedelta(seconds=60)
DAILY_EVENT = "audit.checkpoint_daily"
_IDLE = timedelta(seconds=5)
"""How often a process without the lease asks for it."""
_BATCH = 10_000
_PAGE = 400
"""Events checked before others in the process get their turn: about two milliseconds."""
_PAUSE = 0.01
"""Seconds between two pages: a minute's events are checked beside the orders of a second, not before them."""
_LOCK_KEY = 0x6175_6469
# Pages are small and found by key: a plan that reads the whole log for want of fresh statistics is never right.
_LOCK = sql(
    "select pg_advisory_xact_lock(:key), set_config('enable_hashjoin', 'off', true), "
    "set_config('enable_mergejoin', 'off', true)"
)
_LAST = sql("select size, root, note, at, daily from audit_checkpoints order by size desc limit 1")
_LAST_DAILY = sql("select at from audit_checkpoints where daily order by size desc limit 1")
_AFTER = sql("select size, note, at from audit_checkpoints where size > :size order by size")
_AT_SIZE = sql("select note from audit_checkpoints where size = :size")
# One statement, so one snapshot: of each chain everything after its newest leaf, which is gap-free by the head's lock.
_COVER = sql(
    "insert into audit_leaves (chain_id, seq, position) "
    "select f.chain_id, f.seq, :size + row_number() over (order by f.chain_id, f.seq) - 1 from ("
    "select e.chain_id, e.seq from audit_chains c cross join lateral ("
    "select coalesce(max(l.seq), 0) as seq from audit_leaves l where l.chain_id = c.chain_id) covered "
    "join audit_events e on e.chain_id = c.chain_id and e.seq > covered.seq "
    "where c.seq > covered.seq order by e.chain_id, e.seq limit :limit) f returning 1"
)
_COVERED = sql(
    "select e.chain_id, e.seq, e.canonical, e.prev_hash, e.hash, p.hash as before from audit_leaves l "
    "join audit_events e using (chain_id, seq) "
    "left join audit_events p on p.chain_id = e.chain_id and p.seq = e.seq - 1 "
    "where l.position >= :first and l.position < :past"
)
_INSERT = sql("insert into audit_checkpoints (size, root, note, at, daily) values (:size, :root, :note, :at, :daily)")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed root of the tree over the first `size` events."""

    size: int
    root: bytes
    note: str
    at: datetime
    daily: bool
    """The first of its day, sent to users."""


async def last_checkpoint(session: DbSession) -> Checkpoint | None:
    """Return the newest checkpoint."""
    row = (await session.execute(_LAST)).one_or_none()
    return Checkpoint(row.size, row.root, row.note, row.at, row.daily) if row else None


class Checkpointer:
    """Signs checkpoints in whichever process holds the lease; `broken` tells what it found wrong, for readiness."""

    def __init__(self, database: Database, installation: Installation, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._signer = NoteSigner(installation)
        self._anchors = anchor_paths(installation)
        self._lease = NamedLease(database, clock, "audit-checkpointer")
        self.broken = ""
        self.last: Checkpoint | None = None

    async def run(self) -> None:
        """Sign every minute while this process holds the lease; ends, and lets go of it, when cancelled."""
        await self._lease.start()
        try:
            while True:
                await self._turn()
                await asyncio.sleep((INTERVAL if self._lease.is_held else _IDLE).total_seconds())
        finally:
            await self._lease.stop()

    async def _turn(self) -> None:
        try:
            await self.cover()
        except AuditBroken as error:
            self.broken = error.detail
            BROKEN.set(1)
            log.critical("the audit log does not verify", reason=error.detail)
        except Exception:
            FAILURES.inc()
            log.exception("audit checkpoint failed")

    async def cover(self) -> None:
        """Cover everything that is there, when this process holds the lease.

        Raises:
            AuditBroken: the database contradicts itself or an anchor. Nothing was signed.
        """
        if not self._lease.is_held and not await self._lease.acquire():
            return
        while await self.checkpoint() is not None:
            pass
        self.broken = ""
        BROKEN.set(0)

    async def checkpoint(self) -> Checkpoint | None:
        """Cover up to a batch of new events by one new checkpoint and anchor it; None when there were none.

        Raises:
            AuditBroken: the database contradicts itself or an anchor. Nothing is signed.
        """
        async with self._database.as_engine() as session:
            # The lease keeps others idle; this lock keeps the tree right even when a lease was lost unnoticed.
            await session.execute(_LOCK, {"key": _LOCK_KEY})
            before = await last_checkpoint(session)
            await self._check_anchors(session, before)
            size = before.size if before else 0
            covered = await session.execute(_COVER, {"size": size, "limit": _BATCH})
            count = len(covered.all())
            await _check_new_events(session, size, size + count)
            made = await self._sign(session, before, size + count) if count else None
        if made is not None:
            self.last = made
            COVERED.set(made.size)
        await self._write_anchors()
        return made

    async def _sign(self, session: DbSession, before: Checkpoint | None, size: int) -> Checkpoint:
        if before and await StoredTree(session, before.size).root(0, before.size) != before.root:
            raise AuditBroken(f"The events under checkpoint {before.size} no longer have its root.")
        await add_tiles(session, before.size if before else 0, size)
        root = await StoredTree(session, size).root(0, size)
        now = self._clock.now()
        last_daily = (await session.execute(_LAST_DAILY)).scalar_one_or_none()
        daily = last_daily is None or last_daily.date() < now.date()
        made = Checkpoint(size, root, self._signer.checkpoint(size, root), now, daily)
        failpoint("during_checkpoint")
        await session.execute(
            _INSERT, {"size": size, "root": root, "note": made.note, "at": made.at, "daily": made.daily}
        )
        if daily:
            payload = {"size": size, "note": made.note}
            await emit(session, [new_event(DAILY_EVENT, payload, at=now)])
        return made

    async def _check_anchors(self, session: DbSession, last: Checkpoint | None) -> None:
        """Refuse to go on from a database that is older than an anchor, or that has another past."""
        for path in self._anchors:
            try:
                anchored = await asyncio.to_thread(last_anchored, path)
            except OSError:
                # Writing to it fails, too, and tells; the log must not stop for an anchor that is away.
                continue
            if anchored is None:
                continue
            if last is None or anchored.size > last.size:
                raise AuditBroken(f"The database was rolled back: {path.name} holds checkpoint {anchored.size}.")
            note = (await session.execute(_AT_SIZE, {"size": anchored.size})).scalar_one_or_none()
            if note != anchored.note:
                raise AuditBroken(f"Checkpoint {anchored.size} is not the one that {path.name} holds.")

    async def _write_anchors(self) -> None:
        """Bring each anchor file up to date; one that cannot be written is caught up when it can be again."""
        for path in self._anchors:
            try:
                await self._write_anchor(path)
            except OSError as error:
                log.error("audit anchor cannot be written", file=path.name, reason=error.strerror)

    async def _write_anchor(self, path: Path) -> None:
        anchored = await asyncio.to_thread(last_anchored, path)
        async with self._database.as_engine() as session:
            rows: Sequence[Any] = (await session.execute(_AFTER, {"size": anchored.size if anchored else 0})).all()
        if rows:
            lines = [Anchored(format_time(row.at), row.size, row.note) for row in rows]
            await asyncio.to_thread(write_anchors, path, lines)


async def _check_new_events(session: DbSession, size: int, past: int) -> None:
    """Check that each event that was just covered follows from the one before it.

    Raises:
        AuditBroken: an event was changed between its commit and now, or one is missing.
    """
    for first in range(size, past, _PAGE):
        page = {"first": first, "past": min(first + _PAGE, past)}
        for row in await session.execute(_COVERED, page):
            previous = ZERO_HASH if row.seq == 1 else row.before
            if row.prev_hash != previous or event_hash(row.chain_id, row.seq, row.prev_hash, row.canonical) != row.hash:
                raise AuditBroken(f"Event {row.seq} of chain {row.chain_id} does not follow from the one before it.")
        await asyncio.sleep(_PAUSE)
