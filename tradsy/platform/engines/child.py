"""A child process that ends with its parent, is restarted when it dies, and stops in order."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1


def _die_with_parent(signum: int) -> Callable[[], None]:
    """Return a pre-exec hook: the kernel sends `signum` when the parent dies, even by SIGKILL (prctl(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def hook() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signum)
        os.setsid()
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


class _Process:
    """A child whose end can be awaited (pidfd_open(2))."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def wait(self) -> int:
        code = self._process.poll()
        if code is not None:
            return code
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        watch = os.pidfd_open(self.pid)
        loop.add_reader(watch, lambda: ended.done() or ended.set_result(None))
        try:
            await ended
        finally:
            loop.remove_reader(watch)
            os.close(watch)
        return self._process.wait()


class Child:
    """One supervised child: started, watched, restarted with back-off, stopped by its own signal."""

    def __init__(
        self,
        name: str,
        command: Callable[[], Sequence[str]],
        *,
        ready: Callable[[], Awaitable[None]],
        log_path: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
        orphan_signal: signal.Signals = signal.SIGKILL,
        user: int | None = None,
        group: int | None = None,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self._command = command
        self._ready = ready
        self._log_path = log_path
        self._stop_signal = stop_signal
        self._orphan_signal = orphan_signal
        self._user = user
        self._group = group
        self._environment = environment
        self._cwd = cwd
        self._process: _Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self.restarts = 0
        self.ready = asyncio.Event()
        """Set while the child serves."""

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start the child and wait until it is ready.

        Raises:
            ChildFailed: it ended before it was ready.
        """
        await self._spawn()
        self._watch = asyncio.create_task(self._keep_alive(), name=f"watch {self.name}")

    async def _spawn(self) -> None:
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as output:
            # Not asyncio's own subprocess: uvloop's takes no user, and one watcher per child is all that is needed.
            self._process = _Process(
                subprocess.Popen(  # noqa: ASYNC220 - returns once the child has been executed
                    list(self._command()),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    user=self._user,
                    group=self._group,
                    extra_groups=[] if self._user is not None else None,
                    env=dict(self._environment) if self._environment is not None else None,
                    cwd=self._cwd,
                    # The hook calls prctl and setsid alone, which are safe between fork and exec.
                    preexec_fn=_die_with_parent(self._orphan_signal),  # noqa: PLW1509
                )
            )
        ready = asyncio.ensure_future(self._ready())
        ended = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
            if not ready.done():
                raise ChildFailed(self.name, self._log_path)
            ready.result()
            self.ready.set()
        finally:
            ready.cancel()
            ended.cancel()

    async def _keep_alive(self) -> None:
        delay = 0.2
        while self._process is not None:
            code = await self._process.wait()
            self.ready.clear()
            log.warning("child ended, starting it again", child=self.name, code=code)
            self.restarts += 1
            await asyncio.sleep(delay)
            try:
                await self._spawn()
                delay = 0.2
            except (ChildFailed, OSError):
                log.exception("child does not start", child=self.name)
                delay = min(delay * 2, 10.0)

    async def stop(self, timeout: float = 20.0) -> None:
        """Ask the child to stop; end it when it does not within `timeout` seconds."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(self._stop_signal)
        try:
            await asyncio.wait_for(process.wait(), timeout)
        except TimeoutError:
            process.send_signal(signal.SIGKILL)
            await process.wait()


class ChildFailed(RuntimeError):
    """A child ended, or was not ready within a minute; its log says why."""

    def __init__(self, name: str, log_path: Path) -> None:
        try:
            tail = log_path.read_text(errors="replace").splitlines()[-8:]
        except OSError:
            tail = []
        super().__init__(f"{name} did not start; end of {log_path}:\n  " + "\n  ".join(tail))


async def until(probe: Callable[[], Awaitable[bool]], *, every: float = 0.05) -> None:
    """Return once `probe` says yes."""
    while not await probe():
        await asyncio.sleep(every)
