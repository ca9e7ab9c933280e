"""`tradsy up`, `serve` and `sandbox`: what keeps running."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradsy.entrypoints.cli.common import DataOption, JsonOption, PortOption, group, make_settings, messages, output

if TYPE_CHECKING:
    from tradsy.entrypoints.processes import Started
    from tradsy.platform.settings import Settings

serve = group("Run one role of many, against engines that run elsewhere.")
sandbox = group("Run a stand-in for a broker.")


def up(
    data: DataOption = None,
    port: PortOption = None,
    check: Annotated[bool, typer.Option("--check", help="Try everything in a temporary folder, then end.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Start everything in one process, on embedded engines."""
    settings = make_settings(data, port)
    if check:
        _check(settings, json_output=json_output)
        return
    import uvloop

    from tradsy.entrypoints.up import run_everything
    from tradsy.platform.logging import configure_logging

    configure_logging(settings.log_level)
    console = messages()
    uvloop.run(run_everything(settings, announce=announce, tell=console.print))


def announce(product: Started) -> None:
    """Print where the product is, and the first admin's link while there is no admin."""
    console = messages()
    console.print(f"Tradsy is at [bold]{product.url}[/bold]")
    if product.setup_link:
        console.print(f"Make yourself the first admin: [bold]{product.setup_link}[/bold] (works once, for 24 hours)")


def _check(settings: Settings, *, json_output: bool) -> None:
    import uvloop

    from tradsy.entrypoints.check import run_check
    from tradsy.entrypoints.cli.common import print_json
    from tradsy.entrypoints.timeline import render_timeline
    from tradsy.platform.logging import configure_logging

    configure_logging("ERROR")
    console = messages()
    result = uvloop.run(run_check(settings, console.print))
    if json_output:
        traces = [{"label": t.label, "trace_id": t.trace_id, "steps": list(t.steps)} for t in result.traded]
        seconds = {"seconds_to_trading": result.seconds_to_trading, "seconds": result.seconds}
        print_json({"traces": traces, "audit": result.verified, **seconds})
        return
    for traded in result.traded:
        output().print(f"\n[bold]{traded.label}[/bold]")
        output().print(render_timeline(traded.trace_id, traded.steps))
    output().print(f"\n{result.verified}", markup=False)
    console.print(f"[green]The check passed[/green] in {result.seconds:.1f} s.")


@serve.command("api")
def serve_api(data: DataOption = None, port: PortOption = None) -> None:
    """Serve HTTP."""
    _serve("api", data, port)


@serve.command("stream")
def serve_stream(data: DataOption = None, port: PortOption = None) -> None:
    """Serve the live stream to browsers and programs."""
    _serve("stream", data, port)


@serve.command("worker")
def serve_worker(data: DataOption = None) -> None:
    """Own accounts and execute."""
    _serve("worker", data, None)


def _serve(role: str, data: Path | None, port: int | None) -> None:
    import uvloop

    from tradsy.entrypoints.processes import run_role
    from tradsy.platform.logging import configure_logging

    settings = make_settings(data, port)
    configure_logging(settings.log_level)
    uvloop.run(run_role(settings, role, announce=messages().print))


@sandbox.command("sim")
def sandbox_sim(
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the truth file.")] = None,
    port: Annotated[int, typer.Option("--port", help="REST and sockets; 0 takes a free one.")] = 0,
    control_port: Annotated[int, typer.Option("--control-port", help="Control API; 0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Of the synthetic market.")] = 1,
    accounts: Annotated[int, typer.Option("--accounts", min=0, help="Accounts to begin with.")] = 1,
    idempotency: Annotated[str, typer.Option("--idempotency", help="Class A, B, C or D.")] = "A",
    always_open: Annotated[bool, typer.Option("--always-open", help="Every market trades around the clock.")] = False,
    slippage_bps: Annotated[str, typer.Option("--slippage-bps", help="Basis points that fills slip.")] = "0",
) -> None:
    """Run the paper venue as a process of its own."""
    import tempfile

    from tradsy.sandbox.sim.server import SimOptions, run
    from tradsy.sandbox.sim.venue import Idempotency

    run(
        SimOptions(
            data=data or Path(tempfile.mkdtemp(prefix="tradsy-sim-")),
            port=port,
            control_port=control_port,
            seed=seed,
            accounts=accounts,
            idempotency=Idempotency(idempotency),
            always_open=always_open,
            slippage_bps=Decimal(slippage_bps),
        )
    )
