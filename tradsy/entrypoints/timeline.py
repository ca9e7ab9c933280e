"""A signal's timeline as people read it: what happened, on which account, how long after the message came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.markup import escape
from rich.tree import Tree

Step = Mapping[str, Any]

_STYLES = {
    "filled": "bold green",
    "accepted": "green",
    "rejected": "bold red",
    "unknown": "bold yellow",
    "quarantined": "bold red",
    "canceled": "yellow",
}


def render_timeline(trace_id: str, steps: Sequence[Step]) -> Tree:
    """Return a tree: the message, then one branch per account, then one per order."""
    begun = datetime.fromisoformat(steps[0]["at"]) if steps else None
    tree = Tree(f"[bold]trace {trace_id}[/bold]")
    accounts: dict[str, Tree] = {}
    orders: dict[str, Tree] = {}
    for step in steps:
        branch = tree
        account, order = step.get("account_id"), step.get("order_id")
        if account:
            branch = accounts.setdefault(account, accounts.get(account) or tree.add(f"[cyan]account {account}[/cyan]"))
        if order:
            branch = orders.setdefault(order, orders.get(order) or branch.add(f"[blue]order {order}[/blue]"))
        branch.add(_line(step, begun))
    return tree


def _line(step: Step, begun: datetime | None) -> str:
    at = datetime.fromisoformat(step["at"])
    after = f"+{(at - begun).total_seconds() * 1000:.1f} ms" if begun else ""
    name = str(step["step"])
    style = _STYLES.get(name, "bold")
    facts = escape("  ".join(_facts(name, step.get("data") or {})))
    return f"{step['at']}  {after:>12}  [{style}]{name}[/{style}]  {facts}"


def _facts(name: str, data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what matters of a step; everything else is in `--json`."""
    if name == "received":
        yield str(data.get("dialect", ""))
        if data.get("text"):
            yield repr(data["text"])
    elif name == "parsed":
        intent: Mapping[str, Any] = data.get("intent") or {}
        yield " ".join(str(intent[k]) for k in ("action", "symbol", "quantity") if intent.get(k)) or "nothing to do"
        yield f"confidence {data.get('confidence')}"
        if data.get("reasons"):
            yield ", ".join(data["reasons"])
    elif name == "risk":
        yield str(data.get("outcome", ""))
        yield from _breaches(data)
    else:
        yield from (f"{key}={value}" for key, value in data.items() if _matters(key, value))


def _breaches(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield each check that stopped the order, or would, with its numbers."""
    checks: list[Mapping[str, Any]] = list(data.get("checks") or ())
    stopping = [c for c in checks if c.get("outcome") in {"refuse", "soft", "unavailable"}]
    yield from (str(check.get("text") or check.get("code", "")) for check in stopping)
    if not stopping and checks:
        yield f"{len(checks)} checks"


def _matters(key: str, value: Any) -> bool:
    return value not in (None, "", [], {}) and not key.endswith("_id") and key != "config_hash"
