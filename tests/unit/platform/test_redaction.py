"""No spelling of a secret passes the redactor, and ordinary words do."""

from __future__ import annotations

import base64
import io
import json
import logging
import subprocess
import sys
from collections.abc import Generator
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from tradsy.platform.logging import configure_logging
from tradsy.platform.redaction import REDACTED, redact, redact_text, register_secret

CANARY = 'Kq7hX2pV9m/Wz4t+Rb8n"Yc3dLf6sGj1aQe5uTiO'
PLAIN = "Vn3kTq8wLs5zXc1mRf7yHb2gJd9pAe4uKo6iQx0E"


@pytest.fixture(autouse=True)
def _registered() -> None:
    register_secret(CANARY)
    register_secret(PLAIN)


def spellings(secret: str) -> dict[str, str]:
    raw = secret.encode()
    found = {
        "raw": secret,
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "url": quote(secret, safe=""),
        "json": json.dumps(secret),
        "repr of bytes": repr(raw),
        "first 12": secret[:12],
        "last 12": secret[-12:],
    }
    for offset in range(3):
        found[f"base64 at {offset}"] = base64.b64encode(b"x" * offset + raw + b"yz").decode()
        found[f"base64url at {offset}"] = base64.urlsafe_b64encode(b"x" * offset + raw + b"yz").decode()
    return found


def shows(secret: str, text: str) -> bool:
    """Whether eight characters in a row of any spelling of the secret are in `text`: the positive control uses it."""
    for name, spelling in spellings(secret).items():
        core = spelling[4:-4] if name.startswith("base64") else spelling
        if any(core[at : at + 8] in text for at in range(max(1, len(core) - 8))):
            return True
    return False


@pytest.mark.parametrize("secret", [CANARY, PLAIN])
@pytest.mark.parametrize("name", spellings(CANARY))
def test_registered_secret_is_found_in_every_spelling(secret: str, name: str) -> None:
    text = f"before {spellings(secret)[name]} after"
    assert shows(secret, text), "the control must find it where nothing redacts"
    assert not shows(secret, redact_text(text))
    assert redact_text(text).startswith("before ")
    assert redact_text(text).endswith(" after")


@pytest.mark.parametrize(
    "value",
    [
        {"a": [{"b": (PLAIN,)}]},
        {PLAIN: 1},
        [PLAIN[:17], PLAIN[17:]],
        (PLAIN[:30], PLAIN[30:]),
        PLAIN.encode(),
        bytearray(PLAIN.encode()),
        PLAIN.encode("utf-16"),
        {"deep": {"deep": {"deep": {"deep": {"deep": {"deep": {"deep": PLAIN}}}}}}},
        ValueError(PLAIN),
        [("authorization", "x" + PLAIN)],
    ],
)
def test_secret_in_a_structure_is_found(value: Any) -> None:
    assert not shows(PLAIN, str(redact(value)))


def test_registered_address_does_not_hide_the_form_of_another() -> None:
    # A long secret is also found by its ends, and the first twelve characters of one address begin many.
    register_secret("postgresql://owner:another-one@elsewhere.example/tradsy")
    assert "s3cr3t" not in redact_text("cannot reach postgresql://tradsy:s3cr3t@localhost/x")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("password=hunter22", "hunter22"),
        ('{"password": "two words", "next": 1}', "two words"),
        ("{'api_key': 'x]y,z'}", "x]y,z"),
        ("Authorization: Bearer abcdefghijk", "abcdefghijk"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("Cookie: a=first; b=second", "second"),
        ("postgresql://tradsy:s3cr3t@localhost/x", "s3cr3t"),
        ("POST /hooks/tradingview/abcDEF123 HTTP/1.1", "abcDEF123"),
        ("key tsk_AAAAAAAAAAAAAAAAAAAAAAAA refused", "AAAAAAAA"),
        ("Input should be x [type=y, input_value='1234-typed', input_type=str]", "1234-typed"),
        ("[SQL: insert]\n[parameters: ('typed', 1)]\n(Background on this error", "typed"),
    ],
)
def test_text_of_a_telling_form_is_hidden(text: str, hidden: str) -> None:
    assert hidden in text
    assert hidden not in redact_text(text)
    assert REDACTED in redact_text(text)


