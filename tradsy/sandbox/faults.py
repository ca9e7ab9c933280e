"""The fault injector: knobs of a sandbox, seeded, by endpoint and account, with a probability or a count."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

KNOBS: dict[str, str] = {
    "drop_request": "the connection closes before anything is done",
    "drop_response": "the request is done, then the connection closes without an answer",
    "delay_before": "nothing is done for `seconds` (or a log-normal time around it with `jitter`)",
    "delay_after": "the request is done, the answer comes after `seconds`",
    "hide_accepted": "an accepted order shows in look-ups, lists and the stream only after `seconds`",
    "half_response": "the answer's head and half its body, then silence and an orderly close",
    "reset_mid_body": "the answer's head and half its body, then a reset",
    "invalid_json": "status 200 with a body that is no JSON",
    "error_after_accept": "the request is done but answered with `status` (400 by default)",
    "error_before_accept": "`status` (503 by default) and nothing done",
    "rate_limit": "429 and nothing done; `headers` false leaves Retry-After out",
    "auth_expired": "401 auth_expired; the login's streams end",
    "stale_list": "order lists and look-ups show the state of `seconds` ago",
    "stale_positions": "positions are those of `seconds` ago",
    "page_skip": "a following page leaves its first item out",
    "duplicate_fill": "the stream sends a fill twice, same execution id",
    "duplicate_fill_new_id": "the stream sends a fill again under a new execution id with `dup_of`; never in the truth",
    "fill_before_ack": "the stream's fill comes before its NEW, and before the answer",
    "cancel_before_fill": "the stream's CANCELED comes before the last fill",
    "fill_after_cancel": "a canceled order fills after `seconds`, really: `quantity` or what was left",
    "partial_fills": "an order fills in `n` parts, one a tick",
    "over_report": "the stream's filled quantity is `quantity` (1 by default) too high",
    "bust": "a fill is busted after `seconds`, really",
    "correction": "a fill's price is corrected after `seconds` by `ticks`, really",
    "stream_disconnect": "the stream's socket closes instead of sending an event",
    "stream_stall": "the stream sends nothing for `seconds`, not even heart-beats, and stays open",
    "stream_replay": "the stream sends its last `n` events again",
    "sequence_gap": "an event is left out of the stream, its sequence number is used up",
}
"""Every knob and what it does; `endpoint` is one of the server's endpoint names or a prefix such as `orders`."""


@dataclass(slots=True)
class Rule:
    knob: str
    endpoint: str | None = None
    account: str | None = None
    probability: float = 1.0
    count: int | None = None
    """How often it still strikes; None is without end."""
    args: dict[str, Any] = field(default_factory=dict[str, Any])
    hits: int = 0

    def seconds(self, default: float = 1.0) -> float:
        return self.args.get("seconds", default)

    def number(self, name: str, default: int) -> int:
        return int(self.args.get(name, default))


class FaultInjector:
    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"faults:{seed}")  # noqa: S311 - reproducible faults
        self.rules: list[Rule] = []

    def add(self, spec: dict[str, Any]) -> Rule:
        """Add a rule from the control API.

        Raises:
            ValueError: the knob is not known or an argument is out of range.
        """
        args = dict(spec)
        knob = args.pop("knob", None)
        if knob not in KNOBS:
            raise ValueError(f"unknown knob; known are {', '.join(KNOBS)}")
        rule = Rule(knob, args.pop("endpoint", None), args.pop("account", None))
        rule.probability = args.pop("probability", 1.0)
        rule.count = args.pop("count", None)
        if not 0 <= rule.probability <= 1 or (rule.count is not None and rule.count < 1):
            raise ValueError("probability is 0 to 1, count at least 1")
        rule.args = args
        self.rules.append(rule)
        return rule

    def clear(self, knob: str | None = None) -> None:
        self.rules = [r for r in self.rules if knob is not None and r.knob != knob]

    def draw(self, knob: str, endpoint: str, account: str | None = None) -> Rule | None:
        """Return the rule of `knob` that strikes now, None when none does."""
        for rule in self.rules:
            if rule.knob == knob and self._strikes(rule, endpoint, account):
                return rule
        return None

    def jitter(self, rule: Rule) -> float:
        """Return the rule's delay; with `jitter` a log-normal time of that median, at most 120 s."""
        seconds, sigma = rule.seconds(), rule.args.get("jitter", 0.0)
        return min(seconds * self._rng.lognormvariate(0.0, sigma), 120.0) if sigma else seconds

    def _strikes(self, rule: Rule, endpoint: str, account: str | None) -> bool:
        if rule.endpoint and rule.endpoint != endpoint and not endpoint.startswith(f"{rule.endpoint}."):
            return False
        if rule.account and rule.account != account:
            return False
        if rule.probability < 1 and self._rng.random() >= rule.probability:
            return False
        rule.hits += 1
        if rule.count is not None:
            rule.count -= 1
            if rule.count == 0:
                self.rules.remove(rule)
        return True
