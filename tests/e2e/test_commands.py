"""Each command against a running product."""

from __future__ import annotations

import json
import signal
import subprocess
from decimal import Decimal
from pathlib import Path

from tests.e2e.product import COMMAND, Child, environment, tradsy, until


def test_the_whole_way_is_checked_with_one_command() -> None:
    done = tradsy("up", "--check", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    for trace in report["traces"]:
        names = [step["step"] for step in trace["steps"]]
        wanted = ["received", "parsed", "planned", "risk", "intent", "sent", "accepted", "filled"]
        assert [name for name in names if name in wanted][: len(wanted)] == wanted
    assert report["audit"].startswith("OK: chain")


def test_the_demo_trades_by_itself_and_is_marked(product: Child) -> None:
    sources = product.json("source", "list")
    assert {s["name"] for s in sources if s["is_demo"]} == {"Demo strategy", "Demo alert room", "Demo program"}
    follows = product.json("follow", "list")
    assert {(f["sizing_mode"], f["mode"]) for f in follows if f["is_demo"]} == {
        ("percent_equity", "auto"),
        ("fixed_quantity", "auto"),
        ("fixed_cash", "approve"),
    }
    arrived = until(lambda: product.json("signal", "list"), what="a demo alert")
    assert arrived[-1]["is_demo"]
    consents = product.api.ask("GET", "/api/v1/audit/events", query={"action": "consent.accepted"})["items"]
    assert {event["actor"] for event in consents} == {"demo"}


def test_a_signal_is_sent_and_its_story_is_told(product: Child) -> None:
    name = product.json("source", "add", "Shell")["source"]["name"]
    assert "auto" in product.run("follow", "add", name, "--sizing", "multiplier", "--value", "1", "--auto")
    order = ("--symbol", "DOGE/USD", "--side", "buy", "--quantity", "50")
    told = product.run("signal", "send", "--source", name, *order, "--wait")
    for step in ("received", "parsed", "planned", "risk", "intent", "sent", "accepted", "filled"):
        assert step in told
    held = product.json("positions")["items"]
    assert [Decimal(p["quantity"]) for p in held if p["symbol"] == "DOGE/USD"] == [50]
    assert "DOGE/USD" in product.run("orders", "--symbol", "DOGE/USD")
    assert "DOGE/USD" in product.run("positions")


def test_the_same_signal_twice_is_one(product: Child) -> None:
    product.run("source", "add", "Twice")
    first = product.json("signal", "send", "Close SOL/USD position", "--source", "Twice", "--id", "once")
    again = product.json("signal", "send", "Close SOL/USD position", "--source", "Twice", "--id", "once")
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert first["signal_id"] == again["signal_id"]


def test_a_plan_waits_for_approval(product: Child) -> None:
    product.run("source", "add", "Asking")
    product.run("follow", "add", "Asking", "--sizing", "fixed_cash", "--value", "100")
    sent = product.json("signal", "send", "Long ADA/USD at market, SL 5%", "--source", "Asking")
    plans = [p for p in product.json("plan", "list") if p["trace_id"] == sent["trace_id"]]
    assert product.run("plan", "approve", plans[0]["id"]).startswith("plan")
    product.until_step(sent["trace_id"], "filled")


def test_a_kill_stops_and_a_release_lets_trade_again(product: Child) -> None:
    hook = product.hook()
    body = {"ticker": "XRPUSD", "action": "buy", "quantity": "10"}
    try:
        assert "stopped" in product.run("kill", "set", "user", "--reason", "test of the switch")
        (switch,) = [k for k in product.json("kill", "list") if k["active"]]
        assert switch["reason"] == "test of the switch"
        trace = product.post(hook, {**body, "id": "k1"}).body["trace_id"]
        refused = product.until_step(trace, "risk")
        assert refused["data"]["outcome"] == "refused"
        assert "sent" not in [step["step"] for step in product.steps(trace)]
    finally:
        assert "running" in product.run("kill", "release", "user", "--reason", "test is over")
    trace = product.post(hook, {**body, "id": "k2"}).body["trace_id"]
    product.until_step(trace, "filled")
    events = product.api.ask("GET", "/api/v1/audit/events", query={"action": "kill.released"})["items"]
    assert events[0]["actor"].startswith("operator:")


def test_the_audit_chain_is_exported_and_verified_and_a_change_is_found(product: Child, place: Path) -> None:
    assert "OK: chain" in product.run("audit", "verify")
    export = place / "chain.jsonl"
    product.run("audit", "export", export)
    lines = export.read_text().splitlines()
    event = next(i for i, line in enumerate(lines) if '"canonical"' in line)
    lines[event] = lines[event].replace('"seq":1', '"seq":2', 1)
    export.write_text("\n".join(lines) + "\n")
    done = tradsy("audit", "verify", export)
    assert done.returncode == 1
    assert done.stdout.startswith("TAMPERED")


def test_the_doctor_finds_a_running_product_well(product: Child) -> None:
    found = {f["name"]: f for f in product.json("doctor", "--port", str(product.port))}
    for name in ("python", "database engine", "bus engine", "key files", "database", "migrations", "audit self-test"):
        assert found[name]["level"] == "ok", found[name]


def test_the_doctor_names_a_key_that_others_can_read(place: Path) -> None:
    (place / "master.key").write_text("ab" * 32)
    (place / "master.key").chmod(0o644)
    done = tradsy("doctor", "--json", data=place)
    assert done.returncode == 1
    found = {f["name"]: f for f in json.loads(done.stdout)}
    assert found["key files"]["level"] == "failed"
    assert "master.key" in found["key files"]["text"]


def test_a_second_start_on_the_folder_says_so(product: Child) -> None:
    done = tradsy("up", data=product.data)
    assert done.returncode == 1
    assert f"process {product.process.pid}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_start_on_a_taken_port_says_so(product: Child, place: Path) -> None:
    done = tradsy("up", "--port", str(product.port), data=place / "other")
    assert done.returncode == 1
    assert f"Port {product.port} of 127.0.0.1 cannot be opened" in done.stderr


def test_the_demo_key_reads_and_does_nothing_else(product: Child) -> None:
    key = product.run("demo", "key").strip()
    done = tradsy("orders", "--json", "--url", product.url, "--key", key)
    assert done.returncode == 0, done.stderr
    refused = tradsy("kill", "set", "user", "--url", product.url, "--key", key)
    assert refused.returncode == 1
    assert "403" in refused.stderr


def test_ctrl_c_during_the_start_leaves_nothing_behind(place: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "up", "--data", str(place / "data"), "--port", "0"], stderr=subprocess.DEVNULL, env=environment()
    )
    until((place / "data" / "lock").exists, what="the start")
    process.send_signal(signal.SIGINT)
    assert process.wait(90) in {0, 130}
    assert tradsy("doctor", "--json", data=place / "data").returncode in {0, 1}
