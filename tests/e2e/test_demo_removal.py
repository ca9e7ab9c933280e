"""The demo leaves with one command, and does not come back."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.product import running, tradsy, until


def test_the_demo_is_removed_and_stays_removed(place: Path) -> None:
    data = place / "data"
    with running(data) as child:
        hook = child.hook()
        trace = child.post(hook, {"ticker": "XRPUSD", "action": "buy", "quantity": "10", "id": "1"}).body["trace_id"]
        child.until_step(trace, "filled")
        api = child.api
        assert "The demo is removed." in child.run("demo", "remove")
        assert child.post(hook, {"ticker": "XRPUSD", "action": "buy", "quantity": "10", "id": "2"}).status == 404
        until(lambda: api.call("GET", "/api/v1/orders").status == 401, what="the key's end")
        assert not (data / "cli.json").exists()
        assert "There is no demo." in child.run("demo", "remove")
    with running(data) as child:
        assert "demo trades" not in child.said.read_text()
        assert tradsy("demo", "key", data=data).returncode == 1


def test_no_demo_is_made_when_it_is_switched_off(place: Path) -> None:
    with running(place / "data", TRADSY_DEMO="false") as child:
        assert not (child.data / "cli.json").exists()
        assert "/setup/" in child.said.read_text()
