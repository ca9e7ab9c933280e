"""Lines of JSON in, lines of JSON out: the work behind `tradsy parse --jsonl`.

For development it also runs by itself: `python -m tradsy.signals.text.jsonl < alerts.jsonl`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, cast

from tradsy.signals.text.parser import parse_alert, to_expected


def parse_lines(lines: Iterable[str]) -> Iterator[str]:
    """Answer each `{"id", "text", "received_at"?}` with `{"id", "expected", "confidence", "reasons"}`.

    A line that cannot be read is answered with its id (or null) and an `error`; nothing is raised for it.
    """
    for line in lines:
        if line.strip():
            yield json.dumps(_answer(line), ensure_ascii=False)


def _answer(line: str) -> dict[str, Any]:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"id": None, "error": f"not JSON: {error}"}
    if not isinstance(row, dict):
        return {"id": None, "error": "not a JSON object"}
    fields = cast("dict[str, Any]", row)
    identity, text = fields.get("id"), fields.get("text")
    if not isinstance(text, str):
        return {"id": identity, "error": "text is missing or no string"}
    try:
        received_at = _time(fields.get("received_at"))
    except ValueError:
        return {"id": identity, "error": "received_at is no ISO 8601 time"}
    alert = parse_alert(text, received_at)
    return {
        "id": identity,
        "expected": to_expected(alert),
        "confidence": alert.confidence,
        "reasons": list(alert.reasons),
    }


def _time(value: object) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(value)
    return datetime.fromisoformat(value)


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in parse_lines(sys.stdin))
