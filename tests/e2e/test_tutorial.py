"""Runs the commands of the tutorial in their order and compares what they print with what the page shows."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.e2e.product import COMMAND, environment, running

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "new-users-hour.md"
_MASKS = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    # Amounts and durations differ from run to run; what was typed and what was decided does not.
    (re.compile(r"[+-]?\d[\d.,]*(?![\w%])"), "N"),
    (re.compile(r"[├└│─]+"), "|"),
    (re.compile(r"\s+"), " "),
)


def masked(line: str) -> str:
    for pattern, name in _MASKS:
        line = pattern.sub(name, line)
    return line.strip()


def examples() -> list[tuple[str, list[str]]]:
    """Return each command of the page's `console` blocks with the lines that it shows."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


@pytest.mark.timeout(300)
def test_every_command_of_the_tutorial_prints_what_the_page_shows(place: Path) -> None:
    with running(place / "first-hour") as child:
        variables = environment(TRADSY_DATA_DIR=str(child.data), TRADSY_PORT=str(child.port))
        for command, shown in examples():
            program, *arguments = shlex.split(command)
            assert program == "tradsy"
            done = subprocess.run(
                [*COMMAND, *arguments], cwd=place, env=variables, capture_output=True, text=True, check=False,
                timeout=100,
            )  # fmt: skip
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            printed = {masked(line) for line in done.stdout.splitlines()}
            for line in shown:
                assert masked(line) in printed, (command, line, done.stdout)


def test_the_page_shows_each_step_of_the_hour() -> None:
    commands = " ".join(command for command, _ in examples())
    for step in ("follow add", "signal send", "kill set", "kill release", "audit verify", "db backup", "db restore"):
        assert step in commands
