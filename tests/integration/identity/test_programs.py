"""Tokens of programs: rotation, reuse, races."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.integration.identity.site import PASSWORD, Site, code_of, idem
from tradsy.identity import tokens
from tradsy.testing.asgi import AsgiAnswer


async def get_token(site: Site, email: str) -> dict[str, str]:
    answer = await site.program().post("/api/v1/auth/token", json={"email": email, "password": PASSWORD})
    assert answer.status == 200, answer.text
    return answer.json()


async def refresh(site: Site, token: str, address: str = "203.0.113.5", agent: str = "bot/1") -> AsgiAnswer:
    program = site.program(address=address)
    return await program.post("/api/v1/auth/refresh", json={"refresh_token": token}, headers={"user-agent": agent})


async def me(site: Site, token: str) -> int:
    return (await site.program(token).get("/api/v1/me")).status


async def test_pair_works_and_rotates(site: Site):
    user_id = await site.make_user("pair@example.com")
    first = await get_token(site, "pair@example.com")
    assert first["token_type"] == "Bearer"
    assert first["expires_in"] == 600
    assert (await site.program(first["access_token"]).get("/api/v1/me")).json()["id"] == str(user_id)
    assert await me(site, first["refresh_token"]) == 401
    second = (await refresh(site, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert await me(site, second["access_token"]) == 200
    site.clock.advance(timedelta(minutes=10))
    assert await me(site, second["access_token"]) == 401
    third = (await refresh(site, second["refresh_token"])).json()
    assert await me(site, third["access_token"]) == 200
    stored = await site.scalar("select count(*) from access_tokens where user_id = :u", u=user_id)
    assert stored == 1  # expired ones were cleared away


async def test_spent_token_that_comes_back_later_ends_the_family(site: Site):
    user_id = await site.make_user("thief@example.com")
    first = await get_token(site, "thief@example.com")
    second = (await refresh(site, first["refresh_token"])).json()
    assert await me(site, second["access_token"]) == 200
    site.clock.advance(timedelta(seconds=11))
    reused = await refresh(site, first["refresh_token"])
    assert (reused.status, code_of(reused)) == (401, "invalid_credentials")
    assert await me(site, second["access_token"]) == 401
    assert (await refresh(site, second["refresh_token"])).status == 401
    assert "auth.refresh_reused" in await site.audit_actions(user_id)
    assert site.outbox.named("sessions.revoked")[-1].user_id == user_id


async def test_double_submit_of_the_same_program_is_forgiven_once(site: Site):
    await site.make_user("double@example.com")
    first = await get_token(site, "double@example.com")
    one = await refresh(site, first["refresh_token"])
    two = await refresh(site, first["refresh_token"])
    assert (one.status, two.status) == (200, 200)
    assert await me(site, one.json()["access_token"]) == 200
    assert await me(site, two.json()["access_token"]) == 200
    assert (await refresh(site, first["refresh_token"])).status == 401
    assert await me(site, two.json()["access_token"]) == 401


async def test_double_submit_from_elsewhere_is_theft_at_once(site: Site):
    await site.make_user("elsewhere@example.com")
    for address, agent in (("192.0.2.9", "bot/1"), ("203.0.113.5", "curl/8")):
        first = await get_token(site, "elsewhere@example.com")
        one = (await refresh(site, first["refresh_token"])).json()
        assert (await refresh(site, first["refresh_token"], address, agent)).status == 401
        site.clock.advance(timedelta(seconds=1))
        assert await me(site, one["access_token"]) == 401


async def test_race_of_two_refreshes_leaves_a_working_family(site: Site):
    await site.make_user("race@example.com")
    first = await get_token(site, "race@example.com")
    answers = await asyncio.gather(*(refresh(site, first["refresh_token"]) for _ in range(2)))
    assert [answer.status for answer in answers] == [200, 200]
    for answer in answers:
        assert (await refresh(site, answer.json()["refresh_token"])).status == 200


async def test_race_of_many_refreshes_never_forks_more_than_twice(site: Site):
    await site.make_user("many@example.com")
    first = await get_token(site, "many@example.com")
    answers = await asyncio.gather(*(refresh(site, first["refresh_token"]) for _ in range(6)))
    assert sum(answer.status == 200 for answer in answers) <= 2
    assert sum(answer.status == 401 for answer in answers) >= 4


async def test_unknown_and_ended_refresh_tokens_are_refused(site: Site):
    await site.make_user("ended@example.com")
    assert (await refresh(site, tokens.new_token(tokens.REFRESH))).status == 401
    assert (await refresh(site, "rubbish")).status == 401
    pair = await get_token(site, "ended@example.com")
    assert (await site.program(pair["access_token"]).post("/api/v1/auth/sign-out")).status == 204
    assert await me(site, pair["access_token"]) == 401
    assert (await refresh(site, pair["refresh_token"])).status == 401


async def test_family_ends_after_seven_days_whatever_it_does(site: Site):
    await site.make_user("week@example.com")
    pair = await get_token(site, "week@example.com")
    for _ in range(6):
        site.clock.advance(timedelta(days=1))
        pair = (await refresh(site, pair["refresh_token"])).json()
    site.clock.advance(timedelta(days=1))
    assert (await refresh(site, pair["refresh_token"])).status == 401


async def test_program_steps_up_with_its_session(site: Site):
    await site.make_user("stepper@example.com")
    pair = await get_token(site, "stepper@example.com")
    program = site.program(pair["access_token"])
    body = {"name": "k", "scopes": ["read"]}
    assert (await program.post("/api/v1/me/api-keys", json=body, headers=idem())).status == 201
    site.clock.advance(timedelta(minutes=5))
    refused = await program.post("/api/v1/me/api-keys", json=body, headers=idem())
    assert code_of(refused) == "step_up_required"
    stepped = await program.post("/api/v1/auth/step-up", json={"password": PASSWORD})
    assert stepped.status == 200
    assert "set-cookie" not in stepped.headers
    assert (await program.post("/api/v1/me/api-keys", json=body, headers=idem())).status == 201


async def test_token_route_needs_json_but_no_page(site: Site):
    await site.make_user("json@example.com")
    body = b'{"email": "json@example.com", "password": "x"}'
    answer = await site.program().post("/api/v1/auth/token", content=body, headers={"content-type": "text/plain"})
    assert answer.status == 415
