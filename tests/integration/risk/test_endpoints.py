"""`/api/v1/risk` over every kind of caller."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from fastapi import FastAPI

from tests.integration.risk.risk_rows import NOW, Tenant, add_tenant
from tradsy.identity import service as identity_service
from tradsy.identity.api_keys import create_api_key
from tradsy.identity.model import Origin, Role, Scope
from tradsy.identity.runtime import build_identity
from tradsy.identity.sessions import STEP_UP_TIME, open_program_session
from tradsy.platform.bus import Bus
from tradsy.platform.clock import FrozenClock
from tradsy.platform.db import Database
from tradsy.platform.outbox import OutboxPublisher
from tradsy.platform.vault import KeyRing, Vault
from tradsy.platform.web import install_web
from tradsy.risk import states
from tradsy.risk.endpoints import router
from tradsy.risk.limits import FIELDS
from tradsy.risk.model import ModeChange, RiskMode
from tradsy.risk.rules import RULES
from tradsy.testing.asgi import AsgiAnswer, AsgiClient
from tradsy.testing.engines import TestEngines

API = "/api/v1/risk"


@dataclass
class Site:
    """An application with risk's routes, and what its tests turn."""

    app: FastAPI
    database: Database
    clock: FrozenClock

    async def call(self, method: str, path: str, token: str | None, json: Any = None, **params: str) -> AsgiAnswer:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        headers["idempotency-key"] = uuid4().hex
        return await AsgiClient(self.app).request(method, API + path, json=json, headers=headers, params=params)

    async def add_person(self) -> Person:
        tenant = await add_tenant(self.database)
        at = self.clock.now()
        async with self.database.as_engine() as session:
            email = f"{tenant.user_id.hex}@example.com"
            await identity_service.create_user(session, user_id=tenant.user_id, email=email, at=at)
        async with self.database.as_user(tenant.user_id) as session:
            pair = await open_program_session(session, tenant.user_id, Origin(), at=at, lifetime=timedelta(days=1))
        keys: dict[Scope, str] = {}
        for scope in (Scope.READ, Scope.TRADE):
            async with self.database.as_user(tenant.user_id) as session:
                _, keys[scope] = await create_api_key(
                    session, tenant.user_id, Role.USER, name=scope, scopes=[scope], at=at
                )
        return Person(tenant, pair.access_token, keys[Scope.READ], keys[Scope.TRADE])


@dataclass(frozen=True)
class Person:
    """A tenant with credentials; the token is fresh, so it is stepped up for five minutes."""

    tenant: Tenant
    token: str
    reader: str
    trader: str

    @property
    def account(self) -> str:
        return f"/account/{self.tenant.account_id}"


@pytest_asyncio.fixture
async def site(engines: TestEngines, database: Database) -> AsyncGenerator[Site]:
    app = FastAPI()
    settings = engines.installation.settings
    clock = FrozenClock(NOW)
    app.state.settings, app.state.installation = settings, engines.installation
    app.state.database, app.state.clock = database, clock
    app.state.outbox = OutboxPublisher(database, Bus(engines.nats.url), clock)
    vault = Vault(KeyRing(engines.installation, clock), clock)
    app.state.identity = build_identity(settings, engines.installation, database, clock, vault)
    install_web(app, settings)
    app.include_router(router, prefix="/api/v1")
    yield Site(app, database, clock)
    app.state.identity.close()


ROUTES: list[tuple[str, str, Any, str]] = [
    ("GET", "/limits", None, "read"),
    ("GET", "/limits/history", None, "read"),
    ("GET", "/state", None, "read"),
    ("GET", "/rules", None, "read"),
    ("PUT", "/limits{account}", {"max_positions": 3}, "trade"),
    ("POST", "/limits/starting", {"tolerance": "moderate"}, "trade"),
    ("PUT", "/state{account}", {"mode": "halted", "reason": "x"}, "trade"),
    ("POST", "/state{account}/enable", {"reason": "x"}, "person"),
]
NEEDS_IDS = {"PUT /limits{account}", "PUT /state{account}", "POST /state{account}/enable"}


