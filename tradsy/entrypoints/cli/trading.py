"""`tradsy positions`, `orders`, `accounts` and `kill`: what is held, what rests, what stops it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tradsy.entrypoints.cli.common import (
    DataOption,
    JsonOption,
    KeyOption,
    LimitOption,
    UrlOption,
    group,
    make_client,
    make_settings,
    messages,
    output,
    print_json,
    print_table,
)

kill = group("Stop trading at once, and let it run again.")


def accounts(
    data: DataOption = None, url: UrlOption = None, key: KeyOption = None, json_output: JsonOption = False
) -> None:
    """List your accounts."""
    rows = list(make_client(data, url, key).pages("/api/v1/accounts", 1000))
    if json_output:
        print_json(rows)
        return
    cells = [(r["label"], r["venue"], r["currency"], r["state"], r["id"]) for r in rows]
    print_table("accounts", ("label", "venue", "currency", "state", "id"), cells)


def positions(
    data: DataOption = None, url: UrlOption = None, key: KeyOption = None, json_output: JsonOption = False
) -> None:
    """List what is held, at market."""
    held = make_client(data, url, key).ask("GET", "/api/v1/positions")
    if json_output:
        print_json(held)
        return
    columns = ("quantity", "average_price", "price", "market_value", "unrealized_pnl", "realized_pnl")
    cells = [[row["symbol"], *(_short(row[name]) for name in columns)] for row in held["items"]]
    print_table("positions", ["symbol", *(name.replace("_", " ") for name in columns)], cells)


def orders(
    only_open: Annotated[bool, typer.Option("--open", help="Only those that rest or may rest.")] = False,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only this symbol.")] = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json_output: JsonOption = False,
) -> None:
    """List orders, newest first."""
    state = "open" if only_open else "any"
    rows = list(make_client(data, url, key).pages("/api/v1/orders", limit, symbol=symbol, state=state))
    if json_output:
        print_json(rows)
        return
    cells = [
        (
            r["created_at"], r["symbol"], r["side"], r["role"], r["order_type"], _short(r["quantity"]),
            _short(r["limit_price"] or r["stop_price"]), r["state"], _short(r["average_price"]), r["reason_code"],
            r["id"],
        )
        for r in rows
    ]  # fmt: skip
    names = ("created", "symbol", "side", "role", "type", "quantity", "price", "state", "filled at", "why", "id")
    print_table("orders", names, cells)


@kill.command("list")
def list_kills(
    data: DataOption = None, url: UrlOption = None, key: KeyOption = None, json_output: JsonOption = False
) -> None:
    """List the switches that concern you."""
    rows = make_client(data, url, key).ask("GET", "/api/v1/kills")
    if json_output:
        print_json(rows)
        return
    cells = [
        (r["scope"], r["subject"], "STOPPED" if r["active"] else "running", r["reason"], r["changed_at"], r["resting"])
        for r in rows
    ]
    print_table("kill switches", ("scope", "subject", "state", "reason", "since", "still resting"), cells)


ScopeArgument = Annotated[str, typer.Argument(help="site, broker, user, account or source.")]
SubjectArgument = Annotated[str | None, typer.Argument(help="Venue name or id; none for site and for yourself.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Kept in the audit log.")]
LocalOption = Annotated[
    bool, typer.Option("--local", help="As the operator of this machine: straight on the data folder, audited.")
]


@kill.command("set")
def set_kill(
    scope: ScopeArgument = "user",
    subject: SubjectArgument = None,
    reason: ReasonOption = "command line",
    local: LocalOption = False,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json_output: JsonOption = False,
) -> None:
    """Stop a scope: what adds risk is canceled, nothing that adds risk is sent; exits keep working."""
    if local:
        from tradsy.entrypoints.operator import set_kill as set_as_operator

        _say(_run(set_as_operator(make_settings(data), scope, subject, reason=reason)), json_output=json_output)
        return
    body = {"scope": scope, "subject": subject, "reason": reason}
    made = make_client(data, url, key).ask("POST", "/api/v1/kills", {k: v for k, v in body.items() if v is not None})
    _say(made, json_output=json_output)


@kill.command("release")
def release_kill(
    scope: ScopeArgument = "user",
    subject: SubjectArgument = None,
    reason: ReasonOption = "command line",
    data: DataOption = None,
    json_output: JsonOption = False,
) -> None:
    """Let a scope run again, as the operator of this machine.

    Over the API a release needs a person's fresh second proof, which no key carries; whoever may read the data folder's
    keys proves as much.
    """
    from tradsy.entrypoints.operator import release_kill as release_as_operator

    _say(_run(release_as_operator(make_settings(data), scope, subject, reason=reason)), json_output=json_output)


def _run(work: Any) -> Any:
    import asyncio

    from tradsy.platform.logging import configure_logging

    configure_logging("WARNING")
    return asyncio.run(work)


def _say(view: dict[str, Any], *, json_output: bool) -> None:
    if json_output:
        print_json(view)
        return
    state = "[bold red]stopped[/bold red]" if view["active"] else "[green]running[/green]"
    output().print(f"{view['scope']} {view['subject']}: {state}")
    if view["active"] and view["resting"]:
        messages().print(f"{view['resting']} orders are being canceled.")


def _short(value: str | None) -> str:
    """Return a decimal without digits that nobody reads."""
    from decimal import Decimal

    return "" if value is None else f"{Decimal(value):.8f}".rstrip("0").rstrip(".")