@pytest.mark.parametrize(
    "text",
    ["order accepted", "the secret is out", "basic plan", "token bucket of 5", "GET /api/v1/orders 200", "AAPL 12.5"],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redact_text(text) == text


@given(st.text(max_size=60), st.text(max_size=60))
def test_neighbours_never_hide_a_secret(before: str, after: str) -> None:
    assert PLAIN not in redact_text(before + PLAIN + after)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=24, max_size=64))
def test_any_secret_is_found_in_base64_and_url_spelling(secret: str) -> None:
    register_secret(secret)
    encoded = base64.b64encode(b"user:" + secret.encode()).decode()
    assert encoded[12:-8] not in redact_text(encoded)
    assert quote(secret, safe="") not in redact_text(f"?q={quote(secret, safe='')}&x=1")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Generator[io.StringIO]:
    """Everything that the process logs, as it would reach standard error."""
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging("DEBUG")
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)


def leak_everywhere(logger: Any, secret: str) -> None:
    logger.warning("value %s", secret)
    logger.warning("wire", extra={"body": {"password": "typed-password", "nested": [secret]}})
    try:
        raise RuntimeError(f"failed with {secret}")
    except RuntimeError:
        logger.exception("it broke")


@pytest.mark.parametrize(
    "name",
    ["tradsy.execution", "aiohttp.client", "asyncpg", "nats", "sqlalchemy.engine", "taskiq", "uvicorn.error", "x"],
)
def test_no_library_logger_shows_a_secret(name: str, lines: io.StringIO) -> None:
    leak_everywhere(logging.getLogger(name), PLAIN)
    text = lines.getvalue()
    assert text.count("\n") >= 3
    assert not shows(PLAIN, text)
    assert "typed-password" not in text
    assert all(json.loads(line) for line in text.splitlines()), "each line stays JSON"


def test_our_logger_shows_no_secret_of_any_field(lines: io.StringIO) -> None:
    log = structlog.get_logger("tradsy.test")
    log.info("sign in", password="typed-password", headers={"authorization": "x"}, note=[PLAIN])
    log.info("built by hand %s", PLAIN, first=PLAIN[:20], last=PLAIN[20:])
    text = lines.getvalue()
    # Halves in two fields are known by their ends; what is left is less than a quarter of the secret.
    assert PLAIN not in text
    assert not any(PLAIN[at : at + 12] in text for at in range(len(PLAIN) - 11))
    assert "typed-password" not in text


def test_lines_for_people_show_no_secret_and_no_local_variable(
    lines: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    # `lines` restores the loggers afterwards.
    configure_logging("DEBUG", human=True)
    log = structlog.get_logger("tradsy.test")
    leak_everywhere(log, PLAIN)

    def fail(count: int) -> None:
        held = "held-in-a-local-variable " * count
        raise RuntimeError(str(len(held)))

    try:
        fail(3)
    except RuntimeError:
        log.exception("it broke again")
    text = capsys.readouterr().err
    assert "it broke again" in text
    assert "RuntimeError: 75" in text
    assert not shows(PLAIN, text)
    assert "held-in-a-local-variable held" not in text


def test_control_finds_a_leak_where_nothing_redacts() -> None:
    stream = io.StringIO()
    logger = logging.getLogger("tests.bare")
    logger.propagate = False
    logger.addHandler(logging.StreamHandler(stream))
    leak_everywhere(logger, PLAIN)
    assert shows(PLAIN, stream.getvalue())


def test_core_dumps_are_forbidden_for_the_process() -> None:
    code = (
        "import resource; from tradsy.platform.logging import forbid_core_dumps; forbid_core_dumps(); "
        "print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == str((0, 0))
