"""A log in memory: what an honest installation exports, and what somebody with its key could forge."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from tradsy.audit.canonical import ZERO_HASH, encode, event_hash
from tradsy.audit.merkle import fold, leaf_hash, proof_ranges
from tradsy.audit.notes import NoteSigner
from tradsy.platform.installation import Installation
from tradsy.platform.settings import Settings

Change = Callable[[list[Any]], None]
AT = "2026-11-20T09:30:00.000000Z"


def make_signer(folder: Path) -> NoteSigner:
    return NoteSigner(Installation(Settings(data_dir=folder)))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def dump(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


class Log:
    """Chains and their tree, covered in the order of `batches`: each is a list of (chain number, events)."""

    def __init__(self, signer: NoteSigner, random: Random) -> None:
        self.signer = signer
        self.random = random
        self.chains = [UUID(int=random.getrandbits(128)) for _ in range(3)]
        self.events: dict[UUID, list[tuple[bytes, bytes, bytes]]] = {chain: [] for chain in self.chains}
        self.leaves: list[bytes] = []
        self.positions: dict[UUID, list[int]] = {chain: [] for chain in self.chains}
        self.notes: dict[int, str] = {}

    def append(self, chain: UUID, count: int) -> None:
        for _ in range(count):
            events = self.events[chain]
            previous = events[-1][2] if events else ZERO_HASH
            canonical = encode(AT, "engine", "order.accepted", f"order:{self.random.random()}", {"n": len(events)})
            events.append((canonical, previous, event_hash(chain, len(events) + 1, previous, canonical)))

    def checkpoint(self) -> str:
        for chain in self.chains:
            for event in self.events[chain][len(self.positions[chain]) :]:
                self.positions[chain].append(len(self.leaves))
                self.leaves.append(leaf_hash(event[2]))
        size = len(self.leaves)
        self.notes[size] = self.signer.checkpoint(size, fold(self.leaves))
        return self.notes[size]

    def export(
        self, chain: UUID, *, size: int | None = None, change: Callable[[list[Any]], None] | None = None
    ) -> bytes:
        """Return the export at a checkpoint; `change` edits its lines before they are signed as whole."""
        size = size if size is not None else max(self.notes, default=0)
        positions = [position for position in self.positions[chain] if position < size]
        lines: list[Any] = [
            {
                "format": "tradsy-audit-export/1",
                "chain_id": str(chain),
                "public_key": b64(self.signer.public_key),
                "checkpoint": self.notes.get(size),
            }
        ]
        for index, (canonical, previous, digest) in enumerate(self.events[chain]):
            lines.append(
                {
                    "seq": index + 1,
                    "canonical": b64(canonical),
                    "prev_hash": b64(previous),
                    "hash": b64(digest),
                    "position": positions[index] if index < len(positions) else None,
                }
            )
        pins = sorted(pin for pin in self.notes if pin < size)
        for first, past in proof_ranges(size, positions, pins):
            lines.append({"first": first, "past": past, "node": b64(fold(self.leaves[first:past]))})
        if change is not None:
            change(lines)
        return self.sign(chain, lines, size)

    def sign(self, chain: UUID, lines: Sequence[dict[str, Any]], size: int) -> bytes:
        body = b"".join(map(dump, lines))
        events = [line for line in lines if "seq" in line]
        head = base64.b64decode(events[-1]["hash"]) if events else ZERO_HASH
        statement = self.signer.statement(chain, len(events), head, size, sha256(body).digest())
        return body + dump({"statement": statement})


def build(signer: NoteSigner, seed: int) -> Log:
    """Return a log with five checkpoints and some events after the last."""
    log = Log(signer, Random(seed))
    for count in (1, 3, 7, 2, 5):
        for chain in log.chains:
            log.append(chain, count + log.random.randrange(3))
        log.checkpoint()
    for chain in log.chains:
        log.append(chain, 2)
    return log
