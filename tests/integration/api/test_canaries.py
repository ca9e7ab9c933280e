"""Secrets that pass through the whole product are in no log, answer, metric, event, audit entry or column (13.3.1)."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit
from uuid import uuid4

import asyncpg
import pytest
import structlog
from pydantic import SecretStr

from tests.integration.api.ground import PASSWORD, Ground, Person, idem
from tests.integration.api.surface import API
from tests.integration.identity.test_canaries import captured_logs
from tests.integration.tenancy.catalog import read_tables
from tradsy.connections import service as connections
from tradsy.identity.model import Scope
from tradsy.platform.db import APP_ROLE, ENGINE_ROLE, parse_url, role_password, sql
from tradsy.testing.asgi import AsgiAnswer

SHORTEST = 12
"""Secrets below this would be found by chance."""


def spellings(secret: str) -> set[str]:
    """Return how a secret may be written: raw, hex, URL- and JSON-escaped, and base64 at each alignment."""
    raw = secret.encode()
    found = {secret, raw.hex(), raw.hex().upper(), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    for offset in range(3):
        body = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        # The characters at either end are shared with what stands beside the secret.
        cut = body[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6]
        found |= {cut, cut.replace("+", "-").replace("/", "_")}
    return found


def find(secrets: dict[str, str], places: dict[str, str]) -> list[str]:
    """Return `secret in place` of every leak."""
    return [
        f"{name} in {place}"
        for name, secret in secrets.items()
        for place, content in places.items()
        if any(spelling in content for spelling in spellings(secret))
    ]


def told(answers: list[AsgiAnswer]) -> str:
    """Return bodies and headers, but the cookie that carries a session."""
    heads = [f"{n.decode()}: {v.decode('latin-1')}" for a in answers for n, v in a.raw_headers if n != b"set-cookie"]
    return "\n".join([*heads, *(answer.body.decode(errors="replace") for answer in answers)])


def _spell(value: Any) -> str:
    return f"{value.hex()} {value.decode('latin-1')}" if isinstance(value, bytes) else str(value)


async def dump(ground: Ground) -> str:
    """Return every row of every table, as its owner sees it; bytes as hex and as text."""
    admin: asyncpg.Connection = await asyncpg.connect(**parse_url(ground.product.container.addresses.database_url))
    parts: list[str] = []
    try:
        for name in await read_tables(admin):
            for row in await admin.fetch(f"select t.* from tradsy.{name} t"):
                parts.extend(_spell(value) for value in row.values())
    finally:
        await admin.close()
    return "\n".join(parts)


async def tell_story(ground: Ground, person: Person, secrets: dict[str, str]) -> list[AsgiAnswer]:
    """Use every secret rightly and wrongly; return all answers but those that show a secret once."""
    browser, answers = ground.browser(await ground.sign_in(person.email)), list[AsgiAnswer]()
    secrets["password"] = PASSWORD
    totp = await browser.post(f"{API}/auth/totp")
    assert totp.status == 200, totp.text
    secrets["totp seed"] = totp.json()["secret"]
    answers.append(await browser.post(f"{API}/auth/totp/confirm", json={"code": "000000"}))
    secrets["session"] = browser.cookies["__Host-tradsy"]
    made = await browser.post(f"{API}/me/api-keys", json={"name": "k", "scopes": ["read"]}, headers=idem())
    secrets["api key"] = made.json()["key"]
    answers += [await ground.program(secrets["api key"]).get(f"{API}/me"), await browser.get(f"{API}/me/api-keys")]
    pair = (await ground.program().post(f"{API}/auth/token", json={"email": person.email, "password": PASSWORD})).json()
    secrets["access token"], secrets["refresh token"] = pair["access_token"], pair["refresh_token"]
    answers.append(await ground.program(pair["access_token"]).get(f"{API}/me"))
    secrets["wrong password"] = f"kelp-{uuid4().hex}"
    login = {"email": person.email, "password": secrets["wrong password"]}
    answers.append(await ground.browser().post(f"{API}/auth/sign-in", json=login))
    answers.append(await ground.browser().post(f"{API}/auth/sign-in", json={**login, secrets["wrong password"]: 1}))
    answers += await _tell_of_sources(ground, person, secrets)
    for path in ("audit/events", "audit/export", "connections", "accounts", "sources", "signals", "me/sessions"):
        answers.append(await browser.get(f"{API}/{path}"))
    return answers


async def _tell_of_sources(ground: Ground, person: Person, secrets: dict[str, str]) -> list[AsgiAnswer]:
    program = ground.program(await ground.key(person.trader.user_id, [Scope.READ, Scope.TRADE]))
    body = {"name": uuid4().hex, "kind": "tradingview", "with_body_secret": True}
    source = (await program.post(f"{API}/sources", json=body, headers=idem())).json()
    secrets["hook token"], secrets["body secret"] = source["hook_url"].rsplit("/", 1)[-1], source["body_secret"]
    path = f"/hooks/tradingview/{secrets['hook token']}"
    alert: dict[str, Any] = {"ticker": "ETHUSD", "action": "buy", "quantity": "1"}
    return [
        await ground.program().post(path, json={**alert, "secret": secrets["body secret"]}),
        await ground.program().post(path, json={**alert, "secret": "wrong"}),
        await ground.program().post(
            path, content=secrets["body secret"].encode(), headers={"content-type": "text/plain"}
        ),
        await ground.program().get(path),
        await program.get(f"{API}/sources/{source['source']['id']}"),
        await program.get(f"{API}/signals"),
    ]


def _reveal(value: Any) -> str:
    return str(value.get_secret_value()) if isinstance(value, SecretStr) else str(value)


async def secrets_of_the_installation(ground: Ground, person: Person) -> dict[str, str]:
    """Return what the process knows without anybody telling it."""
    container = ground.product.container
    installation = container.installation
    credential = connections.open_credential(container.vault, person.trader.connection)
    known = {
        "master key": key.get_secret_value() if (key := container.settings.master_key) else "",
        "app role's password": role_password(installation, APP_ROLE),
        "engine role's password": role_password(installation, ENGINE_ROLE),
        "database password": str(parse_url(container.addresses.database_url)["password"] or ""),
        "bus password": urlsplit(container.addresses.nats_url).password or "",
        **{f"broker {name}": _reveal(value) for name, value in dict(credential).items()},
    }
    return {name: secret for name, secret in known.items() if len(secret) >= SHORTEST}


async def test_no_secret_is_anywhere_but_where_it_is_shown_once(ground: Ground):
    seen: list[bytes] = []

    async def hear(message: Any) -> None:
        seen.append(message.subject.encode() + b" " + message.data)

    bus = ground.product.container.bus.client
    subscription = await bus.subscribe("tradsy.>", cb=hear)  # pyright: ignore[reportUnknownMemberType] - untyped
    try:
        with captured_logs() as log:
            person = await ground.person()
            secrets = await secrets_of_the_installation(ground, person)
            answers = await tell_story(ground, person, secrets)
        await bus.flush()
    finally:
        await subscription.unsubscribe()
    metrics = await ground.program().get("/metrics")
    written = log.getvalue()
    assert len(secrets) >= 13, sorted(secrets)
    assert {"master key", "app role's password", "totp seed", "hook token", "refresh token"} <= set(secrets)
    assert {"broker api_key", "broker api_secret"} <= set(secrets), sorted(secrets)
    assert "/api/v1/auth/sign-in" in written
    assert seen
    assert "tradsy_http_request_seconds" in metrics.text or metrics.status in {401, 404}
    places = {
        "log": written,
        "answers": told(answers),
        "metrics": metrics.text,
        "events": b"\n".join(seen).decode(errors="replace"),
        "database": await dump(ground),
    }
    assert all(len(content) > 100 for content in places.values())
    assert find(secrets, places) == []


@pytest.mark.parametrize("place", ["log", "answers", "metrics", "events", "database"])
def test_a_leak_is_found_in_whatever_spelling(place: str):
    secret = f'kelp/{uuid4().hex}+"x'
    for written in spellings(secret):
        assert find({"secret": secret}, {place: f"before {written} after"}) == [f"secret in {place}"]
    for offset in range(3):
        framed = base64.b64encode(b"abc"[:offset] + secret.encode() + b"tail").decode()
        assert find({"secret": secret}, {place: framed})
    assert find({"secret": secret}, {place: "nothing here"}) == []


async def test_each_sink_shows_what_is_put_there(ground: Ground):
    """The positive control: a word planted in each sink is found there, so that silence means something."""
    planted = f"kelp-{uuid4().hex}"
    with captured_logs() as log:
        structlog.get_logger("control").info("control", note=planted)
    person = await ground.person()
    program = ground.program(person.trader.api_key)
    named = await program.post(f"{API}/sources", json={"name": planted, "kind": "manual"}, headers=idem())
    async with ground.product.container.database.as_engine() as session:
        await session.execute(
            sql("update users set display_name = :name where id = :id"), {"name": planted, "id": person.trader.user_id}
        )
    places = {"log": log.getvalue(), "answers": told([named]), "database": await dump(ground)}
    assert find({"planted": planted}, places) == [f"planted in {place}" for place in places]
