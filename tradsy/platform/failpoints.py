"""Named fail points: no-ops in production, places to die or stall in chaos runs.

`TRADSY_FAILPOINTS="after_c1=kill:0.01,after_full_write=kill:once"` arms them at process start; without it
`failpoint` costs one dictionary look-up. `HITS` counts every arrival while any point is armed.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

FAILPOINTS: tuple[str, ...] = (
    "signal_received",
    "before_signal_commit",
    "after_signal_commit",
    "before_risk",
    "after_risk",
    "before_c1",
    "after_c1",
    "after_lease_check",
    "before_socket_write",
    "after_first_byte",
    "after_full_write",
    "after_response_headers",
    "after_body_before_parse",
    "after_parse_before_c2",
    "inside_c2",
    "after_c2",
    "before_report_commit",
    "after_report_commit",
    "resolver_start",
    "resolver_after_lookup",
    "resolver_before_commit",
    "resolver_after_commit",
    "before_cancel_send",
    "after_cancel_send",
    "before_exit_commit",
    "after_exit_commit",
    "during_reconcile",
    "during_checkpoint",
    "during_rewrap",
    "during_migration",
    "during_takeover",
    "outbox_after_publish",
    "during_shutdown",
)
"""Every fail point in the code; a test checks that each is placed exactly where its name says."""


@dataclass(slots=True)
class _Armed:
    action: str
    probability: float
    once: bool


HITS: Counter[str] = Counter()
_armed: dict[str, _Armed] = {}
_random = random.Random()  # noqa: S311 - chooses where a chaos run dies, nothing secret
_journal: Path | None = None


class FailpointReached(RuntimeError):
    """Raised by a point armed with `raise`."""


def arm(text: str, *, seed: int | None = None, journal: str | None = None) -> None:
    """Arm points from `name=action:probability|once` parts; actions are `kill` and `raise`.

    Raises:
        ValueError: a name is not in `FAILPOINTS` or an action is unknown.
    """
    global _journal  # noqa: PLW0603 - process-wide by nature
    _armed.clear()
    _random.seed(seed)
    _journal = Path(journal) if journal else None
    for part in filter(None, text.split(",")):
        name, _, rule = part.partition("=")
        action, _, chance = rule.partition(":")
        if name not in FAILPOINTS or action not in {"kill", "raise"}:
            raise ValueError(f"unknown fail point or action: {part}")
        once = chance in {"", "once"}
        _armed[name] = _Armed(action, 1.0 if once else float(chance), once)


def arm_from_environment() -> None:
    """Arm what TRADSY_FAILPOINTS asks for; called once by the process entry points."""
    text = os.environ.get("TRADSY_FAILPOINTS", "")
    if text:
        seed = os.environ.get("TRADSY_FAILPOINTS_SEED")
        arm(text, seed=int(seed) if seed else None, journal=os.environ.get("TRADSY_FAILPOINTS_JOURNAL"))


def failpoint(name: str) -> None:
    """Die or raise here when the point is armed; otherwise do nothing."""
    if not _armed:
        return
    HITS[name] += 1
    point = _armed.get(name)
    if point is None or _random.random() >= point.probability:
        return
    if point.once:
        del _armed[name]
    if _journal:
        with _journal.open("a") as file:
            file.write(f"{name} {os.getpid()}\n")
    if point.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise FailpointReached(name)
