"""Follows through the API: made, changed, paused, closed; each tenant's own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.signals.world import ORDER, Person, SourceAt, World
from tradsy.identity.model import Scope
from tradsy.signals.model import Visibility
from tradsy.testing.asgi import AsgiAnswer

SETTINGS: dict[str, Any] = {"sizing_mode": "fixed_cash", "sizing_value": "500", "mode": "auto"}


async def call(world: World, person: Person | None, method: str, path: str, body: Any = None) -> AsgiAnswer:
    headers = {"idempotency-key": uuid4().hex}
    return await world.client(person).request(method, f"/api/v1{path}", json=body, headers=headers)


async def create(world: World, person: Person, source: SourceAt, **fields: Any) -> AsgiAnswer:
    body = {**SETTINGS, "source_id": str(source.id), "account_id": str(person.account_id), **fields}
    return await call(world, person, "POST", "/follows", body)


async def test_a_follow_is_made_shown_and_audited(world: World):
    owner = await world.person()
    source = await world.source(owner)
    windows = [{"days": [5], "from": "09:30", "to": "16:00", "timezone": "America/New_York"}]
    policy = {"stop": {"value": "5", "unit": "percent"}, "targets": [{"value": "2", "unit": "risk"}]}
    made = await create(
        world, owner, source, windows=windows, exit_policy=policy, symbols_allowed=["aapl"], asset_classes=["stock"]
    )
    assert made.status == 201, made.text
    follow = made.json()
    assert (follow["source_name"], follow["state"], follow["sizing_value"]) == (source.name, "active", "500")
    assert (follow["symbols_allowed"], follow["confidence_bar"]) == (["AAPL"], "0.8")
    assert follow["windows"][0]["from"] == "09:30:00"
    assert follow["exit_policy"]["stop"]["unit"] == "percent"
    assert (await call(world, owner, "GET", f"/follows/{follow['id']}")).json() == follow
    audit = await world.rows("select action from audit_events where subject = :s", s=f"follow:{follow['id']}")
    assert audit == [{"action": "follow.created"}]


async def test_an_account_follows_a_source_once_until_it_is_closed(world: World):
    owner = await world.person()
    source = await world.source(owner)
    first = (await create(world, owner, source)).json()
    assert (await create(world, owner, source)).json()["code"] == "already_followed"
    closed = await call(world, owner, "POST", f"/follows/{first['id']}/close")
    assert closed.json()["state"] == "closed"
    assert (await create(world, owner, source)).status == 201
    for method, path in (("PUT", ""), ("POST", "/resume"), ("POST", "/pause"), ("POST", "/close")):
        again = await call(world, owner, method, f"/follows/{first['id']}{path}", SETTINGS if method == "PUT" else None)
        assert again.json()["code"] == "follow_closed"


async def test_pause_and_resume_decide_whether_plans_are_made(world: World):
    owner = await world.person()
    source = await world.source(owner)
    follow = (await create(world, owner, source)).json()
    for state, plans in (("pause", 0), ("resume", 1), ("resume", 1)):
        changed = await call(world, owner, "POST", f"/follows/{follow['id']}/{state}")
        assert changed.json()["state"] == {"pause": "paused", "resume": "active"}[state]
        answer = await world.post(source, {**ORDER, "id": uuid4().hex})
        assert len(await world.plans(answer)) == plans


async def test_settings_are_replaced_and_recorded(world: World):
    owner = await world.person()
    source = await world.source(owner)
    follow = (await create(world, owner, source, symbols_blocked=["TSLA"])).json()
    changed = await call(
        world, owner, "PUT", f"/follows/{follow['id']}", {**SETTINGS, "sizing_mode": "multiplier", "sizing_value": "2"}
    )
    assert changed.status == 200, changed.text
    assert (changed.json()["sizing_mode"], changed.json()["symbols_blocked"]) == ("multiplier", [])
    rows = await world.rows(
        "select action, convert_from(canonical, 'UTF8') as data from audit_events where subject = :s order by seq",
        s=f"follow:{follow['id']}",
    )
    assert rows[-1]["action"] == "follow.changed"
    assert '"TSLA"' in rows[-1]["data"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sizing_value": "0"},
        {"sizing_value": 0.5},
        {"mode": "yolo"},
        {"windows": [{"days": [1], "from": "09:30", "to": "16:00", "timezone": "Nowhere/City"}]},
        {"symbols_allowed": ["???"]},
        {"surprise": True},
    ],
)
async def test_wrong_settings_are_refused(world: World, wrong: dict[str, Any]):
    owner = await world.person()
    source = await world.source(owner)
    assert (await create(world, owner, source, **wrong)).status == 422


async def test_a_time_zone_that_the_database_does_not_know_is_refused(world: World):
    owner = await world.person()
    source = await world.source(owner)
    # Known to the zone files of the system alone: PostgreSQL could not compute with it for anybody.
    window = {"days": [1], "from": "09:30", "to": "16:00", "timezone": "localtime"}
    answer = await create(world, owner, source, windows=[window])
    assert answer.status == 422


async def test_only_own_and_public_sources_and_own_accounts(world: World):
    owner, other = await world.person(), await world.person()
    private = await world.source(owner)
    public = await world.source(owner, visibility=Visibility.PUBLIC)
    assert (await create(world, other, private)).json()["code"] == "source_not_found"
    assert (await create(world, other, public, account_id=str(owner.account_id))).json()["code"] == "account_not_found"
    assert (await create(world, other, public)).status == 201
    await world.execute("update sources set state = 'closed' where id = :id", id=public.id)
    assert (await create(world, owner, public)).status == 404
    await world.execute("update accounts set state = 'closed' where id = :id", id=owner.account_id)
    assert (await create(world, owner, private)).json()["code"] == "account_not_found"


async def test_lists_are_filtered_and_paged(world: World):
    owner = await world.person()
    sources = [await world.source(owner) for _ in range(3)]
    for source in sources:
        await create(world, owner, source)
        world.advance(1)
    client = world.client(owner)
    first = (await client.get("/api/v1/follows", params={"limit": "2", "state": "active"})).json()
    second = (await client.get("/api/v1/follows", params={"limit": "2", "cursor": first["next_cursor"]})).json()
    names = [item["source_name"] for page in (first, second) for item in page["items"]]
    assert names == [source.name for source in reversed(sources)]
    one = (await client.get("/api/v1/follows", params={"source_id": str(sources[0].id)})).json()["items"]
    assert [item["source_id"] for item in one] == [str(sources[0].id)]
    none = (await client.get("/api/v1/follows", params={"account_id": str(uuid4())})).json()["items"]
    assert none == []


ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/follows/{id}", None),
    ("PUT", "/follows/{id}", SETTINGS),
    ("POST", "/follows/{id}/pause", None),
    ("POST", "/follows/{id}/resume", None),
    ("POST", "/follows/{id}/close", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_callers(world: World, method: str, path: str, body: Any):
    owner, other = await world.person(), await world.person()
    source = await world.source(owner)
    follow = (await create(world, owner, source)).json()
    path = path.format(id=follow["id"])
    assert (await call(world, None, method, path, body)).status == 401
    lesser = Scope.SIGNALS_WRITE if method == "GET" else Scope.READ
    limited = Person(owner.user_id, owner.account_id, await world.key(owner.user_id, [lesser]))
    assert (await call(world, limited, method, path, body)).status == 403
    stranger = await call(world, other, method, path, body)
    missing = await call(world, other, method, path.replace(follow["id"], str(uuid4())), body)
    assert (stranger.status, stranger.json()) == (404, missing.json())
    assert (await call(world, owner, method, path, body)).status == 200


async def test_callers_of_the_list_and_of_creation(world: World):
    owner, other = await world.person(), await world.person()
    source = await world.source(owner)
    await create(world, owner, source)
    assert (await call(world, None, "GET", "/follows")).status == 401
    assert (await call(world, None, "POST", "/follows", SETTINGS)).status == 401
    assert (await call(world, other, "GET", "/follows")).json()["items"] == []
    reader = Person(owner.user_id, owner.account_id, await world.key(owner.user_id, [Scope.READ]))
    assert (await create(world, reader, source)).status == 403


async def test_a_change_needs_a_key_and_is_done_once(world: World):
    owner = await world.person()
    source = await world.source(owner)
    body = {**SETTINGS, "source_id": str(source.id), "account_id": str(owner.account_id)}
    client = world.client(owner)
    assert (await client.post("/api/v1/follows", json=body)).status == 400
    headers = {"idempotency-key": "once"}
    first = await client.post("/api/v1/follows", json=body, headers=headers)
    again = await client.post("/api/v1/follows", json=body, headers=headers)
    assert (first.status, again.status, again.json()) == (201, 201, first.json())
