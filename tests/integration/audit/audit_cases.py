"""What the audit tests share: a log with several chains and checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from tradsy.audit.checkpoints import Checkpoint, Checkpointer
from tradsy.audit.export import export_chain
from tradsy.audit.notes import NoteSigner
from tradsy.audit.service import AuditEntry, append
from tradsy.domain.ids import UserId
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database
from tradsy.platform.installation import Installation
from tradsy.platform.settings import Settings


def make_installation(folder: Path) -> Installation:
    """Return an installation with its own key and anchor files (its database is another one's)."""
    installation = Installation(Settings(data_dir=folder, audit_anchor=folder / "other" / "anchor.log"))
    installation.prepare()
    return installation


async def record(database: Database, chains: Sequence[UUID], count: int) -> None:
    """Append `count` entries to each chain."""
    entries = [
        AuditEntry(chain, "engine", "order.accepted", f"order:{n}", {"price": "187.25", "n": n, "note": 'ü "x"\n€'})
        for n in range(count)
        for chain in chains
    ]
    async with database.as_engine() as session:
        await append(session, entries, at=SystemClock().now())


async def checkpoint(checkpointer: Checkpointer) -> Checkpoint:
    """Make one checkpoint, which must be due."""
    made = await checkpointer.checkpoint()
    assert made is not None
    return made


async def export(database: Database, installation: Installation, chain: UUID, pins: Sequence[int] = ()) -> bytes:
    """Return a user's export."""
    async with database.as_user(UserId(chain)) as session:
        pieces = [piece async for piece in export_chain(session, chain, signer=NoteSigner(installation), pins=pins)]
    return b"".join(pieces)
