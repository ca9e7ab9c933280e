"""Lines in, lines out; a bad line gets an answer too."""

from __future__ import annotations

import json
from typing import Any

from tradsy.signals.text.jsonl import parse_lines


def answers(*lines: str) -> list[Any]:
    return [json.loads(line) for line in parse_lines(lines)]


def test_alert_and_chatter() -> None:
    rows = [
        {"id": "a", "text": "BTO NET @ 80", "received_at": "2026-01-05T14:30:00Z"},
        {"id": 2, "text": "good morning"},
    ]
    alert, chatter = answers(*map(json.dumps, rows))

    assert alert["id"] == "a"
    assert alert["expected"]["symbol"] == "NET"
    assert alert["expected"]["price"] == 80
    assert alert["confidence"] > 0.9
    assert alert["reasons"] == []
    assert chatter == {"id": 2, "expected": None, "confidence": 0.0, "reasons": ["no_action"]}


def test_bad_lines_are_answered_in_their_place() -> None:
    lines = [
        "{",
        "[1]",
        '{"id": "x"}',
        '{"id": "y", "text": 5}',
        '{"id": "z", "text": "a", "received_at": "soon"}',
        '{"id": "n", "text": "a", "received_at": 5}',
        "\n",
    ]
    found = answers(*lines, '{"id": "ok", "text": "BTO NET @ 80"}')

    assert [row["id"] for row in found] == [None, None, "x", "y", "z", "n", "ok"]
    assert all("error" in row for row in found[:-1])
    assert found[-1]["expected"]["action"] == "BTO"


def test_numbers_keep_their_digits() -> None:
    (row,) = answers('{"id": 1, "text": "EURCHF buy 0.95001 sl 0.94801 tp 0.95301"}')

    assert row["expected"]["price"] == 0.95001
    assert row["expected"]["targets"] == [0.95301]


def test_deeply_nested_line_is_an_error() -> None:
    (row,) = answers("[" * 100_000)

    assert "error" in row
