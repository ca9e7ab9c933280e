"""`tradsy up --check`: does this machine take a webhook and a text to fills, and does the audit verify?

Everything starts on free ports in a temporary data folder, is driven through the public API alone, and is removed.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradsy.audit import verifier
from tradsy.audit.checkpoints import Checkpointer
from tradsy.domain.errors import TradsyError
from tradsy.entrypoints.api_client import ApiClient
from tradsy.entrypoints.processes import Started, everything
from tradsy.entrypoints.provision import NewTrader, Trader, make_trader
from tradsy.platform.settings import Settings

WEBHOOK = {"id": "check-1", "ticker": "BTCUSD", "action": "buy", "quantity": "0.01"}
ALERT = "Long ETH/USD at market, SL 5% TP 10%"
WAIT = 60.0
"""Seconds for a fill; a busy machine is no failure."""


class CheckFailed(TradsyError):
    """The product does not do what it must on this machine."""

    code = "check_failed"
    title = "The check failed"


@dataclass(frozen=True, slots=True)
class Traded:
    """What became of one message."""

    label: str
    trace_id: str
    steps: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the check saw."""

    traded: Sequence[Traded]
    verified: str
    seconds_to_trading: float
    seconds: float


async def run_check(settings: Settings, tell: Callable[[str], None]) -> CheckResult:
    """Run the check.

    Raises:
        CheckFailed: with the reason.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tradsy-check-", ignore_cleanup_errors=True) as folder:
        await asyncio.to_thread(Path(folder).chmod, 0o711)
        tell("Starting the database, the bus, the paper venue and the product ...")
        async with everything(_apart(settings, Path(folder) / "data")) as product:
            trader = await make_trader(
                product.container,
                NewTrader("check@example.com", "Check", "check", settings.paper_cash),
            )
            await _until_open(product, trader)
            ready = time.monotonic() - begun
            tell(f"Trading after {ready:.1f} s. Sending one webhook and one alert text ...")
            api = ApiClient(product.url, trader.api_key)
            traded = await _trade(api, trader)
            tell("Both are filled. Verifying the audit chain with the stand-alone verifier ...")
            c = product.container
            await Checkpointer(c.database, c.installation, c.clock).checkpoint()
            verified = await asyncio.to_thread(verify_audit, api, Path(folder))
    return CheckResult(traded, verified, ready, time.monotonic() - begun)


def _apart(settings: Settings, folder: Path) -> Settings:
    """Return settings that touch nothing outside the folder, whatever engines the environment names."""
    changes = {
        "data_dir": folder,
        "port": 0,
        "public_url": "",
        "database_url": None,
        "nats_url": None,
        "nats_replicas": 1,
        "sim_url": "",
        "sim_control_url": "",
        # The check must pass at any hour.
        "sim_always_open": True,
        "audit_anchor": None,
        "webhook_sources": "",
        "demo": False,
    }
    return settings.model_copy(update=changes)


async def _until_open(product: Started, trader: Trader) -> None:
    deadline = time.monotonic() + WAIT
    while True:
        account = product.owner.find_account(trader.account.id)
        if account is not None and account.is_open:
            return
        if time.monotonic() > deadline:
            raise CheckFailed(f"The paper account was not open for trading within {WAIT:.0f} s.")
        await asyncio.sleep(0.05)


async def _trade(api: ApiClient, trader: Trader) -> list[Traded]:
    hook = await asyncio.to_thread(_follow, api, trader, "webhook", "tradingview", "multiplier", "1")
    room = await asyncio.to_thread(_follow, api, trader, "alert room", "text", "fixed_cash", "500")
    sent = [
        ("webhook", await asyncio.to_thread(api.ask, "POST", hook, WEBHOOK)),
        ("alert text", await asyncio.to_thread(api.ask, "POST", room, ALERT)),
    ]
    return [await _until_filled(api, label, receipt["trace_id"]) for label, receipt in sent]


def _follow(api: ApiClient, trader: Trader, name: str, kind: str, sizing: str, value: str) -> str:
    """Make a source that the account follows; return the path of its hook."""
    made = api.ask("POST", "/api/v1/sources", {"name": name, "kind": kind})
    follow = {
        "source_id": made["source"]["id"],
        "account_id": str(trader.account.id),
        "sizing_mode": sizing,
        "sizing_value": value,
        "mode": "auto",
    }
    api.ask("POST", "/api/v1/follows", follow)
    return "/hooks/" + made["hook_url"].split("/hooks/", 1)[1]


async def _until_filled(api: ApiClient, label: str, trace_id: str) -> Traded:
    deadline = time.monotonic() + WAIT
    while True:
        steps = (await asyncio.to_thread(api.ask, "GET", f"/api/v1/traces/{trace_id}"))["steps"]
        if any(step["step"] == "filled" for step in steps):
            return Traded(label, trace_id, steps)
        if any(map(_is_end, steps)) or time.monotonic() > deadline:
            last = f"its last step is {steps[-1]['step']}: {steps[-1]['data']}" if steps else "it left no trace"
            raise CheckFailed(f"The {label} was not filled; {last}")
        await asyncio.sleep(0.1)


def _is_end(step: Mapping[str, Any]) -> bool:
    """Return whether no fill can follow: refused by risk, or by the venue."""
    return step["step"] == "rejected" or step["data"].get("outcome") == "refused"


def verify_audit(api: ApiClient, folder: Path) -> str:
    """Export the caller's audit chain and check it with the verifier in a Python of its own; return its words.

    Raises:
        CheckFailed: it does not verify.
    """
    export = folder / "audit.jsonl"
    answer = api.call("GET", "/api/v1/audit/export")
    export.write_bytes(answer.raw)
    # -I and -S: no package of ours or of anybody is importable, as on a stranger's machine.
    key = api.ask("GET", "/api/v1/audit/key")["public_key"]
    command = [sys.executable, "-I", "-S", verifier.__file__, str(export), "--key", key]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise CheckFailed(f"The audit chain does not verify: {(done.stdout or done.stderr).strip()}")
    return done.stdout.strip()
