"""Signing in: right, wrong, too often, with a second factor, and what nobody may learn from it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from http.cookies import SimpleCookie

from argon2 import PasswordHasher

from tests.integration.identity.site import PASSWORD, SITE, Site, code_of, idem, sign_in
from tradsy.identity import tokens, totp
from tradsy.platform.db import sql
from tradsy.testing.asgi import AsgiAnswer, AsgiClient
from tradsy.testing.statements import counted_statements


async def enable_totp(browser: AsgiClient, site: Site) -> tuple[str, list[str]]:
    answer = await browser.post("/api/v1/auth/totp")
    assert answer.status == 200, answer.text
    secret = answer.json()["secret"]
    code = totp.code_of(secret, totp.step_of(site.clock.now()))
    confirmed = await browser.post("/api/v1/auth/totp/confirm", json={"code": code})
    assert confirmed.status == 200, confirmed.text
    return secret, confirmed.json()["recovery_codes"]


def next_code(site: Site, secret: str) -> str:
    """Move to the next step and return its code."""
    site.clock.advance(totp.STEP)
    return totp.code_of(secret, totp.step_of(site.clock.now()))


async def test_right_password_sets_a_host_cookie_that_scripts_cannot_read(site: Site):
    user_id = await site.make_user("cookie@example.com")
    browser = site.browser()
    answer = await sign_in(browser, " Cookie@Example.COM ")
    assert answer.status == 200
    assert answer.json()["id"] == str(user_id)
    cookies = SimpleCookie()
    for name, value in answer.raw_headers:
        if name == b"set-cookie":
            cookies.load(value.decode())
    for name in ("__Host-tradsy", "__Host-tradsy-device"):
        cookie = cookies[name]
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]
    assert len(cookies["__Host-tradsy"].value) >= 43
    me = await browser.get("/api/v1/me")
    assert me.json()["email"] == "cookie@example.com"
    assert answer.headers["cache-control"] == "no-store"


async def test_only_a_hash_of_the_token_is_stored(site: Site):
    _, browser = await site.signed_in()
    token = browser.cookies["__Host-tradsy"]
    stored = await site.scalar("select count(*) from sessions where token_hash = :hash", hash=tokens.hash_secret(token))
    assert stored == 1
    dumped = await site.scalar("select string_agg(s::text, ' ') from sessions s")
    assert token not in dumped


async def test_wrong_password_and_unknown_address_look_and_cost_the_same(site: Site):
    await site.make_user("known@example.com")
    disabled = await site.make_user("gone@example.com")
    async with site.database.as_engine() as session:
        await session.execute(sql("update users set state = 'disabled' where id = :id"), {"id": disabled})
    answers: list[AsgiAnswer] = []
    costs: list[int] = []
    for email in ("known@example.com", "nobody@example.com", "gone@example.com", "not an address"):
        before = site.identity.passwords.verifications
        answers.append(await sign_in(site.browser(), email, "wrong wrong wrong"))
        costs.append(site.identity.passwords.verifications - before)
    assert costs == [1, 1, 1, 1]
    assert {answer.status for answer in answers} == {401}
    assert len({answer.body for answer in answers}) == 1
    assert not any(b"set-cookie" in dict(answer.raw_headers) for answer in answers)
    assert len({tuple(sorted(k for k, _ in answer.raw_headers)) for answer in answers}) == 1


async def test_each_failure_of_known_and_unknown_takes_the_same_statements(site: Site):
    await site.make_user("count-known@example.com")
    counts: list[int] = []
    for email in ("count-known@example.com", "count-unknown@example.com"):
        with counted_statements() as statements:
            await sign_in(site.browser(), email, "wrong wrong wrong")
        counts.append(len(statements))
    assert counts == [3, 3]


async def test_failures_wait_longer_and_longer_for_known_and_unknown_alike(site: Site):
    await site.make_user("slow@example.com")
    for email in ("slow@example.com", "slow-nobody@example.com"):
        for _ in range(5):
            assert (await sign_in(site.browser(), email, "wrong wrong wrong")).status == 401
        waits: list[int] = []
        for _ in range(12):
            blocked = await sign_in(site.browser(), email, "wrong wrong wrong")
            assert blocked.status == 429
            waits.append(int(blocked.headers["retry-after"]))
            site.clock.advance(timedelta(seconds=waits[-1]))
            assert (await sign_in(site.browser("192.0.2.1"), email, "wrong wrong wrong")).status == 401
        assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
        site.clock.advance(timedelta(hours=1))


async def test_waiting_attempt_is_refused_even_with_the_right_password_then_counts_restart(site: Site):
    await site.make_user("restart@example.com")
    for _ in range(5):
        await sign_in(site.browser(), "restart@example.com", "wrong wrong wrong")
    assert (await sign_in(site.browser(), "restart@example.com")).status == 429
    site.clock.advance(timedelta(seconds=1))
    assert (await sign_in(site.browser(), "restart@example.com")).status == 200
    for _ in range(4):
        assert (await sign_in(site.browser(), "restart@example.com", "wrong wrong wrong")).status == 401
    assert (await sign_in(site.browser(), "restart@example.com")).status == 200


async def test_strangers_cannot_lock_out_a_known_browser(site: Site):
    await site.make_user("mine@example.com")
    mine = site.browser()
    assert (await sign_in(mine, "mine@example.com")).status == 200
    for _ in range(5):
        await sign_in(site.browser("192.0.2.66"), "mine@example.com", "wrong wrong wrong")
    assert (await sign_in(site.browser("192.0.2.66"), "mine@example.com")).status == 429
    assert (await sign_in(mine, "mine@example.com")).status == 200
    forged = site.browser()
    known = mine.cookies["__Host-tradsy-device"]
    forged.cookies["__Host-tradsy-device"] = known[:-1] + ("1" if known.endswith("0") else "0")
    assert (await sign_in(forged, "mine@example.com")).status == 429
    borrowed = site.browser()
    borrowed.cookies["__Host-tradsy-device"] = mine.cookies["__Host-tradsy-device"]
    other = await site.make_user("other-mine@example.com")
    assert other
    for _ in range(5):
        await sign_in(borrowed, "other-mine@example.com", "wrong wrong wrong")
    assert (await sign_in(site.browser(), "other-mine@example.com")).status == 429


async def test_hundred_guesses_at_once_are_no_better_than_five(site: Site):
    await site.make_user("burst@example.com")
    answers = await asyncio.gather(
        *(sign_in(site.browser(), "burst@example.com", "wrong wrong wrong") for _ in range(30))
    )
    assert sum(answer.status == 401 for answer in answers) <= 5


async def test_network_that_fails_too_often_waits(site: Site):
    for i in range(100):
        assert (await sign_in(site.browser("100.64.9.200"), f"n{i}@example.com", "wrong wrong")).status == 401
    refused = await sign_in(site.browser("100.64.9.201"), "n@example.com", "wrong wrong")
    assert (refused.status, code_of(refused)) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 0
    assert (await sign_in(site.browser("100.64.10.1"), "n@example.com", "wrong wrong")).status == 401


async def test_weaker_hash_is_upgraded_at_sign_in(site: Site):
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    user_id = await site.make_user("old@example.com")
    async with site.database.as_engine() as session:
        await session.execute(
            sql("update password_credentials set hash = :hash where user_id = :id"),
            {"hash": old.hash(PASSWORD), "id": user_id},
        )
    assert (await sign_in(site.browser(), "old@example.com")).status == 200
    stored = await site.scalar("select hash from password_credentials where user_id = :id", id=user_id)
    assert "t=1," in stored
    assert (await sign_in(site.browser(), "old@example.com")).status == 200


async def test_user_without_password_cannot_sign_in(site: Site):
    user_id = await site.make_user("nopass@example.com")
    async with site.database.as_engine() as session:
        await session.execute(sql("delete from password_credentials where user_id = :id"), {"id": user_id})
    assert (await sign_in(site.browser(), "nopass@example.com", "")).status == 422
    assert (await sign_in(site.browser(), "nopass@example.com", "anything at all")).status == 401


async def test_planted_session_is_not_taken_over(site: Site):
    user_id, attacker = await site.signed_in()
    planted = attacker.cookies["__Host-tradsy"]
    victim = site.browser()
    victim.cookies["__Host-tradsy"] = planted
    await site.make_user("victim@example.com")
    assert (await sign_in(victim, "victim@example.com")).status == 200
    assert victim.cookies["__Host-tradsy"] != planted
    assert (await attacker.get("/api/v1/me")).json()["id"] == str(user_id)
    made_up = site.browser()
    made_up.cookies["__Host-tradsy"] = tokens.new_token(tokens.SESSION)
    chosen = made_up.cookies["__Host-tradsy"]
    assert (await sign_in(made_up, "victim@example.com")).status == 200
    assert made_up.cookies["__Host-tradsy"] != chosen


async def test_signing_in_again_ends_the_old_session_of_this_browser(site: Site):
    user_id, browser = await site.signed_in()
    old = browser.cookies["__Host-tradsy"]
    assert (await sign_in(browser, await site.email_of(user_id))).status == 200
    stale = site.browser()
    stale.cookies["__Host-tradsy"] = old
    assert (await stale.get("/api/v1/me")).status == 401


async def test_second_factor_is_asked_for_and_a_code_works_once(site: Site):
    user_id, browser = await site.signed_in()
    email = await site.email_of(user_id)
    secret, _ = await enable_totp(browser, site)
    assert (await browser.get("/api/v1/me")).json()["has_totp"] is True
    asked = await sign_in(site.browser(), email)
    assert (asked.status, code_of(asked)) == (401, "second_factor_required")
    wrong_password = await sign_in(site.browser(), email, "wrong wrong wrong", totp="000000")
    assert code_of(wrong_password) == "invalid_credentials"
    code = next_code(site, secret)
    assert (await sign_in(site.browser(), email, totp=code)).status == 200
    replayed = await sign_in(site.browser(), email, totp=code)
    assert (replayed.status, code_of(replayed)) == (401, "invalid_second_factor")
    assert "auth.sign_in_failed" in await site.audit_actions(user_id)


async def test_code_that_turned_the_factor_on_cannot_sign_in(site: Site):
    user_id, browser = await site.signed_in()
    secret, _ = await enable_totp(browser, site)
    code = totp.code_of(secret, totp.step_of(site.clock.now()))
    answer = await sign_in(site.browser(), await site.email_of(user_id), totp=code)
    assert code_of(answer) == "invalid_second_factor"


async def test_one_code_in_two_requests_at_once_opens_one_session(site: Site):
    user_id, browser = await site.signed_in()
    email = await site.email_of(user_id)
    secret, _ = await enable_totp(browser, site)
    code = next_code(site, secret)
    answers = await asyncio.gather(*(sign_in(site.browser(), email, totp=code) for _ in range(2)))
    assert sorted(answer.status for answer in answers) == [200, 401]


async def test_recovery_code_works_once(site: Site):
    user_id, browser = await site.signed_in()
    email = await site.email_of(user_id)
    _, codes = await enable_totp(browser, site)
    assert (await sign_in(site.browser(), email, recovery_code=codes[0].lower())).status == 200
    assert code_of(await sign_in(site.browser(), email, recovery_code=codes[0])) == "invalid_second_factor"
    renewed = await browser.post("/api/v1/auth/totp/recovery-codes")
    assert renewed.status == 200
    assert code_of(await sign_in(site.browser(), email, recovery_code=codes[1])) == "invalid_second_factor"
    assert (await sign_in(site.browser(), email, recovery_code=renewed.json()["recovery_codes"][0])).status == 200


async def test_second_factor_can_be_removed_and_set_up_again(site: Site):
    user_id, browser = await site.signed_in()
    assert (await browser.delete("/api/v1/auth/totp")).status == 404
    assert (await browser.post("/api/v1/auth/totp/recovery-codes")).status == 404
    assert (await browser.post("/api/v1/auth/totp/confirm", json={"code": "000000"})).status == 404
    first = (await browser.post("/api/v1/auth/totp")).json()["secret"]
    second = (await browser.post("/api/v1/auth/totp")).json()["secret"]
    assert first != second
    stale = totp.code_of(first, totp.step_of(site.clock.now()))
    assert code_of(await browser.post("/api/v1/auth/totp/confirm", json={"code": stale})) == "invalid_second_factor"
    assert (await sign_in(site.browser(), await site.email_of(user_id))).status == 200
    await enable_totp(browser, site)
    assert code_of(await browser.post("/api/v1/auth/totp")) == "second_factor_exists"
    assert (await browser.post("/api/v1/auth/totp/confirm", json={"code": "000000"})).status == 404
    assert (await browser.delete("/api/v1/auth/totp")).status == 204
    assert (await sign_in(site.browser(), await site.email_of(user_id))).status == 200
    actions = await site.audit_actions(user_id)
    assert {"totp.started", "totp.enabled", "totp.disabled"} <= set(actions)


async def test_cross_site_sign_in_is_refused(site: Site):
    await site.make_user("csrf@example.com")
    for headers in (
        {"origin": "https://evil.example"},
        {"x-requested-with": ""},
        {"sec-fetch-site": "cross-site"},
    ):
        browser = site.browser()
        body = {"email": "csrf@example.com", "password": PASSWORD}
        answer = await browser.post("/api/v1/auth/sign-in", json=body, headers=headers)
        assert (answer.status, code_of(answer)) == (403, "cross_site_request")
        assert not browser.cookies
    form = await site.browser().post(
        "/api/v1/auth/sign-in",
        content=b'{"email": "csrf@example.com"}',
        headers={"content-type": "text/plain"},
    )
    assert form.status == 415


async def test_bad_body_is_refused_without_an_echo(site: Site):
    canary = "canary-5f1d0c7a9be24"
    for body in (
        {"email": "x@example.com", "password": canary, "extra": canary},
        {"email": canary * 20, "password": canary},
        {"email": 5, "password": [canary]},
        {"password": canary},
    ):
        answer = await site.browser().post("/api/v1/auth/sign-in", json=body)
        assert answer.status == 422
        assert canary not in answer.text
    assert (await site.browser().get(f"{SITE}/api/v1/auth/sign-in")).status == 405


async def test_owner_is_told_of_new_devices_factors_and_keys(site: Site):
    user_id, browser = await site.signed_in()
    email = await site.email_of(user_id)
    assert "not used before" in (await site.last_mail(email)).body
    told = await site.scalar("select count(*) from mails where recipient = :email", email=email)
    assert (await sign_in(browser, email)).status == 200
    assert await site.scalar("select count(*) from mails where recipient = :email", email=email) == told
    await enable_totp(browser, site)
    assert "authenticator app was set up" in (await site.last_mail(email)).body
    await browser.post("/api/v1/auth/totp/recovery-codes")
    assert "recovery codes" in (await site.last_mail(email)).body
    await browser.delete("/api/v1/auth/totp")
    assert "removed" in (await site.last_mail(email)).body
    await browser.post("/api/v1/me/api-keys", json={"name": "k", "scopes": ["read"]}, headers=idem())
    assert "API key" in (await site.last_mail(email)).body