@pytest.mark.parametrize(("method", "path", "body", "right"), ROUTES)
async def test_route_over_callers(site: Site, method: str, path: str, body: Any, right: str) -> None:
    person, stranger = await site.add_person(), await site.add_person()
    if path.endswith("enable"):
        await site.call("PUT", f"/state{person.account}", person.token, {"mode": "halted", "reason": "x"})
    own = path.format(account=person.account)

    assert (await site.call(method, own, None, body)).status == 401
    assert (await site.call(method, own, "tsk_" + "0" * 32, body)).status == 401
    wrong = person.trader if right == "read" else person.reader
    assert (await site.call(method, own, wrong, body)).status == 403
    if f"{method} {path}" in NEEDS_IDS:
        assert (await site.call(method, own, stranger.token, body)).status == 404
    owner = {"read": person.reader, "trade": person.trader, "person": person.token}[right]
    assert (await site.call(method, own, owner, body)).status in {200, 201}


async def test_limits_show_value_provenance_and_use(site: Site) -> None:
    person = await site.add_person()
    account = str(person.tenant.account_id)
    await site.call("PUT", f"/limits{person.account}", person.token, {"max_positions": 3, "market_quote_age": "2.5"})

    async def count(session: Any, subject: Any) -> dict[str, Decimal | int]:
        assert str(subject.account_id) == account
        return {"max_positions": 2}

    site.app.state.limit_use = count
    answer = await site.call("GET", "/limits", person.token, account_id=account)

    body = answer.json()
    by_name = {limit["name"]: limit for limit in body["limits"]}
    assert list(by_name) == list(FIELDS)
    positions = by_name["max_positions"]
    assert (positions["value"], positions["bound_by"], positions["use"]) == (3, "account", "2")
    assert (by_name["market_quote_age"]["value"], by_name["market_quote_age"]["bound_by"]) == ("2.5", "account")
    assert by_name["max_order_notional"]["value"] == "5000"
    assert by_name["allowed_symbols"]["value"] is None
    assert len(body["config_hash"]) == 64
    (layer,) = body["layers"]
    assert (layer["scope"], layer["subject"], layer["version"]) == ("account", account, 1)
    assert layer["limits"]["max_positions"] == 3


async def test_limits_of_one_symbol_are_found_by_any_spelling(site: Site) -> None:
    person = await site.add_person()
    own = {"by_symbol": {"TSLA": {"max_order_notional": "100"}}}
    await site.call("PUT", f"/limits{person.account}", person.token, own)

    async def notional(**params: str) -> tuple[str, str]:
        params["account_id"] = str(person.tenant.account_id)
        answer = (await site.call("GET", "/limits", person.reader, **params)).json()
        return next((x["value"], x["bound_by"]) for x in answer["limits"] if x["name"] == "max_order_notional")

    assert await notional(symbol="nasdaq:tsla") == ("100", "symbol")
    assert await notional(symbol="AAPL") == await notional() == ("5000", "user")
    assert (await site.call("GET", "/limits", person.reader, symbol="no symbol!")).status == 422


async def test_openapi_document_describes_every_route(site: Site) -> None:
    paths = site.app.openapi()["paths"]

    described = {(method.upper(), path.removeprefix(API)) for path, item in paths.items() for method in item}
    generic = {(m, p.replace("{account}", "/{scope}/{subject}")) for m, p, _, _ in ROUTES}
    assert described == generic


@pytest.mark.parametrize("name", ["account_id", "source_id"])
async def test_limits_of_another_tenants_subject_are_not_found(site: Site, name: str) -> None:
    person, stranger = await site.add_person(), await site.add_person()
    theirs = {"account_id": str(person.tenant.account_id), "source_id": str(person.tenant.source_id)}[name]

    assert (await site.call("GET", "/limits", person.token, **{name: theirs})).status == 200
    assert (await site.call("GET", "/limits", stranger.token, **{name: theirs})).status == 404
    assert (await site.call("GET", "/limits", stranger.token, **{name: str(uuid4())})).status == 404


