"""Every fail point that chaos runs may arm stands somewhere in the code."""

from __future__ import annotations

from pathlib import Path

import pytest

import tradsy
from tradsy.platform.failpoints import FAILPOINTS

SOURCES = [
    path.read_text()
    for path in Path(tradsy.__file__).parent.rglob("*.py")
    if path.name != "failpoints.py" and "bench" not in path.parts
]


@pytest.mark.parametrize("name", FAILPOINTS)
def test_fail_point_is_placed(name: str) -> None:
    assert any(f'failpoint("{name}")' in source for source in SOURCES)


def test_there_are_as_many_as_promised() -> None:
    assert len(set(FAILPOINTS)) == len(FAILPOINTS) >= 30
