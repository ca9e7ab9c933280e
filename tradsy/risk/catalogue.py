"""All rules as they are shown, and the reference page that is written from them.

`python -m tradsy.risk.catalogue > docs/reference/risk.md` renews the page; a test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tradsy.risk.changes import RAISE_DELAY
from tradsy.risk.codec import effective_to_json
from tradsy.risk.engine import P28
from tradsy.risk.limits import FIELDS, PLATFORM_CAPS, STARTING_LIMITS, EffectiveLimits, Tolerance, format_value
from tradsy.risk.rules import RULES
from tradsy.risk.rules.base import Exemption, Rule

CATALOGUE: tuple[Rule, ...] = (*RULES, P28)
"""Every rule, in the order of a verdict."""


def describe_exemption(rule: Rule) -> str:
    """Return which reduce-only orders pass the rule, or what is milder for them; empty when nothing is."""
    if rule.exemption is Exemption.NONE:
        return ""
    if rule.exemption is Exemption.PARTLY:
        return rule.relief
    return f"not judged: {rule.exemption}"


_INTRO = """# Risk: pre-trade controls and limits

This page is written from the code by `python -m tradsy.risk.catalogue`; a test compares the two.

Every order is judged by every rule before it is stored as an intent. The verdict lists each rule with its outcome,
its reason code and its numbers, and is stored whether the order is approved or not.

| outcome | meaning |
|---|---|
| `pass`, `warn`, `skipped` | does not stop the order; `skipped` rules do not concern it |
| `soft` | a person may confirm it by typing symbol, notional and reason (and a second factor above half of the hard cap); without a person at the screen the plan is held for approval |
| `refuse` | stops the order; nobody can override it |
| `unavailable` | a fact is missing, or the rule failed: stops the order with the code `RISK_UNAVAILABLE` |

An order is approved when no rule refuses and no soft breach is left unconfirmed. R-P2 (live arming) and R-P24 (AI
sources) belong to what they guard and are not judged here.
"""  # noqa: E501 - rows of a Markdown table cannot be wrapped

_LIMITS_INTRO = f"""## Limits

Layers: platform, operator, user, account, source, symbol. The tightest of all that apply holds, and each value names
the layer that bound it. Tightening holds at once. A raise needs a step-up, is announced, and holds after
{RAISE_DELAY // timedelta(minutes=1)} minutes; a change that does both is parted. Where a user set nothing, the
moderate starting value holds, except that trading without a symbol list must have been chosen.

Times are seconds, fractions are parts of one.
"""


def render_reference() -> str:
    """Return the reference page."""
    parts = [_INTRO, "## Rules\n", *_render_rules(), "", _LIMITS_INTRO, *_render_limits(), "", _render_starting()]
    return "\n".join(parts) + "\n"


def _render_rules() -> Iterable[str]:
    yield "| rule | control | default | kind | codes | reduce-only orders |"
    yield "|---|---|---|---|---|---|"
    for rule in CATALOGUE:
        codes = ", ".join(f"`{code}`" for code in rule.codes)
        yield f"| {rule.id} | {rule.title} | {rule.default} | {rule.kind} | {codes} | {describe_exemption(rule)} |"


def _render_limits() -> Iterable[str]:
    default, caps = effective_to_json(EffectiveLimits()), PLATFORM_CAPS.given()
    yield "| limit | rule | what | unit | default | platform cap | tighter |"
    yield "|---|---|---|---|---|---|---|"
    for name, field in FIELDS.items():
        cap = _show(format_value(caps.get(name)))
        shown = _show(default[name])
        yield f"| `{name}` | {field.rule} | {field.text} | {field.unit} | {shown} | {cap} | {field.tighter} |"


def _render_starting() -> str:
    lines = [
        "### Starting values by risk tolerance",
        "",
        "| limit | " + " | ".join(Tolerance) + " |",
        "|---|---|---|---|",
    ]
    given = {tolerance: STARTING_LIMITS[tolerance].given() for tolerance in Tolerance}
    for name in FIELDS:
        if any(name in values for values in given.values()):
            cells = (_show(format_value(values.get(name))) for values in given.values())
            lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _show(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


if __name__ == "__main__":
    sys.stdout.write(render_reference())
