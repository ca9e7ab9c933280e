"""`python -m tradsy.sandbox sim`: the command line of the sandboxes."""

from __future__ import annotations

import argparse
import tempfile
from decimal import Decimal
from pathlib import Path

from tradsy.sandbox.sim.server import SimOptions, run
from tradsy.sandbox.sim.venue import Idempotency


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tradsy.sandbox")
    venues = parser.add_subparsers(dest="venue", required=True)
    sim = venues.add_parser("sim", help="the built-in paper venue")
    sim.add_argument("--port", type=int, default=0)
    sim.add_argument("--control-port", type=int, default=0)
    sim.add_argument("--seed", type=int, default=1)
    sim.add_argument("--data", type=Path, default=None, help="folder of the truth file; a temporary one by default")
    sim.add_argument("--accounts", type=int, default=1)
    sim.add_argument("--idempotency", choices=[c.value for c in Idempotency], default="A")
    sim.add_argument("--always-open", action="store_true", help="every market trades around the clock")
    sim.add_argument("--slippage-bps", type=Decimal, default=Decimal(0))
    a = parser.parse_args(arguments)
    data = a.data or Path(tempfile.mkdtemp(prefix="tradsy-sim-"))
    run(
        SimOptions(
            data=data,
            port=a.port,
            control_port=a.control_port,
            seed=a.seed,
            accounts=a.accounts,
            idempotency=Idempotency(a.idempotency),
            always_open=a.always_open,
            slippage_bps=a.slippage_bps,
        )
    )


if __name__ == "__main__":
    main()
