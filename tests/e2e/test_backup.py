"""Backup and restore, round trip: what comes back is proved, and trades only when a person says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.product import Child, running, tradsy


@pytest.fixture(scope="module")
def backup(product: Child, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the running product, with one position in it."""
    hook = product.hook()
    body = {"ticker": "DOGEUSD", "action": "buy", "quantity": "100"}
    # Risk refuses what it could not judge in time, and says so: a stalled machine is given another try.
    trace = ""
    for number in range(5):
        trace = product.post(hook, {**body, "id": f"before the backup {number}"}).body["trace_id"]
        judged = product.until_step(trace, "risk")["data"]
        if judged["outcome"] == "approved":
            break
        assert judged["reasons"] == ["RISK_UNAVAILABLE"]
    product.until_step(trace, "filled")
    return Path(product.json("db", "backup", tmp_path_factory.mktemp("backup") / "made")["folder"])


def test_a_backup_is_private_and_complete(backup: Path) -> None:
    manifest = json.loads((backup / "manifest.json").read_text())
    assert {"database.dump", "master.key", "keys/ring.json", "sim/truth.jsonl"} <= set(manifest["files"])
    assert backup.stat().st_mode & 0o077 == 0
    assert not [p for p in backup.glob("*") if p.is_file() and p.stat().st_mode & 0o077]


def test_a_restore_is_stopped_until_a_person_releases_it(product: Child, backup: Path, place: Path) -> None:
    data = place / "restored"
    done = tradsy("db", "restore", backup, "--json", data=data)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["audit_events"] > 10
    with running(data) as child:
        (switch,) = [k for k in child.json("kill", "list") if k["scope"] == "site" and k["active"]]
        assert switch["reason"] == "restored from backup"
        known = {o["id"] for o in product.json("orders", "--limit", "1000")}
        restored = child.json("orders", "--limit", "1000")
        assert restored
        assert {o["id"] for o in restored if o["role"] == "entry" and o["origin"] != "external"} <= known
        hook = child.hook()
        body = {"ticker": "XRPUSD", "action": "buy", "quantity": "10"}
        trace = child.post(hook, {**body, "id": "r1"}).body["trace_id"]
        assert child.until_step(trace, "risk")["data"]["outcome"] == "refused"
        assert "running" in child.run("kill", "release", "site", "--reason", "compared with the broker")
        trace = child.post(hook, {**body, "id": "r2"}).body["trace_id"]
        child.until_step(trace, "filled")
        assert "OK: chain" in child.run("audit", "verify")


def test_a_damaged_backup_is_refused(backup: Path, place: Path) -> None:
    copy = place / "copy"
    shutil.copytree(backup, copy)
    dump = bytearray((copy / "database.dump").read_bytes())
    dump[len(dump) // 2] ^= 1
    (copy / "database.dump").write_bytes(dump)
    done = tradsy("db", "restore", copy, data=place / "data")
    assert done.returncode == 1
    assert "database.dump differ" in done.stderr
    assert not (place / "data").exists()


def test_a_folder_in_use_is_not_overwritten(product: Child, backup: Path) -> None:
    done = tradsy("db", "restore", backup, data=product.data)
    assert done.returncode == 1
    assert "is not empty" in done.stderr
    done = tradsy("db", "restore", backup, "--replace", data=product.data)
    assert done.returncode == 1
    assert "already runs" in done.stderr
    assert product.process.poll() is None
    assert product.json("orders", "--limit", "1")


def test_a_stopped_installation_is_backed_up_and_replaced_too(backup: Path, place: Path) -> None:
    data = place / "data"
    assert tradsy("db", "restore", backup, data=data).returncode == 0
    made = tradsy("db", "backup", place / "second", "--json", data=data)
    assert made.returncode == 0, made.stderr
    done = tradsy("db", "restore", place / "second", "--replace", "--json", data=data)
    assert done.returncode == 0, done.stderr
    aside = Path(json.loads(done.stdout)["set_aside"])
    assert (aside / "master.key").exists()
