"""What admins may do to users, and what even they may not."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from tests.integration.identity.site import PASSWORD, Site, code_of, idem, sign_in
from tradsy.audit.service import SYSTEM_CHAIN
from tradsy.domain.errors import Forbidden
from tradsy.identity import admin, service
from tradsy.identity.model import Role, Scope, UserState
from tradsy.platform.db import DatabaseError, sql
from tradsy.testing.asgi import AsgiAnswer, AsgiClient

USERS = "/api/v1/admin/users"


async def post(client: AsgiClient, path: str) -> AsgiAnswer:
    return await client.post(f"{USERS}/{path}", headers=idem())


async def set_role(client: AsgiClient, user_id: object, role: str) -> AsgiAnswer:
    return await client.put(f"{USERS}/{user_id}/role", json={"role": role}, headers=idem())


async def test_list_pages_through_all_users_and_is_recorded(site: Site):
    _, browser = await site.signed_in(Role.ADMIN)
    made = {str(await site.make_user(f"page{i}@paging.example")) for i in range(5)}
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await browser.get(USERS, params={"limit": "2", "query": "PAGING.example", **cursor})).json()
        found += [user["id"] for user in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == sorted(made)
    assert (await browser.get(USERS, params={"query": "%"})).json()["items"] == []
    assert code_of(await browser.get(USERS, params={"cursor": "rubbish"})) == "invalid_cursor"
    assert (await site.audit_actions(SYSTEM_CHAIN)).count("admin.users_listed") >= 3


async def test_answer_shows_no_secret(site: Site):
    _, browser = await site.signed_in(Role.ADMIN)
    user_id = await site.make_user()
    answer = await browser.get(f"{USERS}/{user_id}")
    assert set(answer.json()) == {"id", "email", "display_name", "role", "state", "is_demo", "created_at"}
    assert (await browser.get(f"{USERS}/{uuid4()}")).status == 404
    assert "admin.user_viewed" in await site.audit_actions(SYSTEM_CHAIN)


async def test_disabled_user_is_dead_everywhere_and_comes_back_without_old_sessions(site: Site):
    admin_id, browser = await site.signed_in(Role.ADMIN)
    user_id, victim = await site.signed_in()
    email = await site.email_of(user_id)
    key = site.program(await site.key_of(user_id))
    pair = (await site.program().post("/api/v1/auth/token", json={"email": email, "password": PASSWORD})).json()
    clients = [victim, key, site.program(pair["access_token"])]
    for client in clients:
        assert (await client.get("/api/v1/me")).status == 200
    answer = await post(browser, f"{user_id}/disable")
    assert (answer.status, answer.json()["state"]) == (200, "disabled")
    for client in clients:
        assert (await client.get("/api/v1/me")).status == 401
    assert (await sign_in(site.browser(), email)).status == 401
    refresh = {"refresh_token": pair["refresh_token"]}
    assert (await site.program().post("/api/v1/auth/refresh", json=refresh)).status == 401
    assert (await post(browser, f"{user_id}/enable")).json()["state"] == "active"
    site.clock.advance(site.app.state.settings.session_idle / 1000)
    assert (await victim.get("/api/v1/me")).status == 401
    assert (await key.get("/api/v1/me")).status == 200
    assert (await sign_in(site.browser(), email)).status == 200
    assert (await site.audit_actions(user_id)).count("user.changed") == 2
    assert "admin.user_changed" in await site.audit_actions(SYSTEM_CHAIN)
    assert site.outbox.named("users.changed")[-1].user_id == user_id
    assert admin_id


async def test_new_role_ends_sessions_and_counts_at_once(site: Site):
    _, browser = await site.signed_in(Role.ADMIN)
    user_id, other = await site.signed_in()
    assert (await set_role(browser, user_id, "operator")).json()["role"] == "operator"
    assert (await other.get("/api/v1/me")).status == 401
    again = site.browser()
    await sign_in(again, await site.email_of(user_id))
    assert "operate" in (await again.get("/api/v1/me")).json()["scopes"]
    assert (await set_role(browser, user_id, "emperor")).status == 422
    assert (await set_role(browser, uuid4(), "user")).status == 404


async def test_last_admin_stays_even_when_two_leave_at_once(site: Site):
    async with site.database.as_engine() as session:
        await session.execute(sql("update users set role = 'user' where role = 'admin'"))
    (first_id, first), (second_id, second) = [await site.signed_in(Role.ADMIN) for _ in range(2)]
    answers = await asyncio.gather(set_role(first, second_id, "user"), set_role(second, first_id, "user"))
    assert min(answer.status for answer in answers) == 200
    assert await site.scalar("select count(*) from users where role = 'admin' and state = 'active'") == 1
    last_id = await site.scalar("select id from users where role = 'admin' and state = 'active'")
    browser = first if last_id == first_id else second
    for answer in (await post(browser, f"{last_id}/disable"), await set_role(browser, last_id, "user")):
        assert (answer.status, code_of(answer)) == (409, "last_admin")
    assert (await browser.get(USERS)).status == 200


async def test_former_admin_is_refused_by_the_database_itself(site: Site):
    former, user_id = await site.make_user(role=Role.ADMIN), await site.make_user()
    async with site.database.as_engine() as session:
        await session.execute(sql("update users set role = 'user' where id = :id"), {"id": former})
    async with site.database.as_user(former) as session:
        users = await admin.list_users(session, former, after=None, limit=10, query="", at=site.clock.now())
        assert users == []
    async with site.database.as_user(user_id) as session:
        user = await service.get_user(session, user_id)
    async with site.database.as_user(former) as session:
        with pytest.raises(Forbidden):
            await admin.apply_change(session, former, user, None, UserState.DISABLED, site.clock.now())
    assert await site.scalar("select state from users where id = :id", id=user_id) == "active"


async def test_admin_functions_take_nobody_elses_word(site: Site):
    real_admin, user_id = await site.make_user(role=Role.ADMIN), await site.make_user()
    async with site.database.as_user(user_id) as session:
        user = await service.get_user(session, user_id)
        with pytest.raises(Forbidden):
            await admin.apply_change(session, real_admin, user, Role.ADMIN, None, site.clock.now())
        users = await admin.list_users(session, real_admin, after=None, limit=10, query="", at=site.clock.now())
        assert users == []
    with pytest.raises(DatabaseError):
        async with site.database.as_user(user_id) as session:
            await session.execute(sql("update users set role = 'admin' where id = :id"), {"id": user_id})
    with pytest.raises(DatabaseError):
        async with site.database.as_user(user_id) as session:
            await session.execute(sql("update users set state = 'active' where id = :id"), {"id": user_id})


async def test_admin_key_cannot_administer(site: Site):
    admin_id = await site.make_user(role=Role.ADMIN)
    key = await site.key_of(admin_id, Scope.ADMIN, role=Role.ADMIN)
    answer = await site.program(key).get(USERS)
    assert (answer.status, code_of(answer)) == (403, "interactive_only")
