"""No secret that passes through identity shows up in a log line, an error, a header, or the database in clear."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
import structlog

from tests.integration.identity.site import PASSWORD, Site, idem, sign_in
from tests.integration.identity.test_sign_in import enable_totp, next_code
from tests.integration.identity.test_sign_up import token_in
from tradsy.domain.ids import UserId
from tradsy.identity.setup import ensure_setup_link
from tradsy.platform.db import sql
from tradsy.platform.logging import configure_logging
from tradsy.testing.asgi import AsgiAnswer

CANARY = "kelp-canary-93f0a6c2d7b14e58"


def spellings(secret: str) -> set[str]:
    raw = secret.encode()
    found = {secret, raw.hex(), quote(secret), secret[:16], secret[-16:]}
    return found | {base64.b64encode(b"x" * offset + raw).decode()[4:-4] for offset in range(3)}


@contextmanager
def captured_logs() -> Generator[io.StringIO]:
    """Collect every log line of the process, configured as in production, at the lowest level."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level, configured = list(root.handlers), root.level, structlog.get_config()
    configure_logging("DEBUG")
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)  # pyright: ignore[reportUnknownMemberType]
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**configured)


TABLES = (
    "users sessions refresh_tokens access_tokens api_keys totp_credentials one_time_tokens setup_links signups mails "
    "login_throttles password_credentials audit_events outbox"
)


async def dump(site: Site, user_id: UserId) -> str:
    """Return every row of every table that identity writes, as text."""
    rows: list[str] = []
    async with site.database.as_engine() as session:
        for table in TABLES.split():
            rows += (await session.execute(sql(f"select t::text from {table} t"))).scalars()
    async with site.database.as_user(user_id) as session:
        rows += (await session.execute(sql("select t::text from recovery_codes t"))).scalars()
    return " ".join(rows)


async def run_story(site: Site) -> tuple[set[str], list[AsgiAnswer], UserId]:
    """Use every secret, rightly and wrongly; return them and all answers but those that show a secret once."""
    secrets, answers = {CANARY, PASSWORD}, list[AsgiAnswer]()
    user_id, browser = await site.signed_in()
    email = await site.email_of(user_id)
    secrets |= {browser.cookies["__Host-tradsy"]}
    secret, codes = await enable_totp(browser, site)
    secrets |= {secret, *codes}
    answers.append(await sign_in(site.browser(), email, CANARY))
    answers.append(await sign_in(site.browser(), email, totp=next_code(site, secret)))
    answers.append(await sign_in(site.browser(), email, recovery_code=codes[0]))
    answers.append(await sign_in(site.browser(), email, recovery_code=CANARY))
    body = {"name": "k", "scopes": ["read"]}
    made = await browser.post("/api/v1/auth/step-up", json={"password": PASSWORD})
    made = await browser.post("/api/v1/me/api-keys", json=body, headers=idem())
    secrets |= {made.json()["key"], browser.cookies["__Host-tradsy"]}
    program = site.program(made.json()["key"])
    answers += [await program.get("/api/v1/me"), await program.get("/api/v1/me/api-keys")]
    pair = await site.program().post(
        "/api/v1/auth/token", json={"email": email, "password": PASSWORD, "recovery_code": codes[1]}
    )
    secrets |= {pair.json()["access_token"], pair.json()["refresh_token"]}
    answers.append(await site.program(pair.json()["access_token"]).get("/api/v1/me"))
    answers.append(await site.program(CANARY).get("/api/v1/me"))
    refreshed = await site.program().post("/api/v1/auth/refresh", json={"refresh_token": pair.json()["refresh_token"]})
    secrets |= {refreshed.json()["access_token"], refreshed.json()["refresh_token"]}
    answers.append(await site.program().post("/api/v1/auth/refresh", json={"refresh_token": CANARY}))
    await site.program().post("/api/v1/auth/reset-request", json={"email": email})
    token = token_in(await site.last_mail(email))
    secrets.add(token)
    answers.append(await site.program().post("/api/v1/auth/reset", json={"token": token, "password": "short"}))
    answers.append(await site.program().post("/api/v1/auth/reset", json={"token": token, "password": CANARY}))
    async with site.database.as_engine() as session:
        link = await ensure_setup_link(session, site_url="", at=site.clock.now())
    assert link is not None
    secrets.add(link.rpartition("/")[2])
    answers.append(await site.browser().get(link))
    answers.append(await site.browser().post(link, json={"email": CANARY, "password": CANARY, CANARY: CANARY}))
    answers.append(await browser.post("/api/v1/auth/step-up", json={"password": [CANARY]}))
    answers.append(await browser.patch("/api/v1/me", json={CANARY[:20]: CANARY}, headers=idem()))
    return secrets, answers, user_id


async def test_no_secret_leaves_but_where_it_is_shown_once(site: Site):
    with captured_logs() as log:
        secrets, answers, user_id = await run_story(site)
        # A fault with a secret in its message, as a library might raise it.
        broken = site.identity.passwords.verify

        async def fail(*_: object) -> bool:
            raise RuntimeError(f"argon2 refused {next(s for s in secrets if s.startswith('tsk_'))}")

        site.identity.passwords.verify = fail  # pyright: ignore[reportAttributeAccessIssue]
        try:
            answers.append(await sign_in(site.browser(), "fault@example.com", CANARY))
        finally:
            site.identity.passwords.verify = broken
        assert answers[-1].status == 500
    written = log.getvalue()
    assert "request failed" in written
    dumped = await dump(site, user_id)
    heads = " ".join(
        f"{name.decode('latin-1')}: {value.decode('latin-1')}"
        for answer in answers
        for name, value in answer.raw_headers
        if name != b"set-cookie"
    )
    bodies = " ".join(answer.text for answer in answers)
    for secret in secrets:
        for spelling in spellings(secret):
            for place, content in (("log", written), ("header", heads), ("body", bodies), ("database", dumped)):
                assert spelling not in content, f"{secret[:4]}... in {place}"


async def test_search_would_find_a_leak(site: Site):
    with captured_logs() as log:
        structlog.get_logger("control").info("control", note=f"leaked {CANARY}")
    assert any(spelling in log.getvalue() for spelling in spellings(CANARY))
    assert site


@pytest.mark.parametrize("kind", ["proof", "pair", "totp"])
def test_representations_hide_secrets(kind: str):
    from datetime import UTC, datetime
    from uuid import uuid4

    from tradsy.identity.authentication import Proof, SecondFactor
    from tradsy.identity.model import SessionId
    from tradsy.identity.schemas import SignInCreate
    from tradsy.identity.sessions import TokenPair

    made: dict[str, object] = {
        "proof": Proof(CANARY, CANARY, SecondFactor(CANARY, CANARY), CANARY),
        "pair": TokenPair(CANARY, CANARY, datetime(2026, 3, 2, tzinfo=UTC), SessionId(uuid4())),
        "totp": SignInCreate.model_validate({"email": "x@example.com", "password": CANARY, "recovery_code": CANARY}),
    }
    assert CANARY not in repr(made[kind])
