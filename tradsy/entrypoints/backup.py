"""Backup of a whole installation into one folder, and its restore, which ends with trading stopped.

A backup holds `database.dump` (pg_dump's custom format, one snapshot), the keys, the anchors of the audit log, the
paper venue's truth, and `manifest.json` with the SHA-256 of each file. It holds the keys, so it must be kept like them.
The bus is left out: what it carries stands in the database's outbox and job tables.

Order of copying: anchors before the database, so that no anchor is ahead of it; the venue's truth after it, so that the
venue knows at least every order that the database knows - reconciliation adopts what is more.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tradsy.audit.notes import NoteSigner
from tradsy.audit.verification import Verified, verify_all
from tradsy.domain.errors import TradsyError
from tradsy.entrypoints.api_client import KEY_FILE
from tradsy.entrypoints.container import build_id, open_container
from tradsy.entrypoints.demo import DEMO_FILE
from tradsy.entrypoints.operator import actor
from tradsy.entrypoints.processes import required_addresses
from tradsy.entrypoints.supervisor import Supervisor
from tradsy.execution.kill import SITE, KillTarget
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import parse_url
from tradsy.platform.engines.postgres import EmbeddedPostgres, find_tool
from tradsy.platform.installation import AlreadyRunning, Installation
from tradsy.platform.migrate import ensure_roles, migrate
from tradsy.platform.settings import Settings
from tradsy.risk.model import KillScope

FORMAT = "tradsy-backup/1"
MANIFEST = "manifest.json"
DUMP = "database.dump"
RESTORED = "restored from backup"
_BEFORE = ("anchors",)
_AFTER = ("master.key", "keys", "sim", KEY_FILE, DEMO_FILE)
_CHUNK = 1 << 20

Tell = Callable[[str], None]


class BackupFailed(TradsyError):
    """The backup could not be made, or is not one."""

    code = "backup_failed"
    title = "The backup failed"


class RestoreRefused(TradsyError):
    """The backup is damaged, or the data folder is in use."""

    code = "restore_refused"
    title = "The backup cannot be restored here"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore found."""

    made_at: datetime
    verified: Verified
    set_aside: Path | None
    """Where the folder's former content is."""


