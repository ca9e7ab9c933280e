"""Files outside the database that keep every checkpoint: what even the database's superuser cannot rewrite.

One line a checkpoint: `{"at": ..., "size": ..., "note": ...}`. Put the second file on another host or on media that
can only be written once (`TRADSY_AUDIT_ANCHOR`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tradsy.platform.installation import Installation

_TAIL = 4096
"""More than one line of an anchor file."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """One checkpoint as an anchor keeps it."""

    at: str
    size: int
    note: str


def anchor_paths(installation: Installation) -> list[Path]:
    """Return the installation's own anchor file and the operator's, if there is one."""
    other = installation.settings.audit_anchor
    return [installation.root / "anchors" / "checkpoints.log", *([other] if other else [])]


def last_anchored(path: Path) -> Anchored | None:
    """Return the newest whole line; a line that a crash cut off is passed over."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            lines = file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return None
    for line in reversed(lines):
        try:
            return Anchored(**json.loads(line))
        except (ValueError, TypeError):
            continue
    return None


def write_anchors(path: Path, checkpoints: Sequence[Anchored]) -> None:
    """Append checkpoints durably."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "r+b") as stream:
        size = stream.seek(0, os.SEEK_END)
        # A line that a crash cut off ends here, so that the next one stands by itself.
        broken = size > 0 and os.pread(stream.fileno(), 1, size - 1) != b"\n"
        lines = "".join(
            json.dumps({"at": c.at, "size": c.size, "note": c.note}, ensure_ascii=False) + "\n" for c in checkpoints
        )
        stream.write((b"\n" if broken else b"") + lines.encode())
        stream.flush()
        os.fsync(stream.fileno())


def read_anchor(path: Path) -> list[Anchored]:
    """Return every checkpoint of an anchor file; a line that cannot be read counts as a checkpoint nobody has."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return [_read_line(line) for line in lines if line]


def _read_line(line: bytes) -> Anchored:
    try:
        return Anchored(**json.loads(line))
    except (ValueError, TypeError):
        return Anchored("", 0, "")
