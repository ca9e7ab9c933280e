"""The data folder of one installation: its lock, its keys, and where its engines listen.

Layout: `lock` (held while the product runs), `master.key`, `postgres/`, `nats/`, `sim/`, `logs/`, and
`run/engines.json` (addresses for other processes of the same installation, mode 0600).
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

from tradsy.domain.errors import TradsyError
from tradsy.platform.settings import SAMPLE_KEY, Environment, Settings


class AlreadyRunning(TradsyError):
    """Another process holds the data folder."""

    code = "already_running"
    title = "Tradsy already runs on this data folder"


class UnsafeInstallation(TradsyError):
    """A key file or folder is open to others, or a key is a sample."""

    code = "unsafe_installation"
    title = "The installation is not safe to start"


@dataclass(frozen=True, slots=True)
class EngineAddresses:
    """Where the engines of this installation listen; holds credentials, so it never reaches a log."""

    database_url: str
    """Of a role that may create roles."""
    nats_url: str
    sim_control_url: str = ""
    sim_url: str = ""
    """Paper venue: control API, and base of REST and sockets."""

    def __repr__(self) -> str:
        return "EngineAddresses(...)"


class Installation:
    """One data folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.root = settings.data_dir.expanduser().absolute()
        self._lock_file: int | None = None

    def prepare(self) -> None:
        """Create the folder and its parts. Others may pass through (the database's own user must), not list it."""
        self.root.mkdir(parents=True, exist_ok=True)
        if self.root.stat().st_uid == os.geteuid():
            self.root.chmod(0o711)
        for part in ("run", "logs", "keys", "sim", "backups"):
            (self.root / part).mkdir(exist_ok=True, mode=0o700)

    def lock(self) -> None:
        """Hold the folder for this process.

        Raises:
            AlreadyRunning: another process holds it. A killed process holds nothing: the kernel lets go of it.
        """
        self.prepare()
        file = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 32, 0).decode(errors="replace").strip()
            os.close(file)
            raise AlreadyRunning(
                f"Tradsy already runs on {self.root} (process {holder or 'unknown'}). "
                "Stop it, or start this one with another --data folder."
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._lock_file = file

    def unlock(self) -> None:
        """Let go of the folder."""
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def master_key(self) -> bytes:
        """Return the 32-byte key from which all others derive; made at the first start.

        Raises:
            UnsafeInstallation: its file is readable by others, or it is the sample key.
        """
        if self.settings.master_key is not None:
            return _to_key(self.settings.master_key.get_secret_value())
        path = self.root / "master.key"
        if not path.exists():
            self.prepare()
            _write_private(path, secrets.token_hex(32), 0o400)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise UnsafeInstallation(f"{path} is readable by others: chmod 0400 it")
        text = path.read_text().strip()
        if text == SAMPLE_KEY and self.settings.environment is Environment.PRODUCTION:
            raise UnsafeInstallation(f"{path} holds the sample key")
        return _to_key(text)

    def derive_key(self, purpose: str) -> bytes:
        """Return a 32-byte key for one purpose, derived from the master key (HMAC-SHA256)."""
        return hmac.new(self.master_key(), f"tradsy/{purpose}".encode(), hashlib.sha256).digest()

    def derive_password(self, purpose: str) -> str:
        """Return a password for an internal engine role, the same in every process of the installation."""
        return self.derive_key(purpose).hex()

    def save_addresses(self, addresses: EngineAddresses) -> None:
        """Tell other processes of the installation where the engines listen."""
        _write_private(self.root / "run" / "engines.json", json.dumps(asdict(addresses)), 0o600)

    def load_addresses(self) -> EngineAddresses | None:
        """Return where the engines listen, from settings or from the process that started them."""
        path = self.root / "run" / "engines.json"
        saved = EngineAddresses(**json.loads(path.read_text())) if path.exists() else None
        database, nats = self.settings.database_url, self.settings.nats_url
        if saved is None and (database is None or nats is None):
            return None
        return EngineAddresses(
            database_url=database.get_secret_value() if database else saved.database_url if saved else "",
            nats_url=nats.get_secret_value() if nats else saved.nats_url if saved else "",
            sim_control_url=self.settings.sim_control_url or (saved.sim_control_url if saved else ""),
            sim_url=self.settings.sim_url or (saved.sim_url if saved else ""),
        )


def _to_key(text: str) -> bytes:
    """Return the 32 bytes that 64 hexadecimal digits stand for, or that any other text is hashed to."""
    try:
        return bytes.fromhex(text) if len(text) == 64 else hashlib.sha256(text.encode()).digest()
    except ValueError:
        return hashlib.sha256(text.encode()).digest()


def _write_private(path: Path, text: str, mode: int) -> None:
    """Write a file that never existed with wider rights, replacing an older one in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.chmod(mode)
    draft.replace(path)
