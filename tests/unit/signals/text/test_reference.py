"""The reference page shows what the code says."""

from __future__ import annotations

import pytest

from tests.unit.signals.text.measure import PAGE, reasons
from tradsy.signals.text.reasons import REASONS


@pytest.mark.parametrize("refusing", [True, False])
def test_reason_tables_are_current(refusing: bool) -> None:
    assert reasons(refusing=refusing) in PAGE.read_text(encoding="utf-8")


def test_every_lowering_reason_costs() -> None:
    assert all((reason.cost > 0) != reason.refuses for reason in REASONS.values())


def test_worst_misses_are_listed() -> None:
    assert "### The worst 20" in PAGE.read_text(encoding="utf-8")
