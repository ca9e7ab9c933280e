"""What a superuser of the database can do, with triggers off: verification finds every change of it.

Each change is made in a transaction that is verified and then rolled back, so that all start from the same log.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tests.integration.audit.audit_cases import checkpoint, make_installation, record
from tradsy.audit.anchors import anchor_paths
from tradsy.audit.canonical import ZERO_HASH, event_hash
from tradsy.audit.checkpoints import Checkpointer
from tradsy.audit.errors import AuditBroken
from tradsy.audit.merkle import fold, leaf_hash
from tradsy.audit.notes import NoteSigner
from tradsy.audit.verification import verify_all
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database, DbSession, Row, parse_url, sql
from tradsy.platform.ids import new_id
from tradsy.testing.engines import TestEngines

ROUNDS = int(os.environ.get("TRADSY_TAMPER_ROUNDS", "300"))
TABLES = ("audit_events", "audit_chains", "audit_leaves", "audit_tiles", "audit_checkpoints")


@dataclass
class Victim:
    """A log of three chains, 360 covered events in three checkpoints and 15 newer ones."""

    superuser: asyncpg.Pool[Row]
    signer: NoteSigner
    anchors: Sequence[Path]
    chains: list[UUID]

    @asynccontextmanager
    async def changing(self) -> AsyncGenerator[DbSession]:
        """Yield a superuser's transaction with every trigger off; it is rolled back."""
        async with self.superuser.acquire() as connection:
            await connection.execute("begin")
            session = DbSession(connection)
            await session.execute(sql("set transaction isolation level repeatable read"))
            await session.execute(sql("set local search_path = tradsy"))
            for table in TABLES:
                await session.execute(sql(f"alter table {table} disable trigger all"))
            yield session
            await connection.execute("rollback")

    async def verify(self, session: DbSession, *, anchored: bool = True) -> None:
        await verify_all(session, public_key=self.signer.public_key, anchors=self.anchors if anchored else ())


@pytest_asyncio.fixture(scope="module")
async def victim(engines: TestEngines, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Victim]:
    installation = make_installation(tmp_path_factory.mktemp("tampering"))
    url = await engines.create_database()
    database = Database(url, engines.installation, pool_size=3)
    checkpointer, chains = Checkpointer(database, installation, SystemClock()), [new_id() for _ in range(3)]
    for count in (20, 60, 40):
        await record(database, chains, count)
        await checkpoint(checkpointer)
    await record(database, chains, 5)
    await database.close()
    superuser = await asyncpg.create_pool(**parse_url(url), record_class=Row, min_size=1, max_size=3)
    yield Victim(superuser, NoteSigner(installation), anchor_paths(installation), chains)
    await superuser.close()


async def run(session: DbSession, statement: str, **values: Any) -> int:
    return len((await session.execute(sql(f"{statement} returning 1"), values)).all())


def bend(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :]


async def flip_event(session: DbSession, random: Random, at: dict[str, Any]) -> None:
    column = random.choice(["canonical", "hash", "prev_hash"])
    place = "where chain_id = :chain and seq = :seq"
    value = (await session.execute(sql(f"select {column} from audit_events {place}"), at)).scalar_one()
    await run(session, f"update audit_events set {column} = :value {place}", value=bend(random, value), **at)


async def edit_column(session: DbSession, random: Random, at: dict[str, Any]) -> None:
    change = random.choice(
        [
            "actor = actor || ' '",
            "action = upper(action)",
            "subject = subject || '0'",
            "at = at + interval '1 microsecond'",
            "actor = ''",
            "subject = substr(subject, 2)",
        ]
    )
    await run(session, f"update audit_events set {change} where chain_id = :chain and seq = :seq", **at)


async def delete_event(session: DbSession, _: Random, at: dict[str, Any]) -> None:
    await run(session, "delete from audit_events where chain_id = :chain and seq = :seq", **at)


