"""R-P25, pure: which part of a change of limits holds at once, and which must wait."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tradsy.risk.limits import FIELDS, STARTING_LIMITS, LimitSet, Scope, Tolerance, is_raise, tightest

RAISE_DELAY = timedelta(minutes=10)
"""Between the request of a raise and its force: the time to notice one that somebody else made."""

USER_BASE = replace(STARTING_LIMITS[Tolerance.MODERATE], any_symbol=None)
"""What a user layer lies over: a limit that it does not set has its starting value."""


@dataclass(frozen=True, slots=True)
class SplitChange:
    """A change of one layer, parted."""

    at_once: LimitSet
    """The old values with everything that tightens."""
    raised: tuple[str, ...]
    """Names of the limits that the change loosens; those of one symbol as `SYMBOL.name`."""


def split_change(scope: Scope, old: LimitSet, new: LimitSet) -> SplitChange:
    """Part the change from `old` to `new`: tightening holds at once, raises wait."""
    base = USER_BASE if scope is Scope.USER else LimitSet()
    at_once, raised = _split(old, new, base)
    before, after = dict(old.by_symbol), dict(new.by_symbol)
    own: dict[str, LimitSet] = {}
    for symbol in sorted(before.keys() | after.keys()):
        kept, loosened = _split(before.get(symbol, LimitSet()), after.get(symbol, LimitSet()), LimitSet())
        raised.extend(f"{symbol}.{name}" for name in loosened)
        if kept.given():
            own[symbol] = kept
    return SplitChange(replace(at_once, by_symbol=tuple(own.items())), tuple(raised))


def _split(old: LimitSet, new: LimitSet, base: LimitSet) -> tuple[LimitSet, list[str]]:
    values: dict[str, Any] = {}
    raised: list[str] = []
    for name in FIELDS:
        mine, theirs = getattr(old, name), getattr(new, name)
        default = getattr(base, name)
        in_force, wanted = (default if value is None else value for value in (mine, theirs))
        if not is_raise(name, in_force, wanted):
            values[name] = theirs
            continue
        raised.append(name)
        both = in_force is not None and wanted is not None
        # A changed list loses at once what it loses, and gains later what it gains.
        values[name] = tightest(name, in_force, wanted) if both else mine
    return LimitSet(**values), raised
