"""The command line by itself: fast to start, exact for programs, and clear about what is wrong."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rich.console import Console

from tradsy.entrypoints.api_client import ApiClient, ApiFailed, load_client, save_key_file, update_key_file
from tradsy.entrypoints.cli.failures import exit_code
from tradsy.entrypoints.processes import PortTaken, listening_socket
from tradsy.entrypoints.timeline import render_timeline
from tradsy.platform.installation import AlreadyRunning
from tradsy.platform.settings import SAMPLE_KEY, Environment, Settings

COMMAND = [sys.executable, "-m", "tradsy.entrypoints.cli.app"]


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], input=given, capture_output=True, text=True, check=False, timeout=60)


def test_the_product_is_not_loaded_to_show_help_or_to_parse() -> None:
    code = (
        "import sys, io, tradsy.entrypoints.cli.app, tradsy.signals.text.jsonl\n"
        "heavy = {'sqlalchemy', 'fastapi', 'pydantic', 'aiohttp', 'asyncpg', 'rich.table'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_names_every_command() -> None:
    shown = run("--help").stdout
    for name in [
        "up",
        "serve",
        "sandbox",
        "parse",
        "signal",
        "source",
        "follow",
        "plan",
        "trace",
        "positions",
        "orders",
        "kill",
        "audit",
        "doctor",
        "db",
        "bench",
        "admin",
        "demo",
    ]:
        assert f" {name} " in shown


def test_parse_answers_each_line_in_its_order() -> None:
    rows: list[dict[str, Any]] = [
        {"id": "a", "text": "BTO 1 AAPL 190C 07/21 @ 3 PT: 85% SL: 50%", "received_at": "2026-07-01T14:00:00Z"},
        {"id": 7, "text": "good morning\u2028everyone"},
        {"id": "c", "text": "Close SOL/USD position"},
    ]
    done = run("parse", "--jsonl", given="".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == ["a", 7, "c"]
    assert set(answers[0]) == {"id", "expected", "confidence", "reasons"}
    assert set(answers[0]["expected"]) == {
        "action", "asset", "symbol", "qty", "price", "stop", "targets", "option", "fraction",
    }  # fmt: skip
    assert answers[1]["expected"] is None
    assert answers[2]["expected"]["action"] == "CLOSE"


def test_parse_survives_lines_that_are_no_messages() -> None:
    done = run("parse", "--jsonl", given='{"id": 1}\nnonsense\n\n[1]\n{"id": 2, "text": "BTO AAPL @ 190"}\n')
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert ["error" in answer for answer in answers] == [True, True, True, False]


def test_parse_reads_one_text_from_its_argument() -> None:
    answer = json.loads(run("parse", "BTO AAPL @ 190").stdout)
    assert answer["expected"]["symbol"] == "AAPL"


def test_an_unknown_option_ends_with_2_and_a_missing_key_with_1(tmp_path: Path) -> None:
    assert run("up", "--nonsense").returncode == 2
    done = run("orders", "--data", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("No API key")
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADSY_MASTER_KEY", "too-short-canary")
    done = run("doctor")
    assert done.returncode == 2
    assert "TRADSY_MASTER_KEY" in done.stderr
    assert "canary" not in done.stderr + done.stdout


def test_failures_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(AlreadyRunning("runs already")) == 1
    assert exit_code(OSError(28, "No space left on device", "/data/x")) == 74
    assert exit_code(ZeroDivisionError()) is None
    with pytest.raises(ValidationError) as caught:
        Settings(environment=Environment.PRODUCTION, master_key=SAMPLE_KEY)  # pyright: ignore[reportArgumentType] - as from the environment
    assert exit_code(caught.value) == 2
    said = capsys.readouterr().err
    assert "runs already" in said
    assert SAMPLE_KEY not in said


def test_a_taken_port_says_so() -> None:
    held = listening_socket("127.0.0.1", 0)
    try:
        with pytest.raises(PortTaken, match="another program listens there"):
            listening_socket("127.0.0.1", held.getsockname()[1])
    finally:
        held.close()


@contextmanager
def serving(status: int, body: bytes) -> Generator[tuple[str, list[Any]]]:
    """Serve one fixed answer; yield its address and what was asked."""
    asked: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked.append((self.path, dict(self.headers), self.rfile.read(length)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - the server calls them by these names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's own name
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_refusal_is_told_in_the_products_own_words() -> None:
    problem = {"code": "invalid", "detail": "Refused.", "errors": [{"field": "body.name", "message": "too long"}]}
    with serving(422, json.dumps(problem).encode()) as (url, asked):
        with pytest.raises(ApiFailed, match=r"422 invalid: Refused\. \(body\.name: too long\)"):
            ApiClient(url, "tsk_x").ask("POST", "/api/v1/sources", {"name": "x"})
        path, headers, raw = asked[0]
    assert (path, json.loads(raw)) == ("/api/v1/sources", {"name": "x"})
    assert headers["Authorization"] == "Bearer tsk_x"
    assert len(headers["Idempotency-Key"]) == 32


def test_lists_are_read_page_by_page() -> None:
    page = {"items": [{"n": 1}, {"n": 2}], "next_cursor": "more"}
    with serving(200, json.dumps(page).encode()) as (url, asked):
        rows = list(ApiClient(url).pages("/api/v1/orders", 4, state="open", symbol=None))
    assert len(rows) == 4
    assert [path for path, *_ in asked] == [
        "/api/v1/orders?state=open&limit=4",
        "/api/v1/orders?state=open&limit=2&cursor=more",
    ]


def test_nothing_listening_is_no_traceback() -> None:
    with pytest.raises(ApiFailed, match="is `tradsy up` running"):
        ApiClient("http://127.0.0.1:9", "k").ask("GET", "/health")


def test_the_key_file_is_private_and_follows_the_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRADSY_API_KEY", "TRADSY_URL"):
        monkeypatch.delenv(name, raising=False)
    save_key_file(tmp_path, url="http://localhost:1", key="tsk_abc", user_id="u")
    assert (tmp_path / "cli.json").stat().st_mode & 0o777 == 0o600
    update_key_file(tmp_path, url="http://localhost:2")
    assert load_client(tmp_path) == ApiClient("http://localhost:2", "tsk_abc")
    assert "tsk_abc" not in repr(load_client(tmp_path))
    monkeypatch.setenv("TRADSY_API_KEY", "tsk_env")
    assert load_client(tmp_path).key == "tsk_env"
    assert load_client(tmp_path, key="tsk_arg").key == "tsk_arg"


def test_a_timeline_shows_the_numbers_of_what_stopped_an_order() -> None:
    text = "R-P7 refuse, order too large: 9000 against a limit of 5000 USD"
    steps = [
        {"at": "2026-03-02T14:00:00.000000Z", "step": "received", "data": {"dialect": "text", "text": "[bold]x"}},
        {
            "at": "2026-03-02T14:00:00.004200Z",
            "step": "risk",
            "account_id": "acc",
            "order_id": "ord",
            "data": {
                "outcome": "refused",
                "checks": [{"outcome": "pass", "text": "fine"}, {"outcome": "refuse", "text": text}],
            },
        },
    ]
    console = Console(width=200, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(render_timeline("t1", steps))
    shown = capture.get()
    assert text in shown
    assert "fine" not in shown
    assert "+4.2 ms" in shown
    assert "[bold]x" in shown, "what people wrote is no markup"
