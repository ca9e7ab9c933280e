"""docs/reference/sim.md says what the code does: knobs, errors, endpoints, record types."""

from __future__ import annotations

import re
from pathlib import Path

from tradsy.sandbox.faults import KNOBS
from tradsy.sandbox.sim.errors import STATUS

TEXT = (Path(__file__).parents[3] / "docs" / "reference" / "sim.md").read_text()


def test_every_knob_is_in_the_table_with_its_words() -> None:
    rows = dict(
        re.findall(
            r"^\| `([a-z_]+)` \| (.*) \|$", TEXT.split("<!-- knobs -->")[1].split("<!-- /knobs -->")[0], re.MULTILINE
        )
    )
    assert rows == KNOBS


def test_every_error_code_is_listed_under_its_status() -> None:
    section = TEXT.split("## Errors")[1].split("##")[0]
    listed = {
        (int(status), code)
        for statuses, codes in re.findall(r"^\| ([\d, ]+) \| (.*) \|$", section, re.MULTILINE)
        for status in statuses.split(", ")
        for code in re.findall(r"`([a-z_]+)`", codes)
    }
    assert {(status, code) for code, status in STATUS.items()} <= listed
    assert {code for _, code in listed} == set(STATUS)