async def back_up(settings: Settings, target: Path | None, tell: Tell) -> Path:
    """Write a backup of the installation, running or not, and return its folder.

    Raises:
        BackupFailed: the target exists, or the database could not be dumped.
    """
    installation, now = Installation(settings), SystemClock().now()
    if not (installation.root / "lock").exists():
        raise BackupFailed(f"{installation.root} holds no installation.")
    folder = target or installation.root / "backups" / f"tradsy-{now:%Y%m%dT%H%M%SZ}"
    if folder.exists():
        raise BackupFailed(f"{folder} exists: name another folder.")
    draft = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    try:
        tell("anchors")
        _copy_parts(installation.root, draft, _BEFORE)
        tell("database")
        async with _database(installation) as url:
            await asyncio.to_thread(_dump, url, draft / DUMP)
        tell("keys and the paper venue's truth")
        _copy_parts(installation.root, draft, _AFTER)
        tell("checksums")
        manifest = {"format": FORMAT, "version": build_id(), "made_at": now.isoformat(), "files": _checksums(draft)}
        _write(draft / MANIFEST, json.dumps(manifest, indent=2).encode())
        draft.replace(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return folder


async def restore(settings: Settings, backup: Path, tell: Tell, *, replace: bool = False) -> Restored:
    """Put a backup into the data folder: verified file by file, then the whole audit log; trading stays stopped.

    Raises:
        RestoreRefused: the backup is damaged, or the folder holds an installation and `replace` was not said.
        AlreadyRunning: the product runs on the folder.
        AuditBroken: the restored audit log does not verify; the folder is left for inspection, with trading stopped.
    """
    tell("checksums")
    manifest = await asyncio.to_thread(check_backup, backup)
    set_aside = _clear(Installation(settings), replace=replace)
    installation = Installation(settings)
    installation.lock()
    try:
        tell("keys and the paper venue's truth")
        _copy_parts(backup, installation.root, (*_BEFORE, *_AFTER))
        tell("database")
        supervisor = Supervisor(installation)
        try:
            addresses = await supervisor.start()
            await ensure_roles(addresses.database_url, installation)
            await asyncio.to_thread(_load_dump, addresses.database_url, backup / DUMP)
            await migrate(addresses.database_url, installation)
            async with open_container(settings, addresses) as container:
                # First of all: whatever follows may fail, and nothing may trade on a past that was not reconciled.
                target = KillTarget(KillScope.SITE, SITE, None)
                await container.kills.kill(target, reason=RESTORED, by=actor(), cancel_stops=False)
                tell("audit log")
                anchors = [installation.root / "anchors" / "checkpoints.log"]
                async with container.database.as_engine() as session:
                    verified = await verify_all(
                        session,
                        public_key=NoteSigner(installation).public_key,
                        anchors=[path for path in anchors if path.exists()],
                    )
        finally:
            await supervisor.stop()
    finally:
        installation.unlock()
    return Restored(datetime.fromisoformat(manifest["made_at"]), verified, set_aside)


def check_backup(backup: Path) -> Mapping[str, Any]:
    """Return the manifest of a backup whose files are all as they were written.

    Raises:
        RestoreRefused: a file is missing, more or changed.
    """
    try:
        manifest: dict[str, Any] = json.loads((backup / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise RestoreRefused(f"{backup} holds no backup ({error}).") from None
    if manifest.get("format") != FORMAT:
        raise RestoreRefused(f"{backup} is in a format that this version does not know.")
    found, wanted = _checksums(backup), manifest["files"]
    wrong = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    if wrong:
        raise RestoreRefused(f"The backup is damaged: {', '.join(wrong[:5])} differ from its manifest.")
    return manifest


def _clear(installation: Installation, *, replace: bool) -> Path | None:
    """Set a former installation aside; nothing is ever deleted."""
    root = installation.root
    if not root.exists() or not any(root.iterdir()):
        return None
    if not replace:
        raise RestoreRefused(f"{root} is not empty: restore into another folder, or say --replace to set it aside.")
    # Only a folder that nothing runs on may be moved.
    installation.lock()
    installation.unlock()
    aside = root.with_name(f"{root.name}.before-{SystemClock().now():%Y%m%dT%H%M%SZ}")
    root.rename(aside)
    return aside


@asynccontextmanager
async def _database(installation: Installation) -> AsyncGenerator[str]:
    """Yield the database's address: of the running product, or of one that is started for the purpose."""
    settings = installation.settings
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    try:
        installation.lock()
    except AlreadyRunning:
        yield required_addresses(settings).database_url
        return
    postgres = EmbeddedPostgres(installation)
    try:
        await postgres.start()
        yield postgres.url
    finally:
        await postgres.stop()
        installation.unlock()


def _dump(url: str, path: Path) -> None:
    path.touch(mode=0o600)
    _run_tool("pg_dump", url, "--format=custom", "--schema=tradsy", f"--file={path}")


def _load_dump(url: str, path: Path) -> None:
    _run_tool("pg_restore", url, "--clean", "--if-exists", "--exit-on-error", "--single-transaction", str(path))


def _run_tool(name: str, url: str, *arguments: str) -> None:
    """Run one of PostgreSQL's tools; the password goes through the environment of that child alone."""
    place = parse_url(url)
    where = (f"--host={place['host']}", f"--port={place['port']}", f"--username={place['user']}")
    database = f"--dbname={place['database']}"
    environment = {"PATH": "/usr/bin:/bin", "PGPASSWORD": place["password"] or "", "LC_ALL": "C.UTF-8"}
    command = [str(find_tool(name)), *where, "--no-password", database, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise BackupFailed(f"{name} failed: {done.stderr.strip()[-400:]}")


def _copy_parts(source: Path, target: Path, names: tuple[str, ...]) -> None:
    for name in names:
        part = source / name
        if part.is_dir():
            shutil.copytree(part, target / name, dirs_exist_ok=True)
            (target / name).chmod(0o700)
        elif part.exists():
            _copy_file(part, target / name)


def _copy_file(source: Path, target: Path) -> None:
    """Copy a private file with its mode, so that it never exists with wider rights."""
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as draft, source.open("rb") as stream:
        shutil.copyfileobj(stream, draft)
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).chmod(source.stat().st_mode & 0o700)
    Path(draft.name).replace(target)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _checksums(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): _sha256(path) for path in _files(folder)}


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
