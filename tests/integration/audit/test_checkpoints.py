"""The checkpointer: one at a time, nothing half done, nothing signed over a broken log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from tests.integration.audit.audit_cases import checkpoint, export, make_installation, record
from tradsy.audit import verifier
from tradsy.audit.anchors import Anchored, anchor_paths, last_anchored, read_anchor, write_anchors
from tradsy.audit.canonical import ZERO_HASH, encode, event_hash
from tradsy.audit.checkpoints import DAILY_EVENT, Checkpointer
from tradsy.audit.errors import AuditBroken, AuditNotAppendOnly
from tradsy.audit.notes import NoteSigner
from tradsy.audit.self_test import self_test
from tradsy.audit.verification import verify_all, verify_recent
from tradsy.platform import failpoints
from tradsy.platform.clock import FrozenClock, SystemClock
from tradsy.platform.db import Database, parse_url, sql
from tradsy.platform.ids import new_id
from tradsy.platform.installation import Installation
from tradsy.platform.metrics import REGISTRY
from tradsy.testing.engines import TestEngines

START = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)


class Setup:
    """A fresh database with its checkpointer."""

    def __init__(self, database: Database, url: str, installation: Installation) -> None:
        self.database = database
        self.url = url
        self.installation = installation
        self.clock = FrozenClock(START)
        self.checkpointer = Checkpointer(database, installation, self.clock)
        self.anchors = anchor_paths(installation)
        self.key = NoteSigner(installation).public_key

    async def superuser(self, statement: str) -> None:
        """Run statements with every trigger of the audit tables off, as an intruder would."""
        connection = await asyncpg.connect(**parse_url(self.url))
        try:
            async with connection.transaction():
                await connection.execute("set local search_path = tradsy")
                for table in ("audit_events", "audit_checkpoints", "audit_chains", "audit_leaves", "audit_tiles"):
                    await connection.execute(f"alter table {table} disable trigger all")
                await connection.execute(statement)
        finally:
            await connection.close()

    async def verify_recent(self, since: int = 0) -> int:
        async with self.database.as_engine() as session:
            done = await verify_recent(session, public_key=self.key, since=since, anchors=self.anchors)
        return done.events

    async def count(self, table: str) -> int:
        async with self.database.as_engine() as session:
            return (await session.execute(sql(f"select count(*) from {table}"))).scalar_one()


@pytest_asyncio.fixture
async def setup(engines: TestEngines, tmp_path: Path) -> AsyncGenerator[Setup]:
    url = await engines.create_database()
    database = Database(url, engines.installation, pool_size=4)
    yield Setup(database, url, make_installation(tmp_path))
    await database.close()


@pytest.fixture
def armed() -> Generator[None]:
    failpoints.arm("during_checkpoint=raise")
    yield
    failpoints.arm("")


async def test_nothing_new_makes_no_checkpoint(setup: Setup) -> None:
    assert await setup.checkpointer.checkpoint() is None
    await record(setup.database, [new_id()], 3)
    assert (await checkpoint(setup.checkpointer)).size == 3
    assert await setup.checkpointer.checkpoint() is None
    assert await setup.count("audit_checkpoints") == 1


async def test_first_checkpoint_of_a_day_is_told(setup: Setup) -> None:
    daily: list[bool] = []
    for _ in range(4):
        await record(setup.database, [new_id()], 1)
        daily.append((await checkpoint(setup.checkpointer)).daily)
        setup.clock.advance(timedelta(seconds=40))
    assert daily == [True, False, True, False]
    async with setup.database.as_engine() as session:
        payloads = list(await session.scalars(sql("select payload from outbox where name = :n"), {"n": DAILY_EVENT}))
    assert sorted(payload["size"] for payload in payloads) == [1, 3]
    assert all(f"\n{payload['size']}\n" in payload["note"] for payload in payloads)


@pytest.mark.usefixtures("armed")
async def test_death_before_the_commit_leaves_nothing_and_the_next_try_covers_all(setup: Setup) -> None:
    await record(setup.database, [new_id()], 300)
    with pytest.raises(failpoints.FailpointReached):
        await setup.checkpointer.checkpoint()
    for table in ("audit_leaves", "audit_tiles", "audit_checkpoints"):
        assert await setup.count(table) == 0
    assert last_anchored(setup.anchors[0]) is None
    assert (await checkpoint(setup.checkpointer)).size == 300
    assert await setup.count("audit_tiles") == 1


async def test_two_processes_make_one_history(setup: Setup) -> None:
    others = [Checkpointer(setup.database, setup.installation, SystemClock()) for _ in range(3)]
    chains = [new_id() for _ in range(4)]
    for _ in range(4):
        await asyncio.gather(record(setup.database, chains, 7), *(other.checkpoint() for other in others))
    await setup.checkpointer.checkpoint()
    async with setup.database.as_engine() as session:
        done = await verify_all(session, public_key=setup.key)
    assert (done.events, done.covered) == (112, 112)


async def test_only_the_holder_of_the_lease_covers(setup: Setup) -> None:
    holder, other = (Checkpointer(setup.database, setup.installation, SystemClock()) for _ in range(2))
    await record(setup.database, [new_id()], 1)
    await holder.cover()
    assert holder.last is not None
    await record(setup.database, [new_id()], 1)
    await other.cover()
    assert other.last is None
    await holder.cover()
    assert holder.last.size == 2


async def test_loop_covers_and_lets_go_when_cancelled(setup: Setup) -> None:
    await record(setup.database, [new_id()], 1)
    first = Checkpointer(setup.database, setup.installation, SystemClock())
    task = asyncio.create_task(first.run())
    async with asyncio.timeout(10):
        while first.last is None:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await record(setup.database, [new_id()], 1)
    second = Checkpointer(setup.database, setup.installation, SystemClock())
    await second.cover()
    assert second.last is not None
    assert second.last.size == 2


async def test_loop_goes_on_when_the_log_is_broken_and_says_so(setup: Setup) -> None:
    await record(setup.database, [new_id()], 2)
    await setup.superuser("update audit_events set canonical = canonical || ' ' where seq = 2")
    checkpointer = Checkpointer(setup.database, setup.installation, SystemClock())
    task = asyncio.create_task(checkpointer.run())
    async with asyncio.timeout(10):
        while not checkpointer.broken:
            await asyncio.sleep(0.01)
    assert not task.done()
    assert "does not follow" in checkpointer.broken
    assert await setup.count("audit_checkpoints") == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.usefixtures("armed")
async def test_loop_survives_a_failed_checkpoint(setup: Setup) -> None:
    await record(setup.database, [new_id()], 2)
    checkpointer = Checkpointer(setup.database, setup.installation, SystemClock())
    before = failures()
    task = asyncio.create_task(checkpointer.run())
    async with asyncio.timeout(10):
        while failures() == before:
            await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def failures() -> float:
    return REGISTRY.get_sample_value("tradsy_audit_checkpoint_failures_total") or 0


async def test_anchor_that_could_not_be_written_is_caught_up(setup: Setup) -> None:
    blocked = setup.anchors[1]
    blocked.parent.write_text("a file stands where the folder should be")
    await record(setup.database, [new_id()], 1)
    await checkpoint(setup.checkpointer)
    await record(setup.database, [new_id()], 1)
    await checkpoint(setup.checkpointer)
    assert [anchored.size for anchored in read_anchor(setup.anchors[0])] == [1, 2]
    blocked.parent.unlink()
    assert await setup.checkpointer.checkpoint() is None
    assert read_anchor(blocked) == read_anchor(setup.anchors[0])
    assert blocked.stat().st_mode & 0o777 == 0o600


def test_anchor_outlives_a_line_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.log"
    assert read_anchor(path) == []
    first, second = Anchored("t", 1, "n\u2014"), Anchored("t", 2, "m")
    write_anchors(path, [first])
    with path.open("ab") as file:
        file.write(b'{"at": "t", "si')
    assert last_anchored(path) == first
    write_anchors(path, [second])
    assert last_anchored(path) == second
    assert [anchored.size for anchored in read_anchor(path)] == [1, 0, 2]
    path.write_text("[]\n")
    assert last_anchored(path) is None


async def test_rolled_back_database_is_not_signed_again(setup: Setup) -> None:
    await record(setup.database, [new_id()], 1)
    await checkpoint(setup.checkpointer)
    lines = json.loads(setup.anchors[0].read_text())
    write_anchors(setup.anchors[0], [Anchored("later", lines["size"] + 5, lines["note"])])
    with pytest.raises(AuditBroken, match="rolled back"):
        await setup.checkpointer.checkpoint()
    setup.anchors[0].write_text(json.dumps({**lines, "note": "another"}) + "\n")
    with pytest.raises(AuditBroken, match="not the one"):
        await setup.checkpointer.checkpoint()


async def test_changed_past_is_not_signed_over(setup: Setup) -> None:
    chain = new_id()
    await record(setup.database, [chain], 5)
    made = await checkpoint(setup.checkpointer)
    assert await setup.verify_recent() == 5
    await setup.superuser("update audit_events set hash = sha256(hash) where seq = 2")
    await record(setup.database, [new_id()], 1)
    with pytest.raises(AuditBroken, match=r"checkpoint 5 no longer|no longer have its root"):
        await setup.checkpointer.checkpoint()
    with pytest.raises(AuditBroken, match="no longer has the root"):
        await setup.verify_recent(made.size)


@pytest.mark.parametrize("change", ["canonical = canonical || ' '", "action = 'x'", "prev_hash = sha256(prev_hash)"])
async def test_recent_change_is_found_by_the_short_check(setup: Setup, change: str) -> None:
    chains = [new_id(), new_id()]
    await record(setup.database, chains, 5)
    made = await checkpoint(setup.checkpointer)
    await record(setup.database, chains, 4)
    assert await setup.verify_recent(made.size) == 8
    await setup.superuser(f"update audit_events set {change} where seq = 7")
    with pytest.raises(AuditBroken, match="was changed or does not follow"):
        await setup.verify_recent(made.size)


async def test_empty_log_verifies(setup: Setup) -> None:
    async with setup.database.as_engine() as session:
        done = await verify_all(session, public_key=setup.key, anchors=setup.anchors)
    assert (done.events, done.chains, done.covered) == (0, 0, 0)
    assert await setup.verify_recent() == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("grant update on audit_events to tradsy_app", "tradsy_app may run: update on audit_events"),
        ("grant delete on audit_leaves to tradsy_engine", "tradsy_engine may run: delete on audit_leaves"),
        ("grant update on audit_checkpoints to tradsy_engine", "tradsy_engine may run: update on audit_checkpoints"),
        ("alter table audit_tiles disable trigger audit_tiles_rows", "keep audit_tiles append-only"),
        ("alter table audit_events enable trigger audit_events_truncate", "keep audit_events append-only"),
        ("grant set on parameter session_replication_role to tradsy_engine", "may switch triggers off"),
    ],
)
async def test_start_is_refused_when_the_log_is_not_append_only(setup: Setup, change: str, told: str) -> None:
    await self_test(setup.database)
    connection = await asyncpg.connect(**parse_url(setup.url))
    try:
        await connection.execute("set search_path = tradsy")
        await connection.execute(change)
        with pytest.raises(AuditNotAppendOnly, match=told):
            await self_test(setup.database)
    finally:
        # A right on a parameter belongs to the whole cluster.
        await connection.execute("revoke set on parameter session_replication_role from tradsy_engine")
        await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_events set hash = hash",
        "delete from audit_events",
        "truncate audit_events",
        "update audit_chains set seq = seq - 1",
        "delete from audit_chains",
        "delete from audit_checkpoints",
    ],
)
async def test_triggers_refuse_even_a_superuser_in_replica_mode(setup: Setup, statement: str) -> None:
    await record(setup.database, [new_id()], 1)
    await checkpoint(setup.checkpointer)
    connection = await asyncpg.connect(**parse_url(setup.url))
    try:
        await connection.execute("set search_path = tradsy")
        await connection.execute("set session_replication_role = replica")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.slow
async def test_tree_of_three_levels_proves_and_verifies(setup: Setup) -> None:
    await fill(setup.url, chains=7, count=10_300)
    chain = new_id()
    await record(setup.database, [chain], 2)
    await setup.checkpointer.cover()
    await record(setup.database, [chain], 3)
    last = await checkpoint(setup.checkpointer)
    assert last.size == 72_105
    data = await export(setup.database, setup.installation, chain, [40_000, 65_536, 72_102])
    async with setup.database.as_engine() as session:
        notes = {row.size: row.note for row in await session.execute(sql("select size, note from audit_checkpoints"))}
        pieces = await session.scalars(sql("select count(*) from audit_tiles group by level order by level"))
        assert list(pieces) == [281, 1]
    assert len(notes) == 9
    for pin in (40_000, 72_102):
        assert verifier.verify(data, pin=notes[pin]).covered == 5
    with pytest.raises(verifier.Tampered, match="export again"):
        verifier.verify(data, pin=notes[30_000])
    async with setup.database.as_engine() as session:
        done = await verify_all(session, public_key=setup.key, anchors=setup.anchors)
    assert (done.events, done.covered, done.checkpoints, done.anchored) == (72_105, 72_105, 9, 18)


async def fill(url: str, *, chains: int, count: int) -> None:
    """Write long chains by COPY."""
    connection = await asyncpg.connect(**parse_url(url))
    columns = ["chain_id", "seq", "at", "actor", "action", "subject", "canonical", "prev_hash", "hash"]
    try:
        for _ in range(chains):
            chain, previous, records = new_id(), ZERO_HASH, list[tuple[object, ...]]()
            for seq in range(1, count + 1):
                canonical = encode("2026-11-20T23:59:00.000000Z", "engine", "a.b", f"order:{seq}", {})
                digest = event_hash(chain, seq, previous, canonical)
                records.append((chain, seq, START, "engine", "a.b", f"order:{seq}", canonical, previous, digest))
                previous = digest
            await connection.copy_records_to_table(
                "audit_events", records=records, schema_name="tradsy", columns=columns
            )
            insert = "insert into tradsy.audit_chains (chain_id, seq, hash) values ($1, $2, $3)"
            await connection.execute(insert, chain, count, previous)
    finally:
        await connection.close()