async def insert_event(session: DbSession, random: Random, at: dict[str, Any]) -> None:
    """Add a copy at the end of the chain, sometimes with a right hash but without its head."""
    await run(
        session,
        "insert into audit_events (chain_id, seq, at, actor, action, subject, canonical, prev_hash, hash) "
        "select chain_id, 126 + :gap, at, actor, action, subject, canonical, prev_hash, hash from audit_events "
        "where chain_id = :chain and seq = :seq",
        gap=random.choice([0, 0, 5]),
        **at,
    )


async def swap_events(session: DbSession, random: Random, at: dict[str, Any]) -> None:
    other = random.choice([seq for seq in range(1, 126) if seq != at["seq"]])
    columns = random.choice(["canonical", "hash", "canonical, hash", "canonical, prev_hash, hash, actor, subject"])
    names = columns.split(", ")
    changes = ", ".join(f"{name} = o.{name}" for name in names)
    await run(
        session,
        f"update audit_events e set {changes} from audit_events o where e.chain_id = :chain and o.chain_id = :chain "
        "and ((e.seq = :seq and o.seq = :other) or (e.seq = :other and o.seq = :seq))",
        other=other,
        **at,
    )


async def move_event(session: DbSession, random: Random, at: dict[str, Any]) -> None:
    values = {**at, "other": random.randrange(200, 300)}
    await run(session, "update audit_events set seq = :other where chain_id = :chain and seq = :seq", **values)


async def cut_tail(session: DbSession, random: Random, at: dict[str, Any]) -> None:
    """Remove everything from an event on and rewind the head; sometimes the leaves, too."""
    values = {**at, "seq": min(at["seq"], 120)}
    for table in ("audit_events", *random.choice([(), ("audit_leaves",)])):
        await run(session, f"delete from {table} where chain_id = :chain and seq >= :seq", **values)
    await run(
        session,
        "update audit_chains c set seq = :seq - 1, hash = coalesce((select hash from audit_events e "
        "where e.chain_id = :chain and e.seq = :seq - 1), decode(repeat('00', 32), 'hex')) where chain_id = :chain",
        **values,
    )


async def cut_newest(session: DbSession, random: Random, at: dict[str, Any]) -> None:
    """Remove the newest events, which no checkpoint covers, but not the head."""
    values = {"chain": at["chain"], "seq": random.randrange(121, 126)}
    await run(session, "delete from audit_events where chain_id = :chain and seq >= :seq", **values)


async def rewrite_chain(session: DbSession, at: dict[str, Any]) -> None:
    """Change one event and link everything after it anew, with the head: a consistent other past."""
    previous = ZERO_HASH
    statement = sql("select seq, canonical from audit_events where chain_id = :chain order by seq")
    for row in (await session.execute(statement, {"chain": at["chain"]})).all():
        canonical = row.canonical.replace(b'"187.25"', b'"187.26"') if row.seq == at["seq"] else row.canonical
        digest = event_hash(at["chain"], row.seq, previous, canonical)
        await run(
            session,
            "update audit_events set canonical = :canonical, prev_hash = :previous, hash = :digest "
            "where chain_id = :chain and seq = :seq",
            canonical=canonical,
            previous=previous,
            digest=digest,
            chain=at["chain"],
            seq=row.seq,
        )
        previous = digest
    await run(session, "update audit_chains set hash = :h where chain_id = :chain", h=previous, chain=at["chain"])


async def rewrite_covered(session: DbSession, _: Random, at: dict[str, Any]) -> None:
    await rewrite_chain(session, {**at, "seq": min(at["seq"], 120)})


async def break_tree(session: DbSession, random: Random, at: dict[str, Any]) -> None:
    noise = random.randbytes(32)
    statement = random.choice(
        [
            "update audit_tiles set root = :noise",
            "update audit_tiles set hashes = overlay(hashes placing :noise from 65)",
            "delete from audit_tiles",
            "insert into audit_tiles (level, tile, hashes, root) select 0, 1, hashes, :noise from audit_tiles",
            "update audit_leaves set position = position + 1000 where chain_id = :chain and seq = :covered",
            "delete from audit_leaves where chain_id = :chain and seq = :covered",
            "insert into audit_leaves (chain_id, seq, position) values (:chain, 121, 360)",
            "insert into audit_leaves (chain_id, seq, position) values (:chain, 900, 360)",
            "update audit_leaves set position = 719 - position",
            "update audit_chains set seq = seq + 1 where chain_id = :chain",
            "update audit_chains set hash = :noise where chain_id = :chain",
            "delete from audit_chains where chain_id = :chain",
            "delete from audit_events where chain_id = :chain",
        ]
    )
    values = {"noise": noise, "chain": at["chain"], "covered": min(at["seq"], 120)}
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    await run(session, statement, **used)


