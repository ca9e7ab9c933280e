"""The `tradsy bench` commands; the last line of their output is JSON."""

from __future__ import annotations

import asyncio
import json
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tradsy.bench import chaos, sockets, wire
from tradsy.bench import fanout as fan
from tradsy.platform.logging import configure_logging

app = typer.Typer(no_args_is_help=True, help="Measure and break the whole product on a data folder of its own.")
console = Console(stderr=True)

DataOption = Annotated[Path | None, typer.Option("--data", help="Folder to run in and to keep; else a temporary one.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the report as one line of JSON, and nothing before.")]


def _report(report: dict[str, Any], *, as_json: bool) -> None:
    if not as_json:
        for key, value in report.items():
            console.print(f"{key:>22}  {value}")
    print(json.dumps(report))  # noqa: T201 - the report is the program's output


@app.command("signal-to-wire")
def signal_to_wire(
    rate: Annotated[float, typer.Option(min=0.1, help="Signals per second.")] = 50,
    seconds: Annotated[float, typer.Option(min=1, help="Length of the load.")] = 60,
    runs: Annotated[int, typer.Option(min=1, help="Repetitions, each on a fresh installation.")] = 1,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time webhooks from arrival to the first byte of their orders at the venue."""
    report = asyncio.run(wire.signal_to_wire(data, rate=rate, seconds=seconds, runs=runs))
    _report(report, as_json=as_json)
    if not report["good"]:
        console.print(f"[red]refused {report['refused']}, lost {report['lost']}, doubled {report['doubled']}[/red]")
        raise typer.Exit(1)


@app.command("fanout")
def fanout(
    accounts: Annotated[int, typer.Option(min=1, help="Followers: accounts of as many users.")] = 500,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time one signal until the last of its followers' orders has left."""
    report = asyncio.run(fan.fanout(data, accounts=accounts))
    _report(report, as_json=as_json)
    if report["doubled"]:
        raise typer.Exit(1)


@app.command("sockets")
def sockets_command(
    clients: Annotated[int, typer.Option(min=1, help="Browsers, each of a user of its own.")] = 2000,
    seconds: Annotated[float, typer.Option(min=1, help="Length of the load: one event per client and second.")] = 30,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time events from their commit to their arrival in many browsers, one of which reads nothing."""
    report = asyncio.run(sockets.sockets(data, clients=clients, seconds=seconds))
    _report(report, as_json=as_json)
    if report["lost"] or report["crossed"]:
        console.print(f"[red]lost {report['lost']}, crossed {report['crossed']}[/red]")
        raise typer.Exit(1)


@app.command("chaos")
def chaos_command(
    kills: Annotated[int, typer.Option(min=0, help="Processes to kill.")] = 200,
    seed: Annotated[int | None, typer.Option(help="Repeats a run; printed at the start.")] = None,
    rate: Annotated[float, typer.Option(min=1, help="Signals per second.")] = 50,
    seconds: Annotated[float, typer.Option(min=1, help="Length of the load at least.")] = 10,
    grace: Annotated[float, typer.Option(min=1, help="Seconds to heal in, once the faults have stopped.")] = 120,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kill everything under load, then prove from PostgreSQL and the venue's file that nothing was lost or doubled."""
    # Processes are killed on purpose here: their ends are no news.
    configure_logging("CRITICAL")
    storm = chaos.Storm(
        kills=kills,
        seed=secrets.randbelow(1 << 31) if seed is None else seed,
        rate=rate,
        minimum=seconds,
        grace=grace,
        say=console.print,
    )
    report = asyncio.run(chaos.chaos(data, storm))
    _report(report, as_json=as_json)
    if report["violations"]:
        raise typer.Exit(1)
