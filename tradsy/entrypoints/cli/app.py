"""`tradsy`: one command for operators, traders and developers."""

from __future__ import annotations

import sys

import typer

from tradsy.entrypoints.cli import operations, running, signals, trading

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(running.up)
app.add_typer(running.serve, name="serve")
app.add_typer(running.sandbox, name="sandbox")
app.command()(signals.parse)
app.add_typer(signals.signal, name="signal")
app.add_typer(signals.source, name="source")
app.add_typer(signals.follow, name="follow")
app.add_typer(signals.plan, name="plan")
app.command()(signals.trace)
app.command()(trading.accounts)
app.command()(trading.positions)
app.command()(trading.orders)
app.add_typer(trading.kill, name="kill")
app.command()(operations.doctor)
app.add_typer(operations.db, name="db")
app.add_typer(operations.audit, name="audit")
app.add_typer(operations.admin, name="admin")
app.add_typer(operations.demo, name="demo")


def _add_bench() -> None:
    """Load the benches only when one is run: they bring the whole product with them."""
    if sys.argv[1:2] == ["bench"]:
        from tradsy.bench.commands import app as bench
    else:
        bench = typer.Typer(help="Measure: signal to wire, fan-out, chaos.")
        bench.callback()(lambda: None)
    app.add_typer(bench, name="bench")


def main() -> int:
    """Run the command line; errors that people can mend are one line, not a traceback."""
    from tradsy.entrypoints.cli.failures import exit_code

    _add_bench()
    try:
        app()
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        return code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
