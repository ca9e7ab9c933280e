"""Engines die, the disk fills up: a clear 503, and no acknowledged signal is lost."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import uuid
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.e2e.product import Child, running, start, until
from tradsy.entrypoints.api_client import ApiFailed

ORDER = {"ticker": "XRPUSD", "action": "buy", "quantity": "10"}


@pytest.fixture
def own(place: Path) -> Generator[Child]:
    with running(place / "data", TRADSY_DATABASE_FSYNC="true") as child:
        yield child


def send(child: Child, hook: str) -> tuple[int, str]:
    """Post one order; return the status and its trace id."""
    try:
        answer = child.post(hook, {**ORDER, "id": uuid.uuid4().hex})
    except ApiFailed:
        return 0, ""
    return answer.status, answer.body["trace_id"] if answer.status == 202 else answer.body["code"]


@pytest.mark.parametrize("engine", ["postgres", "nats-server"])
def test_a_killed_engine_comes_back_and_loses_nothing(own: Child, engine: str) -> None:
    hook = own.hook()
    accepted = [send(own, hook)[1]]
    own.until_step(accepted[0], "filled")
    own.engine(engine).kill()
    statuses: list[int] = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and statuses[-2:] != [202, 202]:
        status, told = send(own, hook)
        statuses.append(status)
        if status == 202:
            accepted.append(told)
        else:
            assert (status, told) == (503, "unavailable"), statuses
        time.sleep(0.2)
    assert statuses[-2:] == [202, 202], statuses
    for trace in accepted:
        steps = until(lambda trace=trace: _judged(own, trace), what=f"a verdict for {trace}")
        assert steps.count("sent") <= 1
    assert own.process.poll() is None


def _judged(child: Child, trace: str) -> list[str]:
    with contextlib.suppress(ApiFailed):
        steps = [step["step"] for step in child.steps(trace)]
        return steps if "risk" in steps else []
    return []


def test_everything_killed_at_once_starts_again(place: Path) -> None:
    child = start(place / "data", {"TRADSY_DATABASE_FSYNC": "true"})
    hook = child.hook()
    status, trace = send(child, hook)
    assert status == 202
    child.process.kill()
    child.process.wait()
    again = start(place / "data", {"TRADSY_DATABASE_FSYNC": "true"}, child.port)
    try:
        # Filled, or refused as too old by a machine that took long to start: judged once, and never twice at the venue.
        steps = until(lambda: _judged(again, trace), what="a verdict for what was acknowledged")
        assert steps.count("sent") <= 1
        assert send(again, hook)[0] == 202
    finally:
        again.stop()
    assert "Stopped." in again.said.read_text()


@pytest.fixture
def small_disk(place: Path) -> Generator[Path]:
    """A file system of its own that can be filled; only root may mount one."""
    place = place / "disk"
    place.mkdir()
    mounted = os.geteuid() == 0 and not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400m,mode=0711", "tmpfs", str(place)], check=False, capture_output=True
    ).returncode  # fmt: skip
    if not mounted:
        pytest.skip("no right to mount a small file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_refuses_and_recovers(small_disk: Path) -> None:
    with running(small_disk / "data") as child:
        hook = child.hook()
        accepted = [send(child, hook)[1]]
        ballast = small_disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb") as stream:
            while True:
                stream.write(b"\0" * (1 << 20))
                stream.flush()
        refused: list[tuple[int, str]] = []
        deadline = time.monotonic() + 60
        while not refused and time.monotonic() < deadline:
            status, told = send(child, hook)
            if status == 202:
                accepted.append(told)
            else:
                refused.append((status, told))
        assert refused, "the disk never was full"
        assert refused[0] == (503, "unavailable")
        ballast.unlink()
        until(lambda: send(child, hook)[0] == 202, what="recovery")
        for trace in accepted:
            until(lambda trace=trace: _judged(child, trace), what=f"a verdict for {trace}")
