"""Measure the alert parser on both generators: `python -m tests.unit.signals.text.measure [--write]`.

Prints the figures and the worst misses; with `--write` it puts them into the reference page.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.signals.text.generators import noisy, reworded
from tests.unit.signals.text.wording import Sample, Wire
from tradsy.signals.text.parser import parse_alert, to_expected
from tradsy.signals.text.reasons import REASONS

SEED, COUNT = 20260, 4000
PAGE = Path(__file__).parents[4] / "docs" / "reference" / "parser.md"
OPENS = frozenset({"BTO", "STO"})
BAR = 0.8


@dataclass(slots=True)
class Miss:
    """One wrong answer and how bad it is."""

    sample: Sample
    fault: str
    weight: float


@dataclass(slots=True)
class Score:
    """The outcome of one generator."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    by_confidence: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    misses: list[Miss] = field(default_factory=list[Miss])

    @property
    def alerts(self) -> int:
        return self.outcomes["exact"] + self.outcomes["refused"] + self.outcomes["wrong"]

    def share(self, outcome: str) -> float:
        """Part of the alerts with an outcome."""
        return self.outcomes[outcome] / max(self.alerts, 1)


def judge(sample: Sample) -> tuple[str, float, Miss | None]:
    """The outcome of one message, the confidence, and the miss where it is one."""
    alert = parse_alert(sample.text)
    got = to_expected(alert)
    if sample.expected is None:
        opened = got is not None and got["action"] in OPENS
        fault = f"opens {got['action']} {got['symbol']}" if opened and got else ""
        return (
            ("chatter opened", alert.confidence, Miss(sample, fault, 5 + alert.confidence))
            if opened
            else ("quiet", 0.0, None)
        )
    if got is None:
        return "refused", 0.0, Miss(sample, f"refused: {alert.reasons[0]}", 1.0)
    if got == sample.expected:
        return "exact", alert.confidence, None
    fault = difference(sample.expected, got)
    weight = (3.0 if "action" in fault or "symbol" in fault else 2.0) + alert.confidence
    return "wrong", alert.confidence, Miss(sample, fault, weight)


def difference(want: Wire, got: Wire) -> str:
    """Name the fields that differ."""
    return "; ".join(f"{name}: {got[name]!r} for {want[name]!r}" for name in want if got[name] != want[name])


def score(samples: Iterable[Sample]) -> Score:
    """Judge every message of a generator."""
    total = Score()
    for sample in samples:
        outcome, confidence, miss = judge(sample)
        total.outcomes[outcome] += 1
        if outcome in {"exact", "wrong"}:
            band = f"{int(confidence * 10) / 10:.1f}"
            total.by_confidence.setdefault(band, Counter())[outcome] += 1
        if miss is not None:
            total.misses.append(miss)
    return total


def worst(scores: Iterable[Score], count: int = 20) -> list[Miss]:
    """The worst misses, one of each kind and fault before a second of the same."""
    misses = sorted((miss for one in scores for miss in one.misses), key=lambda miss: (-miss.weight, miss.sample.text))
    seen: Counter[tuple[str, str]] = Counter()
    ranked: list[tuple[int, Miss]] = []
    for miss in misses:
        key = (miss.sample.kind, miss.fault.split(":")[0].split(" ")[0])
        ranked.append((seen[key], miss))
        seen[key] += 1
    ranked.sort(key=lambda entry: entry[0])
    return [miss for _, miss in ranked[:count]]


def speed(samples: list[Sample]) -> tuple[float, float]:
    """Mean and 99th percentile of the time per message, in microseconds of processor time."""
    times: list[int] = []
    for sample in samples:
        start = time.thread_time_ns()
        parse_alert(sample.text)
        times.append(time.thread_time_ns() - start)
    times.sort()
    return sum(times) / len(times) / 1000, times[len(times) * 99 // 100] / 1000


def table(scores: dict[str, Score]) -> list[str]:
    """The figures as a Markdown table."""
    lines = [
        "| Generator | Alerts | Exact | Refused | Wrong | Chatter | Chatter that opened |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in scores.items():
        quiet, opened = one.outcomes["quiet"], one.outcomes["chatter opened"]
        shares = " | ".join(f"{one.share(outcome):.1%}" for outcome in ("exact", "refused", "wrong"))
        lines.append(f"| {name} | {one.alerts} | {shares} | {quiet + opened} | {opened} |")
    return lines


def bands(scores: dict[str, Score]) -> list[str]:
    """How often the answers of each band of confidence are exact."""
    lines = ["| Confidence | Answers | Exact |", "|---|---|---|"]
    merged: dict[str, Counter[str]] = {}
    for one in scores.values():
        for band, counts in one.by_confidence.items():
            merged.setdefault(band, Counter()).update(counts)
    for band in sorted(merged, reverse=True):
        exact, wrong = merged[band]["exact"], merged[band]["wrong"]
        lines.append(f"| {band} and above | {exact + wrong} | {exact / (exact + wrong):.1%} |")
    return lines


def cell(text: str) -> str:
    """A text as one table cell."""
    shown = text.replace("\n", " ⏎ ").replace("|", "\\|").replace("\u200b", "")
    return " ".join(shown.split())


def report() -> str:
    """The whole measured section."""
    samples = {"Re-worded templates": list(reworded(SEED, COUNT)), "Typing slips and noise": list(noisy(SEED, COUNT))}
    scores = {name: score(drawn) for name, drawn in samples.items()}
    lines = [
        f"Seed {SEED}, {COUNT} messages per generator.",
        "",
        *table(scores),
        "",
        *bands(scores),
        "",
        "### The worst 20",
        "",
    ]
    found = worst(scores.values())
    lines += ["| # | Kind | Message | What went wrong |", "|---|---|---|---|"]
    lines += [
        f"| {place} | {miss.sample.kind} | `{cell(miss.sample.text)}` | {cell(miss.fault)} |"
        for place, miss in enumerate(found, 1)
    ]
    if len(found) < 20:
        lines += ["", f"There are no more: the generators found {len(found)} misses in all."]
    return "\n".join(lines)


def reasons(*, refusing: bool) -> str:
    """The table of the reason codes, as the page shows it."""
    lines = ["| Code | Meaning |", "|---|---|"] if refusing else ["| Code | Cost | Meaning |", "|---|---|---|"]
    for code, reason in REASONS.items():
        if reason.refuses == refusing:
            cost = "" if refusing else f"{reason.cost / 100:.2f} | "
            lines.append(f"| `{code}` | {cost}{reason.meaning} |")
    return "\n".join(lines)


def fill(page: str, section: str, text: str) -> str:
    """Replace one generated section of the page."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def main() -> None:
    """Print the report and the speed; put the generated sections into the page where asked."""
    text = report()
    mean, high = speed(list(reworded(SEED, COUNT)))
    sys.stdout.write(f"{text}\n\nmean {mean:.0f} µs per message, p99 {high:.0f} µs\n")
    if "--write" in sys.argv[1:]:
        page = fill(PAGE.read_text(encoding="utf-8"), "measured", text)
        page = fill(page, "refusing", reasons(refusing=True))
        PAGE.write_text(fill(page, "lowering", reasons(refusing=False)), encoding="utf-8")


if __name__ == "__main__":
    main()
