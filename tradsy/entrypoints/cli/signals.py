"""`tradsy parse`, `signal`, `source`, `follow`, `plans` and `trace`: from a message to its story."""

from __future__ import annotations

import sys
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
    output,
    print_json,
    print_table,
)

signal = group("Send messages and see what was read in them.")
source = group("Where messages come from.")
follow = group("Which account acts on which source, and how.")
plan = group("What waits for a person.")


def parse(
    text: Annotated[str | None, typer.Argument(help="An alert text; standard input if not given.")] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Read and print one JSON object a line.")] = False,
) -> None:
    """Read alert texts as the product would; nothing is sent anywhere."""
    import io
    import json

    from tradsy.signals.text.jsonl import parse_lines

    if jsonl and text is not None:
        raise typer.BadParameter("--jsonl reads standard input: give no text")
    # Lines end at a line feed alone: U+2028 and its like may stand inside a JSON string.
    lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace", newline="\n")
    if jsonl:
        for line in parse_lines(lines):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        return
    given = lines.read() if text is None else text
    (line,) = parse_lines([json.dumps({"id": "1", "text": given})])
    print_json({key: value for key, value in json.loads(line).items() if key != "id"})


@signal.command("send")
def send(
    text: Annotated[str | None, typer.Argument(help="An alert text; or give --symbol and --side.")] = None,
    source_name: Annotated[str, typer.Option("--source", help="Name or id of one of your sources.")] = "",
    symbol: Annotated[str | None, typer.Option("--symbol", help="Such as BTC/USD.")] = None,
    side: Annotated[str | None, typer.Option("--side", help="buy or sell.")] = None,
    quantity: Annotated[str | None, typer.Option("--quantity", help="Units.")] = None,
    notional: Annotated[str | None, typer.Option("--notional", help="Cash value instead of units.")] = None,
    limit_price: Annotated[str | None, typer.Option("--limit-price")] = None,
    stop_price: Annotated[str | None, typer.Option("--stop-price", help="Trigger of a stop order.")] = None,
    take_profit: Annotated[str | None, typer.Option("--take-profit")] = None,
    stop_loss: Annotated[str | None, typer.Option("--stop-loss")] = None,
    close: Annotated[bool, typer.Option("--close", help="Only reduce what is held.")] = False,
    idempotency_key: Annotated[str | None, typer.Option("--id", help="The signal's id: it is taken once.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the outcome and print the timeline.")] = False,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json_output: JsonOption = False,
) -> None:
    """Send a signal to one of your sources."""
    if (text is None) == (symbol is None) or not source_name:
        raise typer.BadParameter("give --source, and either a text or --symbol and --side")
    order = {
        "symbol": symbol,
        "side": side,
        "quantity": quantity,
        "notional": notional,
        "limit_price": limit_price,
        "stop_price": stop_price,
        "take_profit": take_profit,
        "stop_loss": stop_loss,
        "position_effect": "close" if close else None,
    }
    told: dict[str, Any] = {"text": text} if text is not None else {"order": _given(order)}
    client = make_client(data, url, key)
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    receipt = client.ask("POST", "/api/v1/signals", {"source": source_name, **told}, headers=headers)
    if wait:
        _wait_and_show(client, receipt["trace_id"], json_output=json_output)
    elif json_output:
        print_json(receipt)
    else:
        again = " (it came before)" if receipt["duplicate"] else ""
        output().print(f"signal {receipt['signal_id']}{again}\ntrace  {receipt['trace_id']}")


@signal.command("list")
def list_signals(
    limit: LimitOption = 20,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json_output: JsonOption = False,
) -> None:
    """List messages, newest first."""
    rows = list(make_client(data, url, key).pages("/api/v1/signals", limit))
    if json_output:
        print_json(rows)
        return
    cells = [
        (
            r["received_at"],
            r["source_name"],
            r["state"],
            _intent(r["intent"]),
            r["confidence"],
            r["plans"],
            r["trace_id"],
        )
        for r in rows
    ]
    print_table("signals", ("received", "source", "state", "read as", "confidence", "plans", "trace"), cells)


@source.command("add")
def add_source(
    name: Annotated[str, typer.Argument(help="Unique among your sources.")],
    kind: Annotated[str, typer.Option("--kind", help="tradingview, text, api or manual.")] = "tradingview",
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json_output: JsonOption = False,
) -> None:
    """Make a source; its hook address is shown this once."""
    made = make_client(data, url, key).ask("POST", "/api/v1/sources", {"name": name, "kind": kind})
    if json_output:
        print_json(made)
        return
    output().print(f"source {made['source']['id']}")
    if made["hook_url"]:
        output().print(f"hook   {made['hook_url']}  (shown this once; whoever knows it can raise signals)")


@source.command("list")
def list_sources(
    limit: LimitOption = 100,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json_output: JsonOption = False,
) -> None:
    """List your sources."""
    rows = list(make_client(data, url, key).pages("/api/v1/sources", limit))
    if json_output:
        print_json(rows)
        return
    cells = [(r["name"], r["kind"], r["state"], "demo" if r["is_demo"] else "", r["id"]) for r in rows]
    print_table("sources", ("name", "kind", "state", "", "id"), cells)