async def test_raise_waits_for_step_up_then_for_ten_minutes(site: Site) -> None:
    person = await site.add_person()
    path, account = f"/limits{person.account}", str(person.tenant.account_id)
    await site.call("PUT", path, person.token, {"max_positions": 3})

    by_key = await site.call("PUT", path, person.trader, {"max_positions": 5})
    site.clock.advance(STEP_UP_TIME)
    too_late = await site.call("PUT", path, person.token, {"max_positions": 5})
    async with site.database.as_user(person.tenant.user_id) as session:
        fresh = await open_program_session(
            session, person.tenant.user_id, Origin(), at=site.clock.now(), lifetime=timedelta(days=1)
        )
    accepted = await site.call("PUT", path, fresh.access_token, {"max_positions": 5})

    for refused in (by_key, too_late):
        assert (refused.status, refused.json()["code"], refused.json()["raised"]) == (
            403,
            "step_up_required",
            ["max_positions"],
        )
    body = accepted.json()
    assert (body["limits"]["max_positions"], body["pending"]["max_positions"]) == (3, 5)

    async def held() -> int:
        answer = await site.call("GET", "/limits", person.reader, account_id=account)
        return next(limit["value"] for limit in answer.json()["limits"] if limit["name"] == "max_positions")

    assert await held() == 3
    site.clock.advance(timedelta(minutes=10))
    assert await held() == 5


BAD_LIMITS: list[tuple[dict[str, Any], str, str]] = [
    ({"max_order_notional": "100000.01"}, "limit_above_cap", "max_order_notional"),
    ({"allowed_symbols": ["not a symbol"]}, "limit_invalid", "allowed_symbols"),
    ({"allowed_symbols": ["AAPL"] * 501}, "limit_invalid", "allowed_symbols"),
    ({"max_order_notional": "-1"}, "limit_invalid", "max_order_notional"),
    ({"reconcile_age": "1000001"}, "limit_invalid", "reconcile_age"),
    ({"by_symbol": {"not a symbol": {}}}, "limit_invalid", "by_symbol"),
    ({"by_symbol": {f"A{i:04}": {} for i in range(201)}}, "limit_invalid", "by_symbol"),
    ({"by_symbol": {"AAPL": {"max_positions": 11}}}, "limit_above_cap", "max_positions"),
]


@pytest.mark.parametrize(("body", "code", "limit"), BAD_LIMITS)
async def test_limit_that_cannot_be_set_names_itself(site: Site, body: Any, code: str, limit: str) -> None:
    person = await site.add_person()

    answer = await site.call("PUT", f"/limits{person.account}", person.token, body)

    assert (answer.status, answer.json()["code"], answer.json()["limit"]) == (422, code, limit)


@pytest.mark.parametrize(
    "body",
    [
        {"max_order_notional": 1.5},
        {"max_order_notional": "NaN"},
        {"max_order_notional": "1e3"},
        {"max_positions": -1},
        {"max_positions": True},
        {"any_symbol": "yes"},
        {"asset_classes": ["moon"]},
        {"no_such_limit": 1},
        {"by_symbol": {"AAPL": {"by_symbol": {}}}},
    ],
)
async def test_malformed_limit_is_refused_without_an_echo(site: Site, body: dict[str, Any]) -> None:
    person = await site.add_person()

    answer = await site.call("PUT", f"/limits{person.account}", person.token, {**body, "max_open_orders": "CANARY-1"})

    assert answer.status == 422
    assert "CANARY" not in answer.text


