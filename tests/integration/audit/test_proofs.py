"""Checkpoints, exports and the stand-alone verifier over a real log."""

from __future__ import annotations

from pathlib import Path

from tests.integration.audit.audit_cases import checkpoint, export, make_installation, record
from tradsy.audit import verifier
from tradsy.audit.anchors import anchor_paths
from tradsy.audit.checkpoints import Checkpointer
from tradsy.audit.notes import NoteSigner
from tradsy.audit.self_test import self_test
from tradsy.audit.service import SYSTEM_CHAIN
from tradsy.audit.verification import verify_all, verify_recent
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database
from tradsy.platform.ids import new_id
from tradsy.testing.engines import TestEngines


async def test_export_verifies_alone_and_against_every_earlier_checkpoint(engines: TestEngines, tmp_path: Path) -> None:
    installation = make_installation(tmp_path)
    async with engines.database() as database:
        checkpointer = Checkpointer(database, installation, SystemClock())
        chains = [new_id(), new_id(), SYSTEM_CHAIN]
        notes: list[str] = []
        for count in (1, 2, 40, 3, 60, 30):
            await record(database, chains, count)
            notes.append((await checkpoint(checkpointer)).note)
        await record(database, chains, 4)
        assert await checkpointer.checkpoint() is not None
        await record(database, chains, 2)
        sizes = [int(note.split("\n")[1]) for note in notes]
        data = await export(database, installation, chains[0], sizes)
        for note in notes:
            report = verifier.verify(data, pin=note)
            assert (report.events, report.covered) == (142, 140)
        async with database.as_engine() as session:
            signer = NoteSigner(installation)
            done = await verify_all(session, public_key=signer.public_key, anchors=anchor_paths(installation))
        assert (done.events, done.chains, done.covered, done.checkpoints, done.anchored) == (426, 3, 420, 7, 14)
        async with database.as_engine() as session:
            recent = await verify_recent(session, public_key=signer.public_key, since=sizes[-1])
        assert (recent.events, recent.chains) == (18, 3)


async def test_self_test_passes(database: Database) -> None:
    await self_test(database)
