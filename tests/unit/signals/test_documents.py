"""The reference names every reason; the code is where they come from."""

from __future__ import annotations

from pathlib import Path

from tradsy.signals.errors import PROBLEMS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "webhooks.md"


def test_the_reference_lists_every_reason_as_it_is_told():
    rows = "".join(f"| `{code}` | {text} |\n" for code, text in PROBLEMS.items())
    assert f"| reason | told |\n|---|---|\n{rows}" in PAGE.read_text()
