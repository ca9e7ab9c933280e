"""`/api/v1/connections` and `/accounts` over every kind of caller, with the real paper venue."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from fastapi import FastAPI

from tradsy.brokers.registry import BrokerRegistry
from tradsy.connections import service
from tradsy.connections.endpoints import router
from tradsy.connections.errors import PaperVenueUnavailable
from tradsy.connections.paper import PaperVenue
from tradsy.domain.ids import UserId
from tradsy.identity import service as identity_service
from tradsy.identity.api_keys import create_api_key
from tradsy.identity.deps import install
from tradsy.identity.model import Origin, Role, Scope
from tradsy.identity.sessions import open_program_session
from tradsy.platform.bus import Bus
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database, sql
from tradsy.platform.ids import new_id
from tradsy.platform.keyring import KeyRing
from tradsy.platform.outbox import OutboxPublisher
from tradsy.platform.vault import Vault
from tradsy.platform.web import install_web
from tradsy.sandbox.sim.server import SimOptions, SimServer
from tradsy.testing.asgi import AsgiAnswer, AsgiClient
from tradsy.testing.engines import TestEngines

API = "/api/v1"


@dataclass(frozen=True)
class Person:
    user_id: UserId
    token: str
    reader: str


@dataclass
class Site:
    app: FastAPI
    database: Database
    sim: SimServer
    vault: Vault
    http: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, token: str | None, json: Any = None, *, key: str | None = None, **params: str
    ) -> AsgiAnswer:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        headers["idempotency-key"] = key or uuid4().hex
        return await AsgiClient(self.app).request(method, API + path, json=json, headers=headers, params=params)

    async def add_person(self) -> Person:
        user, at = UserId(new_id()), SystemClock().now()
        async with self.database.as_engine() as session:
            await identity_service.create_user(session, user_id=user, email=f"{user.hex}@example.com", at=at)
        async with self.database.as_user(user) as session:
            pair = await open_program_session(session, user, Origin(), at=at, lifetime=timedelta(days=1))
        async with self.database.as_user(user) as session:
            _, reader = await create_api_key(session, user, Role.USER, name="r", scopes=[Scope.READ], at=at)
        return Person(user, pair.access_token, reader)

    async def open(self, person: Person, **fields: Any) -> dict[str, Any]:
        body = {"kind": "paper", "label": "Paper", **fields}
        answer = await self.call("POST", "/connections", person.token, body)
        assert answer.status == 201, answer.text
        return answer.json()


@pytest_asyncio.fixture(scope="module")
async def site(
    engines: TestEngines, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Site]:
    clock = SystemClock()
    folder: Path = tmp_path_factory.mktemp("sim")
    async with SimServer(SimOptions(folder, accounts=0)) as sim, aiohttp.ClientSession() as http:
        app = FastAPI()
        state = app.state
        state.settings, state.installation = engines.installation.settings, engines.installation
        state.database, state.clock = database, clock
        state.outbox = OutboxPublisher(database, Bus(engines.nats.url), clock)
        state.vault = Vault(KeyRing(engines.installation, clock), clock)
        state.paper = PaperVenue(http, lambda: sim.ready["control_url"])
        identity = install(app)
        install_web(app, state.settings)
        app.include_router(router, prefix=API)
        yield Site(app, database, sim, state.vault, http)
        identity.close()


ROUTES: list[tuple[str, str, Any, bool]] = [
    ("GET", "/connections", None, True),
    ("POST", "/connections", {"kind": "paper", "label": "New"}, False),
    ("GET", "/connections/{connection}", None, True),
    ("POST", "/connections/{connection}/pause", None, False),
    ("POST", "/connections/{connection}/resume", None, False),
    ("POST", "/connections/{connection}/close", None, False),
    ("GET", "/accounts", None, True),
    ("GET", "/accounts/{account}", None, True),
    ("PATCH", "/accounts/{account}", {"label": "Swing"}, False),
]


@pytest.mark.parametrize(("method", "path", "body", "reads"), ROUTES)
async def test_route_over_callers(site: Site, method: str, path: str, body: Any, reads: bool) -> None:
    person, stranger = await site.add_person(), await site.add_person()
    opened = await site.open(person)
    own = path.format(connection=opened["id"], account=opened["accounts"][0]["id"])
    assert (await site.call(method, own, None, body)).status == 401
    assert (await site.call(method, own, person.reader, body)).status == (200 if reads else 403)
    if "{" in path:
        assert (await site.call(method, own, stranger.token, body)).status == 404
        missing = path.format(connection=new_id(), account=new_id())
        assert (await site.call(method, missing, person.token, body)).status == 404
    assert (await site.call(method, own, person.token, body)).status in {200, 201}


async def test_opened_connection_reaches_the_venue_with_its_sealed_credential(site: Site) -> None:
    person = await site.add_person()
    opened = await site.open(person, cash="25000.50", accounts=2)
    async with site.database.as_engine() as session:
        connection_id = opened["id"]
        partition = (
            await session.execute(sql("select partition from connections where id = :i"), {"i": connection_id})
        ).scalar_one()
        owned = await service.list_owned(session, [partition])
    record = next(r for r in owned if str(r.id) == connection_id)
    secrets = service.open_credential(site.vault, record)
    addresses = await site.app.state.paper.addresses()
    config = service.broker_config(record, secrets, addresses)
    broker = BrokerRegistry().open(record.venue, config, site.http, SystemClock())
    await broker.connect()
    seen = await broker.list_accounts()
    await broker.close()
    assert {(a.venue_account_id, a.cash) for a in seen} == {
        (a.venue_account_id, Decimal("25000.50")) for a in record.accounts
    }
    assert len(opened["accounts"]) == 2
    for secret in secrets.values():
        assert secret.get_secret_value() not in str(opened)
    assert opened["credential_hint"] == secrets["api_key"].get_secret_value()[-4:]


async def test_same_key_opens_one_connection(site: Site) -> None:
    person = await site.add_person()
    body = {"kind": "paper", "label": "Once"}
    first = await site.call("POST", "/connections", person.token, body, key="same")
    again = await site.call("POST", "/connections", person.token, body, key="same")
    assert (first.status, again.status, again.headers.get("idempotent-replayed")) == (201, 201, "true")
    assert first.json() == again.json()
    assert len((await site.call("GET", "/connections", person.token)).json()["items"]) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "live"},
        {"label": " "},
        {"label": "x" * 61},
        {"cash": "99.99"},
        {"cash": "1e9"},
        {"cash": 1.5},
        {"cash": "100.001"},
        {"accounts": 6},
        {"api_key": "mine"},
        {"user_id": "00000000-0000-0000-0000-000000000000"},
    ],
)
async def test_bad_input_is_refused_without_echo(site: Site, change: dict[str, Any]) -> None:
    person = await site.add_person()
    answer = await site.call("POST", "/connections", person.token, {"kind": "paper", "label": "P", **change})
    assert answer.status == 422
    assert "mine" not in answer.text
    assert (await site.call("GET", "/connections", person.token)).json()["items"] == []


async def test_states_and_accounts_change(site: Site) -> None:
    person = await site.add_person()
    opened = await site.open(person, accounts=2)
    path, second = f"/connections/{opened['id']}", opened["accounts"][1]["id"]
    assert (await site.call("POST", f"{path}/pause", person.token)).json()["accounts"][0]["state"] == "paused"
    assert (await site.call("POST", f"{path}/resume", person.token)).json()["state"] == "active"
    changed = await site.call("PATCH", f"/accounts/{second}", person.token, {"is_primary": True, "label": "Main"})
    assert (changed.json()["is_primary"], changed.json()["label"]) == (True, "Main")
    assert (await site.call("PATCH", f"/accounts/{second}", person.token, {"is_primary": False})).status == 422
    assert (await site.call("POST", f"{path}/close", person.token)).json()["state"] == "closed"
    late = await site.call("POST", f"{path}/resume", person.token)
    assert (late.status, late.json()["code"]) == (409, "connection_state")
    primary = await site.call("PATCH", f"/accounts/{second}", person.token, {"is_primary": True})
    assert primary.status == 409


async def test_lists_are_paged(site: Site) -> None:
    person = await site.add_person()
    opened = [(await site.open(person))["id"] for _ in range(3)]
    first = (await site.call("GET", "/connections", person.token, limit="2")).json()
    rest = (await site.call("GET", "/connections", person.token, limit="2", cursor=first["next_cursor"])).json()
    assert [c["id"] for c in first["items"] + rest["items"]] == opened
    assert rest["next_cursor"] is None
    accounts = (await site.call("GET", "/accounts", person.token, limit="2")).json()
    more = (await site.call("GET", "/accounts", person.token, limit="2", cursor=accounts["next_cursor"])).json()
    assert len(accounts["items"] + more["items"]) == 3
    assert (await site.call("GET", "/accounts", person.token, cursor="rubbish")).status == 422


async def test_venue_that_is_gone_is_503_and_opens_nothing(site: Site) -> None:
    person = await site.add_person()
    venue = site.app.state.paper
    try:
        for url in ("http://127.0.0.1:9", ""):
            site.app.state.paper = PaperVenue(site.http, lambda url=url: url)
            answer = await site.call("POST", "/connections", person.token, {"kind": "paper", "label": "P"})
            assert (answer.status, answer.json()["code"]) == (503, "paper_venue_unavailable")
    finally:
        site.app.state.paper = venue
    assert (await site.call("GET", "/connections", person.token)).json()["items"] == []


async def test_answers_not_as_documented_are_no_accounts(site: Site) -> None:
    """The venue's own port answers JSON of another form, and refuses without a key."""
    venue = PaperVenue(site.http, lambda: site.sim.ready["url"])
    with pytest.raises(PaperVenueUnavailable):
        await venue.addresses()