@follow.command("add")
def add_follow(
    source_name: Annotated[str, typer.Argument(help="Name or id of a source.")],
    sizing: Annotated[str, typer.Option("--sizing", help="fixed_quantity, fixed_cash, percent_equity, "
                                        "risk_to_stop or multiplier.")] = "fixed_cash",
    value: Annotated[str, typer.Option("--value", help="Units, cash, percent or factor, as --sizing says.")] = "500",
    auto: Annotated[bool, typer.Option("--auto", help="Act at once instead of asking for approval.")] = False,
    account: Annotated[str | None, typer.Option("--account", help="Id; your only open account if not given.")] = None,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json_output: JsonOption = False,
) -> None:  # fmt: skip
    """Let an account follow a source."""
    client = make_client(data, url, key)
    body = {
        "source_id": _find_source(client, source_name),
        "account_id": account or _only_account(client),
        "sizing_mode": sizing,
        "sizing_value": value,
        "mode": "auto" if auto else "approve",
    }
    made = client.ask("POST", "/api/v1/follows", body)
    if json_output:
        print_json(made)
    else:
        output().print(f"follow {made['id']}: {sizing} {value}, {made['mode']}")


@follow.command("list")
def list_follows(
    limit: LimitOption = 100,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json_output: JsonOption = False,
) -> None:
    """List your follows."""
    rows = list(make_client(data, url, key).pages("/api/v1/follows", limit))
    if json_output:
        print_json(rows)
        return
    cells = [(r["source_name"], r["sizing_mode"], r["sizing_value"], r["mode"], r["state"], r["id"]) for r in rows]
    print_table("follows", ("source", "sizing", "value", "mode", "state", "id"), cells)


def _change_follow(name: str) -> None:
    @follow.command(name)
    def change(
        follow_id: Annotated[str, typer.Argument(help="Id of the follow.")],
        data: DataOption = None,
        url: UrlOption = None,
        key: KeyOption = None,
    ) -> None:
        made = make_client(data, url, key).ask("POST", f"/api/v1/follows/{follow_id}/{name}")
        output().print(f"follow {made['id']}: {made['state']}")

    change.__doc__ = f"{name.capitalize()} a follow."


for _name in ("pause", "resume", "close"):
    _change_follow(_name)


@plan.command("list")
def list_plans(
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as waiting.")] = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json_output: JsonOption = False,
) -> None:
    """List plans: one signal on one account."""
    rows = list(make_client(data, url, key).pages("/api/v1/plans", limit, state=state))
    if json_output:
        print_json(rows)
        return
    cells = [(r["created_at"], r["source_name"], r["state"], r["reason"], _intent(r["intent"]), r["id"]) for r in rows]
    print_table("plans", ("made", "source", "state", "why", "intent", "id"), cells)


@plan.command("approve")
def approve(
    plan_id: Annotated[str, typer.Argument(help="Id of the plan.")],
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
) -> None:
    """Approve a waiting plan."""
    done = make_client(data, url, key).ask("POST", f"/api/v1/plans/{plan_id}/approve", {})
    output().print(f"plan {done['id']}: {done['state']}; trace {done['trace_id']}")


@plan.command("ignore")
def ignore(
    plan_id: Annotated[str, typer.Argument(help="Id of the plan.")],
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
) -> None:
    """Set a waiting plan aside."""
    done = make_client(data, url, key).ask("POST", f"/api/v1/plans/{plan_id}/ignore")
    output().print(f"plan {done['id']}: {done['state']}")


def trace(
    trace_id: Annotated[str | None, typer.Argument(help="Id; the newest signal's if not given.")] = None,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json_output: JsonOption = False,
) -> None:
    """Show everything that became of one signal, as a tree."""
    client = make_client(data, url, key)
    if trace_id is None:
        newest = list(client.pages("/api/v1/signals", 1))
        if not newest:
            output().print("No signal came yet.")
            return
        trace_id = str(newest[0]["trace_id"])
    _show(client, trace_id, json_output=json_output)


def _show(client: Any, trace_id: str, *, json_output: bool) -> None:
    from tradsy.entrypoints.timeline import render_timeline

    timeline = client.ask("GET", f"/api/v1/traces/{trace_id}")
    if json_output:
        print_json(timeline)
    else:
        output().print(render_timeline(timeline["trace_id"], timeline["steps"]))


_SETTLED = {"filled", "rejected", "canceled", "expired", "not_placed"}


def _wait_and_show(client: Any, trace_id: str, *, json_output: bool) -> None:
    """Wait until the signal's first order is settled, risk refused it, or nothing is going to happen."""
    import time

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        steps = client.ask("GET", f"/api/v1/traces/{trace_id}")["steps"]
        names = {step["step"] for step in steps}
        refused = any(step["data"].get("outcome") == "refused" for step in steps)
        waits = any(step["step"] == "planned" and step["data"].get("state") in _WAITING for step in steps)
        if names & _SETTLED or refused or waits or "planned" not in names:
            break
        time.sleep(0.1)
    _show(client, trace_id, json_output=json_output)


_WAITING = {"waiting", "held", "ignored", "expired", "refused"}


def _find_source(client: Any, name: str) -> str:
    for row in client.pages("/api/v1/sources", 10_000):
        if name in {row["name"], row["id"]}:
            return str(row["id"])
    return name


def _only_account(client: Any) -> str:
    rows = [row for row in client.pages("/api/v1/accounts", 100) if row["state"] == "active"]
    if len(rows) != 1:
        raise typer.BadParameter(f"you have {len(rows)} open accounts: name one with --account")
    return str(rows[0]["id"])


def _given(values: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _intent(intent: dict[str, Any] | None) -> str:
    if not intent:
        return ""
    return " ".join(str(intent[name]) for name in ("action", "symbol", "quantity") if intent.get(name))
