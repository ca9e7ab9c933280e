"""Sources: made, shown, rotated, paused, closed; each tenant's own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.signals.world import ORDER, Person, World
from tradsy.identity.model import Scope
from tradsy.signals.model import Visibility
from tradsy.testing.asgi import AsgiAnswer


async def change(world: World, person: Person | None, method: str, path: str, body: Any = None) -> AsgiAnswer:
    headers = {"idempotency-key": uuid4().hex}
    return await world.client(person).request(method, f"/api/v1{path}", json=body, headers=headers)


async def create(world: World, person: Person, **fields: Any) -> AsgiAnswer:
    return await change(world, person, "POST", "/sources", {"name": uuid4().hex, "kind": "tradingview", **fields})


async def test_a_new_source_shows_its_secrets_once(world: World):
    owner = await world.person()
    made = await create(world, owner, with_body_secret=True, name="My alerts")
    assert made.status == 201, made.text
    body = made.json()
    token = body["hook_url"].rsplit("/", 1)[-1]
    assert body["hook_url"].startswith("http://localhost:8321/hooks/tradingview/tsh_")
    source = body["source"]
    assert (source["name"], source["state"], source["is_own"]) == ("My alerts", "active", True)
    assert source["hook_token_hint"] == token[-4:]
    shown = await world.client(owner).get(f"/api/v1/sources/{source['id']}")
    assert shown.json() == source
    assert token not in shown.text
    assert body["body_secret"] not in shown.text
    (row,) = await world.rows("select * from sources where id = :id", id=source["id"])
    assert token not in str(row)
    assert body["body_secret"] not in str(row)
    posted = await world.client().post(
        body["hook_url"].removeprefix("http://localhost:8321"), json={**ORDER, "secret": body["body_secret"]}
    )
    assert posted.status == 202


async def test_a_source_fed_by_hand_has_no_hook(world: World):
    made = (await create(world, await world.person(), kind="manual")).json()
    assert (made["hook_url"], made["body_secret"], made["source"]["has_body_secret"]) == (None, None, False)


async def test_names_are_unique_for_one_owner(world: World):
    first, second = await world.person(), await world.person()
    assert (await create(world, first, name="n")).status == 201
    assert (await create(world, first, name="n")).json()["code"] == "source_name_taken"
    assert (await create(world, second, name="n")).status == 201


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": " x"}, {"kind": "fax"}, {"extra": 1}, {"visibility": "all"}])
async def test_wrong_fields_are_refused(world: World, wrong: dict[str, Any]):
    assert (await create(world, await world.person(), **wrong)).status == 422


async def test_a_rotated_address_works_for_another_day(world: World):
    owner = await world.person()
    source = await world.source(owner)
    rotated = await change(world, owner, "POST", f"/sources/{source.id}/rotate", {})
    assert rotated.status == 200, rotated.text
    fresh = rotated.json()["hook_url"].removeprefix("http://localhost:8321")
    assert rotated.json()["source"]["old_hook_token_until"] is not None
    assert (await world.client().post(fresh, json={**ORDER, "id": "1"})).status == 202
    assert (await world.client().post(source.path, json={**ORDER, "id": "2"})).status == 202
    world.advance(86400)
    assert (await world.client().post(source.path, json={**ORDER, "id": "3"})).status == 404
    assert (await world.client().post(fresh, json={**ORDER, "id": "4"})).status == 202


async def test_a_revoked_address_dies_at_once(world: World):
    owner = await world.person()
    source = await world.source(owner)
    rotated = await change(world, owner, "POST", f"/sources/{source.id}/rotate", {"revoke_old": True})
    assert rotated.json()["source"]["old_hook_token_until"] is None
    assert (await world.post(source, ORDER)).status == 404


async def test_a_body_secret_can_be_asked_for_and_dropped(world: World):
    owner = await world.person()
    source = await world.source(owner)
    path = f"/sources/{source.id}/body-secret"
    secret = (await change(world, owner, "POST", path, {"wanted": True})).json()["body_secret"]
    assert (await world.post(source, ORDER)).status == 403
    assert (await world.post(source, {**ORDER, "secret": secret})).status == 202
    dropped = await change(world, owner, "POST", path, {"wanted": False})
    assert (dropped.json()["body_secret"], dropped.json()["source"]["has_body_secret"]) == (None, False)
    assert (await world.post(source, {**ORDER, "id": "x"})).status == 202


async def test_changes_are_audited_and_closing_is_for_ever(world: World):
    owner = await world.person()
    source = await world.source(owner)
    path = f"/sources/{source.id}"
    changed = await change(world, owner, "PATCH", path, {"name": "other", "description": "d", "visibility": "public"})
    assert changed.status == 200, changed.text
    assert (changed.json()["name"], changed.json()["visibility"]) == ("other", "public")
    assert (await change(world, owner, "PATCH", path, {"name": "other"})).status == 200
    assert (await change(world, owner, "PATCH", path, {"state": "paused"})).json()["state"] == "paused"
    assert (await change(world, owner, "PATCH", path, {"state": "closed"})).json()["state"] == "closed"
    assert (await world.post(source, ORDER)).status == 404
    for method, suffix, body in (("PATCH", "", {"state": "active"}), ("POST", "/rotate", {})):
        assert (await change(world, owner, method, path + suffix, body)).json()["code"] == "source_closed"
    audit = await world.rows("select action from audit_events where subject = :s order by seq", s=f"source:{source.id}")
    assert [row["action"] for row in audit] == ["source.created", *["source.changed"] * 3]


async def test_a_name_of_another_own_source_is_taken(world: World):
    owner = await world.person()
    first, second = await world.source(owner), await world.source(owner)
    answer = await change(world, owner, "PATCH", f"/sources/{first.id}", {"name": second.name})
    assert answer.json()["code"] == "source_name_taken"


async def test_lists_are_paged_and_own_or_public(world: World):
    owner, other = await world.person(), await world.person()
    own = [await world.source(owner) for _ in range(3)]
    public = await world.source(other, visibility=Visibility.PUBLIC)
    await world.source(other)
    client = world.client(owner)
    first = (await client.get("/api/v1/sources", params={"limit": "2"})).json()
    second = (await client.get("/api/v1/sources", params={"limit": "2", "cursor": first["next_cursor"]})).json()
    names = [item["name"] for page in (first, second) for item in page["items"]]
    assert names == [source.name for source in reversed(own)]
    assert second["next_cursor"] is None
    found = (await client.get("/api/v1/sources", params={"public": "true"})).json()["items"]
    (seen,) = [item for item in found if item["id"] == str(public.id)]
    assert (seen["is_own"], seen["hook_token_hint"], seen["has_body_secret"]) == (False, None, None)
    assert all(item["visibility"] == "public" for item in found)
    assert (await client.get("/api/v1/sources", params={"cursor": "zzz"})).status == 422


CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/sources", {"name": "x", "kind": "api"}),
    ("PATCH", "/sources/{id}", {"name": "x"}),
    ("POST", "/sources/{id}/rotate", {}),
    ("POST", "/sources/{id}/body-secret", {"wanted": True}),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_callers_of_changes(world: World, method: str, path: str, body: Any):
    owner, other = await world.person(), await world.person()
    source = await world.source(owner, visibility=Visibility.PUBLIC)
    path = path.format(id=source.id)
    assert (await change(world, None, method, path, body)).status == 401
    reader = Person(owner.user_id, owner.account_id, await world.key(owner.user_id, [Scope.READ]))
    assert (await change(world, reader, method, path, body)).status == 403
    if "{id}" not in path and path != "/sources":
        assert (await change(world, other, method, path, body)).status == 404
    assert (await change(world, owner, method, path, body)).status in {200, 201}


@pytest.mark.parametrize("path", ["/sources", "/sources/{id}", "/signals", "/signals/{signal}"])
async def test_callers_of_reads(world: World, path: str):
    owner, other = await world.person(), await world.person()
    source = await world.source(owner)
    signal = (await world.post(source, ORDER)).json()["signal_id"]
    path = "/api/v1" + path.format(id=source.id, signal=signal)
    assert (await world.client().get(path)).status == 401
    sender = Person(owner.user_id, owner.account_id, await world.key(owner.user_id, [Scope.SIGNALS_WRITE]))
    assert (await world.client(sender).get(path)).status == 403
    stranger = await world.client(other).get(path)
    if path.endswith(("/sources", "/signals")):
        assert str(source.id) not in stranger.text
    else:
        missing = await world.client(other).get(path.rsplit("/", 1)[0] + f"/{uuid4()}")
        assert (stranger.status, stranger.json()) == (404, missing.json())
    assert str(source.id) in (await world.client(owner).get(path)).text


async def test_a_signal_is_shown_with_text_spans_and_own_plans(world: World):
    owner, follower = await world.person(), await world.person()
    source = await world.source(owner, visibility=Visibility.PUBLIC)
    await world.follow(owner, source)
    await world.follow(follower, source)
    message = "BTO AAPL 190C 12/18 @ 3.20"
    signal_id = (await world.post(source, message)).json()["signal_id"]
    for person in (owner, follower):
        shown = (await world.client(person).get(f"/api/v1/signals/{signal_id}")).json()
        assert (shown["text"], shown["plans"], shown["is_own"]) == (message, 2, person is owner)
        assert shown["intent"]["symbol"] == "AAPL261218C00190000"
        assert [plan["account_id"] for plan in shown["own_plans"]] == [str(person.account_id)]
        places = {span["field"]: message[span["start"] : span["end"]] for span in shown["spans"]}
        assert places["symbol"] == "AAPL"
        assert places["action"] == "BTO"


async def test_signals_are_listed_by_source_and_state_in_pages(world: World):
    owner = await world.person()
    source, other = await world.source(owner), await world.source(owner)
    sent = [(await world.post(source, {**ORDER, "id": str(n)})).json()["signal_id"] for n in range(3)]
    await world.post(other, "good morning")
    client = world.client(owner)
    query = {"source_id": str(source.id), "limit": "2"}
    first = (await client.get("/api/v1/signals", params=query)).json()
    second = (await client.get("/api/v1/signals", params={**query, "cursor": first["next_cursor"]})).json()
    assert [item["id"] for page in (first, second) for item in page["items"]] == sent[::-1]
    ignored = (await client.get("/api/v1/signals", params={"state": "ignored"})).json()["items"]
    assert [item["source_name"] for item in ignored] == [other.name]
    assert "spans" not in ignored[0]


async def test_bytes_that_are_no_text_can_still_be_shown(world: World):
    owner = await world.person()
    source = await world.source(owner)
    signal_id = (await world.post(source, b"\xff\0x")).json()["signal_id"]
    shown = (await world.client(owner).get(f"/api/v1/signals/{signal_id}")).json()
    assert (shown["state"], shown["text"]) == ("unreadable", "\ufffd\ufffdx")
