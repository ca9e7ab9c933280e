"""A whole day of demo alerts stays within the default limits, and each text is read as it is meant."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tradsy.entrypoints.demo_alerts import ENTRIES_PER_DAY, SYMBOLS, DemoAlert, DemoScript, DemoSource
from tradsy.risk.limits import EffectiveLimits
from tradsy.signals.text.parser import parse_alert, to_expected

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def is_entry(alert: DemoAlert) -> bool:
    if isinstance(alert.body, str):
        return (to_expected(parse_alert(alert.body, NOW)) or {}).get("action") == "BTO"
    return alert.body.get("action") == "buy" or alert.body.get("order", {}).get("side") == "buy"


def symbol_of(alert: DemoAlert) -> str:
    told = alert.body if isinstance(alert.body, str) else json.dumps(alert.body)
    return next(s for symbols in SYMBOLS.values() for s in symbols if s in told or s.replace("/", "") in told)


def play(seed: int, length: timedelta) -> list[tuple[datetime, DemoAlert]]:
    script, now, said = DemoScript(seed, NOW), NOW, list[tuple[datetime, DemoAlert]]()
    while now < NOW + length:
        said.append((now, script.next(now)))
        now += script.pause()
    return said


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_stays_within_the_default_limits(seed: int) -> None:
    limits = EffectiveLimits()
    entries = [
        (at, alert.source, symbol_of(alert))
        for at, alert in play(seed, timedelta(hours=36))
        if is_entry(alert) and parse_confidence(alert) >= 0.8
    ]
    assert len(entries) > 60
    for at, _, _ in entries:
        day = [e for e in entries if at - timedelta(days=1) < e[0] <= at]
        assert len(day) <= ENTRIES_PER_DAY < limits.max_orders_per_day
        assert max(Counter((s, y) for _, s, y in day).values()) <= limits.repeat_fills_day
        recent = Counter((s, y) for when, s, y in entries if at - timedelta(minutes=5) < when <= at)
        assert max(recent.values()) <= limits.repeat_fills_5min


def parse_confidence(alert: DemoAlert) -> float:
    return parse_alert(alert.body, NOW).confidence if isinstance(alert.body, str) else 1.0


def test_a_source_says_the_same_for_the_same_seed_and_something_else_for_another() -> None:
    assert play(5, timedelta(hours=1)) == play(5, timedelta(hours=1))
    assert play(5, timedelta(hours=1)) != play(6, timedelta(hours=1))


def test_every_kind_of_message_comes_within_the_first_hour() -> None:
    said = [alert for _, alert in play(7, timedelta(hours=1))]
    assert {alert.source for alert in said} == set(DemoSource)
    texts = [alert for alert in said if isinstance(alert.body, str)]
    confidences = [parse_confidence(alert) for alert in texts]
    assert any(0 < value < 0.8 for value in confidences), "nothing unsure is held"
    assert confidences.count(0) > 10, "no chatter"
    assert sum(is_entry(a) for a in said) >= 10


def test_chatter_opens_nothing() -> None:
    for _, alert in play(9, timedelta(hours=6)):
        if isinstance(alert.body, str) and is_entry(alert):
            assert "SL" in alert.body or "stop" in alert.body or "buying" in alert.body


def test_a_restart_counts_what_was_entered_before() -> None:
    before = [(NOW - timedelta(hours=1), "BTC/USD")] * ENTRIES_PER_DAY
    script = DemoScript(1, NOW, entries=before)
    said = [script.next(NOW + timedelta(seconds=15 * n)) for n in range(200)]
    assert not [alert for alert in said if is_entry(alert) and parse_confidence(alert) >= 0.8]


def test_what_is_held_is_closed_by_its_own_source() -> None:
    script = DemoScript(3, NOW, held=["SOL/USD"], entries=[(NOW, "SOL/USD")] * ENTRIES_PER_DAY)
    later = NOW + timedelta(minutes=5)
    closing = [alert for alert in (script.next(later) for _ in range(60)) if _closes(alert)]
    assert [alert.source for alert in closing] == [DemoSource.ROOM]


def _closes(alert: DemoAlert) -> bool:
    if isinstance(alert.body, str):
        return (to_expected(parse_alert(alert.body, NOW)) or {}).get("action") in {"CLOSE", "STC"}
    return False
