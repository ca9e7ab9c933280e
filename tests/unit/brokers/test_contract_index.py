"""docs/howto/add-a-broker.md lists exactly the cases that the contract suite has."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_case_is_listed_and_every_listed_case_exists() -> None:
    listed = re.findall(r"^\| BC-(\d\d) \|", (ROOT / "docs/howto/add-a-broker.md").read_text(), re.MULTILINE)
    suite = "".join(path.read_text() for path in sorted((ROOT / "tests/contract").glob("test_*.py")))
    written = sorted(set(re.findall(r"def test_bc_(\d\d)_", suite)))
    assert listed == written
    assert listed == [f"{n:02d}" for n in range(1, len(listed) + 1)]
