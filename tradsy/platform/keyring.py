"""The key-encryption keys of an installation, on disk: which seals, which are retired, how often each has wrapped."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict

from tradsy.domain.errors import TradsyError
from tradsy.platform.clock import Clock
from tradsy.platform.installation import Installation, UnsafeInstallation
from tradsy.platform.metrics import gauge

log = structlog.get_logger(__name__)

WRAPS_ALARM = 1 << 28
WRAPS_MOST = 1 << 30
KEY_LIFE = timedelta(days=365)
_BLOCK = 1024
"""Wraps that a process counts ahead in one write, so that a crash over-counts and never under-counts."""
WRAPS = gauge("tradsy_vault_kek_wraps_count", "How often the current key-encryption key has wrapped, at most.")


class KeyRetired(TradsyError):
    """The key-encryption key is retired, destroyed or unknown."""

    code = "key_retired"
    title = "The key-encryption key is not in use"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    added_at: datetime
    wraps: int = 0
    retired: bool = False


class _Ring(BaseModel):
    model_config = ConfigDict(extra="forbid")

    current: int
    keys: dict[int, _Entry]


class KeyRing:
    """The KEKs of one data folder, shared by its processes through `keys/ring.json`."""

    def __init__(self, installation: Installation, clock: Clock) -> None:
        self._installation = installation
        self._clock = clock
        self._folder = installation.root / "keys"
        self._keys: dict[int, bytes] = {}
        self._seen: tuple[int, int] | None = None
        self._ring = _Ring(current=1, keys={})
        self._reserved = 0
        """Wraps of the current KEK that are counted on disk and not used yet."""
        with self._locked():
            if not self._ring.keys:
                self._ring.keys[1] = _Entry(added_at=clock.now())
                self._save()

    @property
    def current(self) -> int:
        """The KEK that seals now."""
        self._refresh()
        return self._ring.current

    def key(self, kek_id: int) -> bytes:
        """Return a KEK.

        Raises:
            KeyRetired: it is retired.
            UnsafeInstallation: its file is open to others or damaged.
        """
        self._refresh()
        entry = self._ring.keys.get(kek_id)
        # An id that this folder does not know may have been added by a process on another machine.
        if entry is not None and entry.retired:
            raise KeyRetired
        if kek_id not in self._keys:
            self._keys[kek_id] = self._load(kek_id)
        return self._keys[kek_id]

    def take_for_wrap(self) -> tuple[int, bytes]:
        """Return the KEK to wrap one more key with, counted; a spent or old one is replaced first."""
        self._refresh()
        if self._reserved <= 0 or self._is_old():
            self._reserve()
        self._reserved -= 1
        return self._ring.current, self.key(self._ring.current)

    def add(self, *, own_file: bool) -> int:
        """Add a KEK, let it seal from now on, and return its id."""
        with self._locked():
            return self._add(own_file=own_file)

    def retire(self, kek_id: int, *, destroy: bool) -> None:
        """Stop opening under `kek_id`; `destroy` deletes its file.

        Raises:
            KeyRetired: it seals now, or is not known.
        """
        with self._locked():
            entry = self._ring.keys.get(kek_id)
            if entry is None or kek_id == self._ring.current:
                raise KeyRetired("only a known key that no longer seals can be retired")
            entry.retired = True
            self._save()
            self._keys.pop(kek_id, None)
            if destroy:
                self._path(kek_id).unlink(missing_ok=True)

    def _add(self, *, own_file: bool) -> int:
        kek_id = max(self._ring.keys) + 1
        if own_file:
            self._write(self._path(kek_id), secrets.token_hex(32), 0o400)
        self._ring.keys[kek_id] = _Entry(added_at=self._clock.now())
        self._ring.current = kek_id
        self._reserved = 0
        self._save()
        log.warning("a new key seals from now on", kek=kek_id)
        return kek_id

    def _reserve(self) -> None:
        with self._locked():
            entry = self._ring.keys[self._ring.current]
            if entry.wraps + _BLOCK > WRAPS_MOST or self._is_old():
                self._add(own_file=self._path(self._ring.current).exists())
                entry = self._ring.keys[self._ring.current]
            entry.wraps += _BLOCK
            self._reserved = _BLOCK
            self._save()
            WRAPS.set(entry.wraps)
            if entry.wraps >= WRAPS_ALARM:
                log.warning("the key has wrapped often: rotate it", kek=self._ring.current, wraps=entry.wraps)

    def _is_old(self) -> bool:
        return self._clock.now() - self._ring.keys[self._ring.current].added_at > KEY_LIFE

    def _path(self, kek_id: int) -> Path:
        return self._folder / f"kek-{kek_id}.key"

    def _load(self, kek_id: int) -> bytes:
        path = self._path(kek_id)
        if not path.exists():
            return self._installation.derive_key(f"kek/{kek_id}")
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise UnsafeInstallation(f"{path} is readable by others: chmod 0400 it")
        try:
            key = bytes.fromhex(path.read_text().strip())
        except ValueError:
            key = b""
        if len(key) != 32:
            raise UnsafeInstallation(f"{path} does not hold 32 bytes in hex")
        return key

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Hold the ring against other processes, as they left it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / "ring.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._refresh()
            yield

    def _refresh(self) -> None:
        """Read the ring again when another process has changed it."""
        path = self._folder / "ring.json"
        try:
            status = path.stat()
        except FileNotFoundError:
            return
        mark = (status.st_mtime_ns, status.st_ino)
        if mark == self._seen:
            return
        before = self._ring.current
        self._ring = _Ring.model_validate_json(path.read_bytes())
        self._seen = mark
        if self._ring.current != before:
            self._reserved = 0
        for kek_id, entry in self._ring.keys.items():
            if entry.retired:
                self._keys.pop(kek_id, None)

    def _save(self) -> None:
        path = self._folder / "ring.json"
        self._write(path, self._ring.model_dump_json(), 0o600)
        status = path.stat()
        self._seen = (status.st_mtime_ns, status.st_ino)

    def _write(self, path: Path, content: str, mode: int) -> None:
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(mode)
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
