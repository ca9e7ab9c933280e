"""What has run out is deleted, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.integration.identity.site import PASSWORD, Site, sign_in
from tradsy.identity.callers import CallerFinder
from tradsy.identity.tasks import purge_expired
from tradsy.platform.jobs import JobContext

COUNTS = (
    "select (select count(*) from sessions where user_id = :u) || '/' || (select count(*) from refresh_tokens "
    "where user_id = :u) || '/' || (select count(*) from access_tokens where user_id = :u) || '/' || "
    "(select count(*) from one_time_tokens where user_id = :u)"
)


async def test_purge_deletes_what_ended_long_ago_with_its_tokens(site: Site):
    user_id, _ = await site.signed_in()
    email = await site.email_of(user_id)
    await site.program().post("/api/v1/auth/token", json={"email": email, "password": PASSWORD})
    await site.program().post("/api/v1/auth/reset-request", json={"email": email})
    await site.program().post(
        "/api/v1/auth/sign-up", json={"email": "gone@purge.example", "password": PASSWORD, "display_name": ""}
    )
    await sign_in(site.browser(), "x@purge.example", "wrong wrong wrong")
    context = JobContext(uuid4(), 1, site.database, site.clock)
    await purge_expired.run(context)
    assert await site.scalar(COUNTS, u=user_id) == "2/1/1/1"
    site.clock.advance(timedelta(days=38))
    await purge_expired.run(context)
    assert await site.scalar(COUNTS, u=user_id) == "0/0/0/0"
    for table in ("signups", "mails", "login_throttles"):
        assert await site.scalar(f"select count(*) from {table}") == 0
    assert await site.scalar("select count(*) from users where id = :u", u=user_id) == 1


async def test_finder_forgets_the_oldest_when_it_holds_too_many(site: Site, monkeypatch: Any):
    monkeypatch.setattr("tradsy.identity.callers._CACHE_SIZE", 1)
    finder = CallerFinder(site.database, site.clock, session_idle=timedelta(hours=12))
    keys = [await site.key_of(await site.make_user()) for _ in range(2)]
    for key in (*keys, *keys):
        caller = await finder.find_bearer_caller(key)
        assert caller is not None
        assert caller.actor == f"api_key:{caller.api_key_id}"