async def test_history_pages_through_the_changes(site: Site) -> None:
    person = await site.add_person()
    for most in (5, 4, 3):
        await site.call("PUT", f"/limits{person.account}", person.token, {"max_positions": most})

    first = (await site.call("GET", "/limits/history", person.reader, limit="2")).json()
    second = (await site.call("GET", "/limits/history", person.reader, limit="2", cursor=first["next_cursor"])).json()

    pages = [*first["items"], *second["items"]]
    assert [change["new"]["max_positions"] for change in pages] == [3, 4, 5]
    assert [change["version"] for change in pages] == [3, 2, 1]
    assert second["next_cursor"] is None
    assert pages[0]["changed_by"] == f"user:{person.tenant.user_id}"


async def test_starting_limits_of_a_tolerance(site: Site) -> None:
    person = await site.add_person()

    chosen = await site.call("POST", "/limits/starting", person.trader, {"tolerance": "conservative"})
    again = await site.call("POST", "/limits/starting", person.trader, {"tolerance": "aggressive"})

    assert (chosen.status, chosen.json()["limits"]["max_order_notional"]) == (201, "1000")
    assert (again.status, again.json()["code"]) == (409, "limits_exist")


async def test_halt_of_a_rule_is_lifted_by_a_person_only(site: Site) -> None:
    person = await site.add_person()
    async with site.database.as_engine() as session:
        halt = ModeChange("account", RiskMode.HALTED, "R-P19", "DRAWDOWN")
        await states.record_changes(session, person.tenant.subject, [halt], now=NOW)

    (state,) = (await site.call("GET", "/state", person.reader)).json()
    by_key = await site.call("POST", f"/state{person.account}/enable", person.trader, {"reason": "checked"})
    lifted = await site.call("POST", f"/state{person.account}/enable", person.token, {"reason": "checked"})
    again = await site.call("POST", f"/state{person.account}/enable", person.token, {"reason": "checked"})

    assert (state["mode"], state["rule"], state["code"], state["changed_by"]) == (
        "halted",
        "R-P19",
        "DRAWDOWN",
        "engine",
    )
    assert (by_key.status, by_key.json()["code"]) == (403, "interactive_only")
    assert (lifted.status, lifted.json()["mode"], lifted.json()["reason"]) == (200, "normal", "checked")
    assert (again.status, again.json()["code"]) == (404, "not_stopped")


async def test_enabling_without_fresh_proof_is_refused(site: Site) -> None:
    person = await site.add_person()
    await site.call("PUT", f"/state{person.account}", person.trader, {"mode": "reduce_only", "reason": "x"})
    site.clock.advance(STEP_UP_TIME)

    answer = await site.call("POST", f"/state{person.account}/enable", person.token, {"reason": "x"})

    assert (answer.status, answer.json()["code"]) == (403, "step_up_required")
    assert [s["mode"] for s in (await site.call("GET", "/state", person.reader)).json()] == ["reduce_only"]


async def test_source_is_disabled_and_account_is_not(site: Site) -> None:
    person = await site.add_person()
    source = f"/state/source/{person.tenant.source_id}"

    wrong = await site.call("PUT", source, person.token, {"mode": "halted", "reason": "x"})
    right = await site.call("PUT", source, person.token, {"mode": "disabled", "reason": "x"})

    assert (wrong.status, wrong.json()["code"]) == (422, "wrong_mode")
    assert right.json()["mode"] == "disabled"
    platform = f"/limits/platform/{UUID(int=0)}"
    assert (await site.call("PUT", platform, person.token, {"max_positions": 1})).status == 422


async def test_rules_are_listed_as_in_verdicts(site: Site) -> None:
    person = await site.add_person()

    rules = (await site.call("GET", "/rules", person.reader)).json()

    assert [rule["id"] for rule in rules] == [*(rule.id for rule in RULES), "R-P28"]
    by_id = {rule["id"]: rule for rule in rules}
    assert by_id["R-P7"]["reduce_only"] == "not judged: any reduce-only order"
    assert "twice as wide" in by_id["R-P9"]["reduce_only"]
    assert by_id["R-P6"]["reduce_only"] == ""
