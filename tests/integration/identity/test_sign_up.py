"""Accounts come into being by mail, passwords come back by mail, the first admin by the link at start."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from tests.integration.identity.site import PASSWORD, Site, code_of, sign_in
from tradsy.identity import mails, throttle, tokens
from tradsy.identity.setup import ensure_setup_link
from tradsy.platform.db import sql
from tradsy.testing.asgi import AsgiAnswer

NEW_PASSWORD = "umber lattice 4 quill"


def token_in(mail: mails.Mail) -> str:
    found = re.search(r"#token=(\S+)", mail.body)
    assert found is not None, mail.subject
    return found[1]


async def sign_up(site: Site, email: str, password: str = PASSWORD) -> AsgiAnswer:
    return await site.program().post(
        "/api/v1/auth/sign-up", json={"email": email, "password": password, "display_name": "Mia"}
    )


async def verify(site: Site, token: str, password: str = PASSWORD) -> AsgiAnswer:
    return await site.browser().post("/api/v1/auth/verify", json={"token": token, "password": password})


async def test_sign_up_creates_the_account_only_after_the_mail_and_password(site: Site):
    assert (await sign_up(site, "Fresh@Example.com")).status == 202
    mail = await site.last_mail("fresh@example.com")
    assert repr(mail).count(token_in(mail)) == 0
    assert (await sign_in(site.browser(), "fresh@example.com")).status == 401
    browser = site.browser()
    answer = await browser.post("/api/v1/auth/verify", json={"token": token_in(mail), "password": PASSWORD})
    assert answer.status == 200, answer.text
    assert answer.json()["display_name"] == "Mia"
    assert (await browser.get("/api/v1/me")).json()["may_trade"] is False
    assert (await sign_in(site.browser(), "fresh@example.com")).status == 200
    assert (await verify(site, token_in(mail))).status == 400
    assert await site.audit_actions(answer.json()["id"]) == ["user.created", "auth.signed_in", "auth.signed_in"]
    assert site.outbox.named("mail.requested")
    assert site.outbox.named("users.created")


async def test_known_and_unknown_address_get_one_answer_and_one_mail_each(site: Site):
    await site.make_user("taken@example.com")
    answers: list[AsgiAnswer] = []
    for email in ("taken@example.com", "free@example.com"):
        before = site.identity.passwords.verifications, await site.scalar("select count(*) from signups")
        answers.append(await sign_up(site, email))
        assert site.identity.passwords.verifications == before[0]
        assert await site.scalar("select count(*) from signups") == before[1] + 1
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body for answer in answers}) == 1
    assert "already" in (await site.last_mail("taken@example.com")).subject
    assert "#token=" in (await site.last_mail("free@example.com")).body


async def test_foreign_sign_up_cannot_be_finished_by_the_owner_of_the_address(site: Site):
    await sign_up(site, "owner@example.com", "attacker picked this")
    stranger_token = token_in(await site.last_mail("owner@example.com"))
    refused = await verify(site, stranger_token, PASSWORD)
    assert (refused.status, code_of(refused)) == (401, "invalid_credentials")
    await sign_up(site, "owner@example.com")
    own_token = token_in(await site.last_mail("owner@example.com"))
    assert (await verify(site, own_token)).status == 200
    # The stranger's link is dead now, even with the stranger's password.
    late = await verify(site, stranger_token, "attacker picked this")
    assert (late.status, code_of(late)) == (400, "link_invalid")


async def test_confirmation_expires_and_guessing_is_slowed(site: Site):
    await sign_up(site, "late@example.com")
    token = token_in(await site.last_mail("late@example.com"))
    for _ in range(5):
        assert (await verify(site, token, "wrong wrong wrong")).status == 401
    assert (await verify(site, token)).status == 429
    site.clock.advance(timedelta(hours=24))
    before = site.identity.passwords.verifications
    assert (await verify(site, token)).status == 400
    assert site.identity.passwords.verifications == before + 1


async def test_two_confirmations_at_once_make_one_account(site: Site):
    await sign_up(site, "twice@example.com")
    token = token_in(await site.last_mail("twice@example.com"))
    answers = await asyncio.gather(verify(site, token), verify(site, token))
    assert sorted(answer.status for answer in answers) == [200, 400]


@pytest.mark.parametrize("email", ["nobody", "a@", "@b.example", "a b@example.com", "x@exa mple.com"])
async def test_bad_address_is_refused_without_echo(site: Site, email: str):
    answer = await sign_up(site, email)
    assert (answer.status, code_of(answer)) == (422, "invalid")
    assert email not in answer.text


async def test_weak_password_is_refused_with_a_reason(site: Site):
    answer = await sign_up(site, "weak@example.com", "password123")
    assert (answer.status, code_of(answer)) == (422, "weak_password")
    assert "common" in answer.json()["detail"]


async def test_mailbox_is_not_flooded(site: Site):
    for _ in range(8):
        assert (await sign_up(site, "flood@example.com")).status == 202
    for _ in range(3):
        answer = await site.program().post("/api/v1/auth/reset-request", json={"email": "flood@example.com"})
        assert answer.status == 202
    assert await site.scalar("select count(*) from mails where recipient = 'flood@example.com'") == 5


async def ask_reset(site: Site, email: str) -> AsgiAnswer:
    return await site.program().post("/api/v1/auth/reset-request", json={"email": email})


async def reset(site: Site, token: str, password: str = NEW_PASSWORD) -> AsgiAnswer:
    return await site.program().post("/api/v1/auth/reset", json={"token": token, "password": password})


async def test_reset_changes_the_password_ends_sessions_and_signs_nobody_in(site: Site):
    user_id, browser = await site.signed_in()
    email = await site.email_of(user_id)
    assert (await ask_reset(site, email.upper())).status == 202
    token = token_in(await site.last_mail(email))
    weak = await reset(site, token, "password123")
    assert code_of(weak) == "weak_password"
    answer = await reset(site, token)
    assert (answer.status, answer.body) == (204, b"")
    assert "set-cookie" not in answer.headers
    assert "changed" in (await site.last_mail(email)).subject
    assert (await browser.get("/api/v1/me")).status == 401
    assert (await sign_in(site.browser(), email)).status == 401
    assert (await sign_in(site.browser(), email, NEW_PASSWORD)).status == 200
    assert code_of(await reset(site, token)) == "link_invalid"
    assert "auth.password_reset" in await site.audit_actions(user_id)


async def test_reset_spends_every_link_under_way_and_lifts_the_wait(site: Site):
    user_id = await site.make_user()
    email = await site.email_of(user_id)
    await ask_reset(site, email)
    first = token_in(await site.last_mail(email))
    await ask_reset(site, email)
    second = token_in(await site.last_mail(email))
    for _ in range(5):
        await sign_in(site.browser(), email, "wrong wrong wrong")
    assert (await sign_in(site.browser(), email)).status == 429
    answers = await asyncio.gather(reset(site, second), reset(site, second))
    assert sorted(answer.status for answer in answers) == [204, 400]
    assert code_of(await reset(site, first)) == "link_invalid"
    assert (await sign_in(site.browser(), email, NEW_PASSWORD)).status == 200


async def test_reset_link_expires(site: Site):
    user_id = await site.make_user()
    email = await site.email_of(user_id)
    await ask_reset(site, email)
    token = token_in(await site.last_mail(email))
    site.clock.advance(timedelta(minutes=30))
    assert code_of(await reset(site, token)) == "link_invalid"


async def test_reset_request_does_not_tell_who_is_known(site: Site):
    await site.make_user("reset-known@example.com")
    known, unknown = await ask_reset(site, "reset-known@example.com"), await ask_reset(site, "reset-nobody@example.com")
    assert (known.status, known.body) == (unknown.status, unknown.body)
    assert "no Tradsy account" in (await site.last_mail("reset-nobody@example.com")).subject


async def test_reset_does_not_pass_the_second_factor(site: Site):
    from tests.integration.identity.test_sign_in import enable_totp

    user_id, browser = await site.signed_in()
    email = await site.email_of(user_id)
    await enable_totp(browser, site)
    await ask_reset(site, email)
    await reset(site, token_in(await site.last_mail(email)))
    assert code_of(await sign_in(site.browser(), email, NEW_PASSWORD)) == "second_factor_required"


async def test_password_change_needs_a_step_up_and_ends_other_sessions(site: Site):
    user_id, browser = await site.signed_in()
    email = await site.email_of(user_id)
    other = site.browser()
    await sign_in(other, email)
    site.clock.advance(timedelta(minutes=5))
    refused = await browser.put("/api/v1/auth/password", json={"password": NEW_PASSWORD})
    assert code_of(refused) == "step_up_required"
    assert (await browser.post("/api/v1/auth/step-up", json={"password": PASSWORD})).status == 200
    assert (await browser.put("/api/v1/auth/password", json={"password": NEW_PASSWORD})).status == 204
    assert (await browser.get("/api/v1/me")).status == 200
    assert (await other.get("/api/v1/me")).status == 401
    assert (await sign_in(site.browser(), email, NEW_PASSWORD)).status == 200


async def test_mails_are_sealed_marked_and_purged(site: Site):
    await sign_up(site, "sealed@example.com")
    mail = await site.last_mail("sealed@example.com")
    raw = await site.scalar("select string_agg(m::text, ' ') from mails m")
    assert token_in(mail) not in raw
    assert token_in(mail).encode().hex() not in raw
    async with site.database.as_engine() as session:
        await mails.mark_sent(session, mail.id, at=site.clock.now())
        assert mail.id not in {each.id for each in await mails.list_mails(session, site.identity.vault, limit=500)}
        assert await mails.purge_mails(session, at=site.clock.now()) == 0
        assert await mails.purge_mails(session, at=site.clock.now() + timedelta(days=8)) > 0


async def test_old_throttles_are_purged(site: Site):
    await sign_in(site.browser(), "purge@example.com", "wrong wrong wrong")
    async with site.database.as_engine() as session:
        assert await throttle.purge(session, at=site.clock.now() + timedelta(days=2)) > 0
        assert await throttle.purge(session, at=site.clock.now() + timedelta(days=2)) == 0


# One story, in order: before there is an admin, and after.


async def make_link(site: Site) -> str | None:
    async with site.database.as_engine() as session:
        return await ensure_setup_link(session, site_url="", at=site.clock.now())


async def post_setup(site: Site, path: str, email: str, password: str = PASSWORD, **headers: str) -> AsgiAnswer:
    body = {"email": email, "password": password, "display_name": "Root"}
    return await site.browser().post(path, json=body, headers=headers)


async def test_first_admin_is_made_by_the_last_printed_link_once(site: Site):
    old, link = await make_link(site), await make_link(site)
    assert old is not None
    assert link is not None
    assert not await site.scalar("select count(*) from setup_links where token_hash = :h", h=link.encode())
    assert code_of(await site.browser().get(old)) == "link_invalid"
    page = await site.browser().get(link)
    assert page.status == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert link.rpartition("/")[2] not in page.text
    assert (await site.browser().get("/setup/assets/setup.js")).headers["content-type"].startswith("text/javascript")
    assert (await site.browser().get("/setup/assets/setup.css")).headers["content-type"].startswith("text/css")
    assert code_of(await post_setup(site, link, "root@example.com", "password123")) == "weak_password"
    assert code_of(await post_setup(site, link, "root@example.com", origin="https://evil.example")) == (
        "cross_site_request"
    )
    await site.make_user("root-taken@example.com")
    assert code_of(await post_setup(site, link, "root-taken@example.com")) == "email_taken"
    answers = await asyncio.gather(*(post_setup(site, link, f"root{i}@example.com") for i in range(3)))
    assert sorted(answer.status for answer in answers) == [201, 400, 400]
    made = next(answer for answer in answers if answer.status == 201)
    assert made.json()["role"] == "admin"
    assert (await sign_in(site.browser(), made.json()["email"])).status == 200
    assert code_of(await site.browser().get(link)) == "link_invalid"
    assert await make_link(site) is None


async def test_setup_link_expires_and_unknown_ones_do_not_work(site: Site):
    assert code_of(await post_setup(site, f"/setup/{tokens.new_token(tokens.SETUP)}", "r@example.com")) == (
        "link_invalid"
    )
    async with site.database.as_engine() as session:
        await session.execute(sql("update users set role = 'user' where role = 'admin'"))
    link = await make_link(site)
    assert link is not None
    site.clock.advance(timedelta(hours=24))
    assert code_of(await site.browser().get(link)) == "link_invalid"