async def break_checkpoint(session: DbSession, random: Random, at: dict[str, Any]) -> None:
    statement = random.choice(
        [
            "update audit_checkpoints set root = :noise where size = :size",
            "update audit_checkpoints set note = replace(note, :size_text, '61') where size = :size",
            "update audit_checkpoints set note = note || 'x' where size = :size",
            "update audit_checkpoints set note = left(note, -5) where size = :size",
            "update audit_checkpoints set size = size + 1 where size = :size",
            "delete from audit_checkpoints where size = :size",
        ]
    )
    size = random.choice([60, 240, 360])
    values = {"noise": random.randbytes(32), "size": size, "size_text": str(size)}
    if "replace" in statement and size == 60:
        values["size_text"] = "tradsy"
    await run(
        session,
        statement,
        **{name: value for name, value in values.items() if f":{name} " in f"{statement} " or f":{name}," in statement},
    )


CHANGES = (
    flip_event,
    flip_event,
    edit_column,
    delete_event,
    insert_event,
    swap_events,
    move_event,
    cut_tail,
    cut_newest,
    rewrite_covered,
    break_tree,
    break_tree,
    break_checkpoint,
)


async def test_untouched_log_verifies(victim: Victim) -> None:
    async with victim.changing() as session:
        await victim.verify(session)


@pytest.mark.slow
async def test_every_seeded_change_is_found(victim: Victim) -> None:
    random, missed = Random(17), list[str]()
    for number in range(ROUNDS):
        change = random.choice(CHANGES)
        at = {"chain": random.choice(victim.chains), "seq": random.randint(1, 125)}
        async with victim.changing() as session:
            await change(session, random, at)
            try:
                await victim.verify(session)
            except AuditBroken:
                continue
            missed.append(f"{number} {change.__name__} {at['seq']}")
    assert missed == []


async def test_rolled_back_database_is_told_by_its_anchors_alone(victim: Victim) -> None:
    async with victim.changing() as session:
        await run(session, "delete from audit_checkpoints where size > 240")
        await run(session, "delete from audit_leaves where position >= 240")
        await run(session, "delete from audit_events where seq > 80")
        await run(
            session,
            "update audit_chains c set seq = 80, hash = e.hash from audit_events e "
            "where e.chain_id = c.chain_id and e.seq = 80",
        )
        await run(session, "delete from audit_tiles")
        await victim.verify(session, anchored=False)
        with pytest.raises(AuditBroken, match="lacks"):
            await victim.verify(session)


async def test_log_rewritten_with_its_own_key_is_told_by_its_anchors_alone(victim: Victim) -> None:
    async with victim.changing() as session:
        await rewrite_chain(session, {"chain": victim.chains[1], "seq": 33})
        statement = "select e.hash from audit_leaves l join audit_events e using (chain_id, seq) order by l.position"
        leaves = [leaf_hash(digest) for digest in await session.scalars(sql(statement))]
        await run(
            session,
            "update audit_tiles set hashes = :hashes, root = :root",
            hashes=b"".join(leaves[:256]),
            root=fold(leaves[:256]),
        )
        for size in (60, 240, 360):
            root = fold(leaves[:size])
            note = victim.signer.checkpoint(size, root)
            change = "update audit_checkpoints set root = :root, note = :note where size = :size"
            await run(session, change, root=root, note=note, size=size)
        await victim.verify(session, anchored=False)
        with pytest.raises(AuditBroken, match="lacks"):
            await victim.verify(session)
