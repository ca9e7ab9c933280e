"""`tradsy doctor`: what is missing, unsafe or late on this machine, each in one line."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import socket
import stat
import sys
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import StrEnum

import asyncpg
import nats.errors

from tradsy.audit.self_test import self_test
from tradsy.domain.errors import TradsyError
from tradsy.entrypoints.processes import listening_socket
from tradsy.platform.bus import Bus
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database, DatabaseError, parse_url
from tradsy.platform.engines.nats import find_server
from tradsy.platform.engines.postgres import find_tool
from tradsy.platform.installation import AlreadyRunning, EngineAddresses, Installation
from tradsy.platform.migrate import read_revisions
from tradsy.platform.settings import Environment, Settings

MIN_PYTHON = (3, 11)
WARN_DISK = 5 << 30
MIN_DISK = 1 << 30
WARN_MEMORY = 2 << 30
CLOCK_WARN = 0.5
CLOCK_REFUSE = 2.0
"""R-P26's bounds, seconds."""
_UNSYNCHRONISED = 0x40
"""STA_UNSYNC of adjtimex(2)."""


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    level: Level
    text: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; nothing is changed."""
    installation = Installation(settings)
    running = _is_running(installation)
    machine: list[Callable[[], Finding]] = [
        _python,
        lambda: _tool("database engine", settings.database_url is not None, lambda: str(find_tool("postgres"))),
        lambda: _tool("bus engine", settings.nats_url is not None, find_server),
        lambda: _folder(installation),
        lambda: _disk(installation),
        _memory,
        lambda: _port(settings, running=running),
        lambda: _keys(installation),
        lambda: _mode(settings),
        _clock,
    ]
    found = [look() for look in machine]
    return [*found, *[finding async for finding in _engines(installation, running=running)]]


def _is_running(installation: Installation) -> bool:
    if not (installation.root / "lock").exists():
        return False
    try:
        installation.lock()
    except AlreadyRunning:
        return True
    installation.unlock()
    return False


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info[:2] >= MIN_PYTHON
    return Finding(
        "python", Level.OK if good else Level.FAILED, version if good else f"{version}: 3.11 or newer needed"
    )


def _tool(name: str, external: bool, find: Callable[[], str]) -> Finding:  # noqa: FBT001 - one of two kinds
    if external:
        return Finding(name, Level.OK, "runs elsewhere")
    try:
        path = find()
    except TradsyError as error:
        return Finding(name, Level.FAILED, error.detail)
    good = os.access(path, os.X_OK)
    return Finding(name, Level.OK if good else Level.FAILED, path if good else f"{path} cannot be executed")


def _folder(installation: Installation) -> Finding:
    root = installation.root
    place = root if root.exists() else next(p for p in root.parents if p.exists())
    if not os.access(place, os.W_OK):
        return Finding("data folder", Level.FAILED, f"{place} cannot be written: choose another with --data")
    closed = [p for p in (place, *place.parents) if not p.stat().st_mode & stat.S_IXOTH] if os.geteuid() == 0 else []
    closed = [p for p in closed if p != root or root.exists()]
    if closed:
        text = f"PostgreSQL does not run as root, and its own user cannot pass through {closed[0]}: chmod o+x it"
        return Finding("data folder", Level.FAILED, text)
    return Finding("data folder", Level.OK, str(root) if root.exists() else f"{root} (made at the first start)")


def _disk(installation: Installation) -> Finding:
    place = next(p for p in (installation.root, *installation.root.parents) if p.exists())
    free = shutil.disk_usage(place).free
    level = Level.OK if free >= WARN_DISK else Level.WARNING if free >= MIN_DISK else Level.FAILED
    return Finding("disk", level, f"{free / (1 << 30):.1f} GiB free")


def _memory() -> Finding:
    size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Finding("memory", Level.OK if size >= WARN_MEMORY else Level.WARNING, f"{size / (1 << 30):.1f} GiB")


def _port(settings: Settings, *, running: bool) -> Finding:
    try:
        listening_socket(settings.host, settings.port).close()
    except TradsyError as error:
        if running:
            return Finding("port", Level.OK, f"{settings.port} is open, and the product runs")
        return Finding("port", Level.FAILED, error.detail)
    return Finding("port", Level.OK, f"{settings.port} is free")


def _keys(installation: Installation) -> Finding:
    """Every file that holds a secret must be its owner's alone."""
    root = installation.root
    named = [root / "master.key", root / "cli.json", root / "demo.json", root / "run" / "engines.json"]
    folder = root / "keys"
    files = [p for p in (*named, *(folder.glob("*.json") if folder.exists() else ())) if p.exists()]
    loose = [p for p in files if stat.S_IMODE(p.stat().st_mode) & 0o077]
    if loose:
        return Finding("key files", Level.FAILED, f"{loose[0]} is readable by others: chmod go= it")
    if installation.settings.master_key is not None:
        return Finding("key files", Level.OK, "the master key comes from the settings")
    return Finding("key files", Level.OK, f"{len(files)} private files" if files else "made at the first start")


def _mode(settings: Settings) -> Finding:
    strict = settings.environment is Environment.PRODUCTION
    if strict and not settings.public_url.startswith("https://"):
        return Finding(
            "environment", Level.WARNING, "production without an https TRADSY_PUBLIC_URL: cookies are not safe"
        )
    return Finding("environment", Level.OK, str(settings.environment))


class _Timex(ctypes.Structure):
    """The head of adjtimex(2)'s structure; the rest is only room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_byte * 256),
    )


def _clock() -> Finding:
    values = _Timex()
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(values)) < 0:
        return Finding("clock", Level.SKIPPED, "the kernel does not tell")
    if values.status & _UNSYNCHRONISED:
        return Finding("clock", Level.WARNING, "not synchronised: run an NTP client, signals are judged by their age")
    return Finding("clock", Level.OK, f"synchronised, error at most {values.maxerror / 1e6:.3f} s")


async def _engines(installation: Installation, *, running: bool) -> AsyncGenerator[Finding]:
    """Look at the engines, if they run."""
    addresses = installation.load_addresses()
    external = installation.settings.database_url is not None
    if addresses is None or not (running or external):
        for name in ("database", "migrations", "audit self-test", "clock offset", "bus", "paper venue"):
            yield Finding(name, Level.SKIPPED, "the product does not run")
        return
    async for finding in _database(installation, addresses):
        yield finding
    yield await _bus(installation.settings, addresses)
    yield _venue(addresses)


async def _database(installation: Installation, addresses: EngineAddresses) -> AsyncGenerator[Finding]:
    try:
        before = SystemClock().now()
        connection = await asyncpg.connect(**parse_url(addresses.database_url), timeout=5)
        try:
            version = await connection.fetchval("select current_setting('server_version')")
            theirs = await connection.fetchval("select clock_timestamp()")
        finally:
            await connection.close()
        after = SystemClock().now()
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        yield Finding("database", Level.FAILED, f"does not answer ({type(error).__name__})")
        return
    yield Finding("database", Level.OK, f"PostgreSQL {version}")
    offset = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0)
    level = Level.OK if offset < CLOCK_WARN else Level.WARNING if offset < CLOCK_REFUSE else Level.FAILED
    yield Finding("clock offset", level, f"{offset:.3f} s from the database")
    current, head = await read_revisions(addresses.database_url)
    good = current == head
    text = f"at {current}" if good else f"at {current}, this build needs {head}: run `tradsy db migrate`"
    yield Finding("migrations", Level.OK if good else Level.FAILED, text)
    yield await _self_test(installation, addresses)


async def _self_test(installation: Installation, addresses: EngineAddresses) -> Finding:
    database = Database(addresses.database_url, installation, pool_size=2)
    try:
        await self_test(database)
    except (TradsyError, DatabaseError, OSError) as error:
        return Finding("audit self-test", Level.FAILED, str(error))
    finally:
        await database.close()
    return Finding("audit self-test", Level.OK, "every try to change the log was refused")


async def _bus(settings: Settings, addresses: EngineAddresses) -> Finding:
    bus = Bus(addresses.nats_url, replicas=settings.nats_replicas)
    try:
        async with asyncio.timeout(5):
            await bus.connect()
            await bus.close()
    except (OSError, nats.errors.Error, TimeoutError) as error:
        return Finding("bus", Level.FAILED, f"does not answer ({type(error).__name__})")
    return Finding("bus", Level.OK, "NATS answers")


def _venue(addresses: EngineAddresses) -> Finding:
    if not addresses.sim_control_url:
        return Finding("paper venue", Level.SKIPPED, "none")
    host, _, port = addresses.sim_control_url.rpartition("//")[2].partition(":")
    try:
        socket.create_connection((host, int(port.strip("/") or 80)), timeout=2).close()
    except OSError as error:
        return Finding("paper venue", Level.FAILED, f"does not answer ({error.strerror or error})")
    return Finding("paper venue", Level.OK, "answers")


def is_healthy(findings: list[Finding]) -> bool:
    """Return whether nothing failed."""
    return all(finding.level is not Level.FAILED for finding in findings)
