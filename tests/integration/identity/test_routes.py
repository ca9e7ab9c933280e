"""Every signed-in route over every kind of caller; sessions, keys, step-up."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.integration.identity.site import PASSWORD, Site, code_of, idem, sign_in
from tradsy.domain.ids import UserId
from tradsy.identity import tokens
from tradsy.identity.api_keys import MAX_KEYS, create_api_key
from tradsy.identity.model import Role, Scope
from tradsy.platform.db import sql
from tradsy.testing.asgi import AsgiAnswer, AsgiClient

SOME_ID = "00000000-0000-7000-8000-0000000000aa"

# method, path, body, scope that an API key needs (None: no key may), role that a person needs
ROUTES: list[tuple[str, str, object, Scope | None, Role]] = [
    ("GET", "/api/v1/me", None, Scope.READ, Role.USER),
    ("PATCH", "/api/v1/me", {"display_name": "Mia"}, None, Role.USER),
    ("GET", "/api/v1/me/sessions", None, None, Role.USER),
    ("DELETE", "/api/v1/me/sessions", None, None, Role.USER),
    ("DELETE", f"/api/v1/me/sessions/{SOME_ID}", None, None, Role.USER),
    ("GET", "/api/v1/me/api-keys", None, None, Role.USER),
    ("POST", "/api/v1/me/api-keys", {"name": "k", "scopes": ["read"]}, None, Role.USER),
    ("DELETE", f"/api/v1/me/api-keys/{SOME_ID}", None, None, Role.USER),
    ("GET", "/api/v1/me/onboarding", None, Scope.READ, Role.USER),
    ("PUT", "/api/v1/me/onboarding", {"risk_tolerance": "bold", "experience": "some"}, None, Role.USER),
    ("POST", "/api/v1/me/onboarding/consents", {}, None, Role.USER),
    ("POST", "/api/v1/auth/step-up", {"password": PASSWORD}, None, Role.USER),
    ("PUT", "/api/v1/auth/password", {"password": PASSWORD}, None, Role.USER),
    ("POST", "/api/v1/auth/totp", None, None, Role.USER),
    ("POST", "/api/v1/auth/totp/confirm", {"code": "000000"}, None, Role.USER),
    ("DELETE", "/api/v1/auth/totp", None, None, Role.USER),
    ("POST", "/api/v1/auth/totp/recovery-codes", None, None, Role.USER),
    ("POST", "/api/v1/auth/sign-out", None, None, Role.USER),
    ("GET", "/api/v1/admin/users", None, None, Role.ADMIN),
    ("GET", f"/api/v1/admin/users/{SOME_ID}", None, None, Role.ADMIN),
    ("POST", f"/api/v1/admin/users/{SOME_ID}/disable", None, None, Role.ADMIN),
    ("POST", f"/api/v1/admin/users/{SOME_ID}/enable", None, None, Role.ADMIN),
    ("PUT", f"/api/v1/admin/users/{SOME_ID}/role", {"role": "user"}, None, Role.ADMIN),
]
UNSAFE = [route for route in ROUTES if route[0] != "GET"]
OPEN = {
    ("POST", "/api/v1/auth/sign-up"),
    ("POST", "/api/v1/auth/verify"),
    ("POST", "/api/v1/auth/sign-in"),
    ("POST", "/api/v1/auth/token"),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/reset-request"),
    ("POST", "/api/v1/auth/reset"),
    ("GET", "/api/v1/legal/{document}"),
    ("GET", "/setup/{token}"),
    ("POST", "/setup/{token}"),
}


async def call(client: AsgiClient, method: str, path: str, body: object, **headers: str) -> AsgiAnswer:
    return await client.request(method, path, json=body, headers={**idem(), **headers})


def test_matrix_misses_no_route(site: Site):
    listed = {(method, path.replace(SOME_ID, "*")) for method, path, *_ in ROUTES}
    served: set[tuple[str, str]] = set()
    for path, operations in site.app.openapi()["paths"].items():
        if path.startswith("/api/v1/probe"):
            continue
        for method in operations:
            if (method.upper(), path) not in OPEN:
                parts = ["*" if part.startswith("{") else part for part in path.split("/")]
                served.add((method.upper(), "/".join(parts)))
    assert served == listed


@pytest.mark.parametrize(("method", "path", "body", "scope", "role"), ROUTES)
async def test_nobody_and_dead_credentials_get_401(
    site: Site, method: str, path: str, body: object, scope: Scope | None, role: Role
):
    made_up = site.browser()
    made_up.cookies["__Host-tradsy"] = tokens.new_token(tokens.SESSION)
    clients = [
        site.browser(),
        made_up,
        site.program(tokens.new_token(tokens.API_KEY)),
        site.program(tokens.new_token(tokens.ACCESS)),
        site.program("x" * 500),
        site.program("tsk_ünicode"[:5]),
    ]
    for client in clients:
        answer = await call(client, method, path, body)
        assert (answer.status, code_of(answer)) == (401, "unauthenticated")
    basic = await call(site.program(), method, path, body, authorization="Basic bWlhOng=")
    assert basic.status == 401


@pytest.mark.parametrize(("method", "path", "body", "scope", "role"), ROUTES)
async def test_api_key_does_only_what_its_scope_says(
    site: Site, method: str, path: str, body: object, scope: Scope | None, role: Role
):
    user_id = await site.make_user(role=Role.ADMIN)
    for given in Scope:
        key = await site.key_of(user_id, given, role=Role.ADMIN)
        answer = await call(site.program(key), method, path, body)
        if scope is None:
            assert (answer.status, code_of(answer)) == (403, "interactive_only")
        elif given is scope:
            assert answer.status == 200
        else:
            assert (answer.status, code_of(answer)) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path", "body", "scope", "role"), ROUTES)
async def test_person_without_the_role_gets_403(
    site: Site, method: str, path: str, body: object, scope: Scope | None, role: Role
):
    for own in (Role.USER, Role.SUPPORT, Role.OPERATOR, Role.ADMIN):
        _, browser = await site.signed_in(own)
        answer = await call(browser, method, path, body)
        if role is Role.USER or own is role:
            assert answer.status not in {401, 403}, answer.text
        else:
            assert (answer.status, code_of(answer)) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path", "body", "scope", "role"), UNSAFE)
async def test_foreign_page_cannot_use_the_cookie(
    site: Site, method: str, path: str, body: object, scope: Scope | None, role: Role
):
    _, browser = await site.signed_in(Role.ADMIN)
    for headers in ({"x-requested-with": "no"}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = await call(browser, method, path, body, **headers)
        assert (answer.status, code_of(answer)) == (403, "cross_site_request")
    if body is not None:
        answer = await call(browser, method, path, body, **{"content-type": "text/plain"})
        assert answer.status == 415


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/me/api-keys", {"name": "k", "scopes": ["read"]}),
        ("PUT", "/api/v1/auth/password", {"password": PASSWORD}),
        ("POST", "/api/v1/auth/totp", None),
        ("POST", "/api/v1/auth/totp/confirm", {"code": "000000"}),
        ("DELETE", "/api/v1/auth/totp", None),
        ("POST", "/api/v1/auth/totp/recovery-codes", None),
        ("POST", f"/api/v1/admin/users/{SOME_ID}/disable", None),
        ("POST", f"/api/v1/admin/users/{SOME_ID}/enable", None),
        ("PUT", f"/api/v1/admin/users/{SOME_ID}/role", {"role": "admin"}),
    ],
)
async def test_sensitive_act_needs_a_fresh_proof(site: Site, method: str, path: str, body: object):
    _, browser = await site.signed_in(Role.ADMIN)
    site.clock.advance(timedelta(minutes=5))
    answer = await call(browser, method, path, body)
    assert (answer.status, code_of(answer)) == (403, "step_up_required")


async def test_changing_request_needs_an_idempotency_key_and_replays(site: Site):
    _, browser = await site.signed_in()
    body = {"name": "once", "scopes": ["read"]}
    missing = await browser.post("/api/v1/me/api-keys", json=body)
    assert code_of(missing) == "idempotency_key_required"
    headers = idem()
    first = await browser.post("/api/v1/me/api-keys", json=body, headers=headers)
    assert (await browser.post("/api/v1/auth/step-up", json={"password": PASSWORD})).status == 200
    again = await browser.post("/api/v1/me/api-keys", json=body, headers=headers)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert len((await browser.get("/api/v1/me/api-keys")).json()["items"]) == 1


async def test_step_up_by_password_or_code_gives_a_new_token_for_five_minutes(site: Site):
    _, browser = await site.signed_in()
    old = browser.cookies["__Host-tradsy"]
    site.clock.advance(timedelta(minutes=5))
    wrong = await browser.post("/api/v1/auth/step-up", json={"password": "wrong wrong wrong"})
    assert (wrong.status, code_of(wrong)) == (401, "invalid_credentials")
    empty = await browser.post("/api/v1/auth/step-up", json={})
    assert code_of(empty) == "invalid_credentials"
    assert (await browser.post("/api/v1/auth/step-up", json={"totp": "000000"})).status == 401
    done = await browser.post("/api/v1/auth/step-up", json={"password": PASSWORD})
    assert done.status == 200
    assert browser.cookies["__Host-tradsy"] != old
    stale = site.browser()
    stale.cookies["__Host-tradsy"] = old
    assert (await stale.get("/api/v1/me")).status == 401
    assert (await browser.post("/api/v1/auth/totp")).status == 200


async def test_step_up_by_code(site: Site):
    from tests.integration.identity.test_sign_in import enable_totp, next_code

    _, browser = await site.signed_in()
    secret, codes = await enable_totp(browser, site)
    site.clock.advance(timedelta(minutes=5))
    code = next_code(site, secret)
    assert (await browser.post("/api/v1/auth/step-up", json={"totp": code})).status == 200
    assert (await browser.post("/api/v1/auth/step-up", json={"totp": code})).status == 401
    assert (await browser.post("/api/v1/auth/step-up", json={"recovery_code": codes[0]})).status == 200
    assert (await browser.post("/api/v1/auth/step-up", json={"recovery_code": codes[0]})).status == 401


async def test_step_up_guesses_are_slowed(site: Site):
    _, browser = await site.signed_in()
    for _ in range(5):
        await browser.post("/api/v1/auth/step-up", json={"password": "wrong wrong wrong"})
    answer = await browser.post("/api/v1/auth/step-up", json={"password": PASSWORD})
    assert answer.status == 429


async def test_step_up_of_a_session_that_ended_meanwhile_is_refused(site: Site):
    user_id, browser = await site.signed_in()
    assert (await browser.get("/api/v1/me")).status == 200
    async with site.database.as_engine() as session:
        await session.execute(sql("update sessions set revoked_at = now() where user_id = :id"), {"id": user_id})
    # This process believes the session for up to a second; the change itself does not.
    assert (await browser.post("/api/v1/auth/step-up", json={"password": PASSWORD})).status == 404


async def test_sign_out_ends_the_session_on_the_server(site: Site):
    user_id, browser = await site.signed_in()
    token = browser.cookies["__Host-tradsy"]
    answer = await browser.post("/api/v1/auth/sign-out")
    assert answer.status == 204
    assert "storage" in answer.headers["clear-site-data"]
    assert "__Host-tradsy" not in browser.cookies
    browser.cookies["__Host-tradsy"] = token
    assert (await browser.get("/api/v1/me")).status == 401
    assert (await site.audit_actions(user_id))[-1] == "auth.signed_out"


async def test_sessions_are_listed_and_ended_one_by_one_or_together(site: Site):
    user_id, browser = await site.signed_in()
    email = await site.email_of(user_id)
    others = [site.browser() for _ in range(3)]
    for other in others:
        await sign_in(other, email)
    await site.program().post("/api/v1/auth/token", json={"email": email, "password": PASSWORD})
    listed = (await browser.get("/api/v1/me/sessions")).json()["items"]
    assert len(listed) == 5
    assert sorted(each["kind"] for each in listed) == ["browser"] * 4 + ["program"]
    assert sum(each["is_current"] for each in listed) == 1
    target = (await others[0].get("/api/v1/me/sessions")).json()["items"]
    target_id = next(each["id"] for each in target if each["is_current"])
    assert (await call(browser, "DELETE", f"/api/v1/me/sessions/{target_id}", None)).status == 204
    assert (await others[0].get("/api/v1/me")).status == 401
    assert (await call(browser, "DELETE", f"/api/v1/me/sessions/{target_id}", None)).status == 404
    assert (await call(browser, "DELETE", "/api/v1/me/sessions", None)).status == 204
    for other in others[1:]:
        assert (await other.get("/api/v1/me")).status == 401
    assert (await browser.get("/api/v1/me")).status == 200
    assert site.outbox.named("sessions.revoked")[-1].user_id == user_id


async def test_other_tenants_sessions_and_keys_are_not_found(site: Site):
    owner_id, owner = await site.signed_in()
    _, stranger = await site.signed_in()
    made = (await call(owner, "POST", "/api/v1/me/api-keys", {"name": "k", "scopes": ["read"]})).json()
    session_id = (await owner.get("/api/v1/me/sessions")).json()["items"][0]["id"]
    for path in (f"/api/v1/me/api-keys/{made['id']}", f"/api/v1/me/sessions/{session_id}"):
        foreign, missing = [await call(stranger, "DELETE", p, None) for p in (path, path[:-36] + str(uuid4()))]
        assert (foreign.status, foreign.body) == (missing.status, missing.body) == (404, missing.body)
    assert (await site.program(made["key"]).get("/api/v1/me")).json()["id"] == str(owner_id)
    assert (await owner.get("/api/v1/me")).status == 200


async def test_revocation_in_another_process_counts_within_a_second(site: Site):
    user_id, browser = await site.signed_in()
    assert (await browser.get("/api/v1/me")).status == 200
    async with site.database.as_engine() as session:
        await session.execute(sql("update sessions set revoked_at = now() where user_id = :id"), {"id": user_id})
    site.clock.advance(timedelta(seconds=1))
    assert (await browser.get("/api/v1/me")).status == 401


async def test_key_is_shown_once_and_listed_by_its_hint(site: Site):
    user_id, browser = await site.signed_in()
    answer = await call(
        browser, "POST", "/api/v1/me/api-keys", {"name": "bot", "scopes": ["signals:write"], "expires_in_days": 1}
    )
    made = answer.json()
    assert made["key"].startswith("tsk_")
    listed = await browser.get("/api/v1/me/api-keys")
    assert made["key"] not in listed.text
    assert listed.json()["items"][0]["hint"] == made["key"][-4:]
    assert not await site.scalar(
        "select count(*) from api_keys k where k::text like '%' || :key || '%'", key=made["key"]
    )
    program = site.program(made["key"])
    assert (await program.post("/api/v1/probe/trade")).status == 403
    assert (await call(browser, "DELETE", f"/api/v1/me/api-keys/{made['id']}", None)).status == 204
    assert (await program.get("/api/v1/me")).status == 401
    assert (await site.audit_actions(user_id))[-2:] == ["api_key.created", "api_key.revoked"]
    short = await call(browser, "POST", "/api/v1/me/api-keys", {"name": "b", "scopes": ["read"], "expires_in_days": 1})
    site.clock.advance(timedelta(days=1))
    assert (await site.program(short.json()["key"]).get("/api/v1/me")).status == 401


async def test_key_cannot_exceed_its_owners_role_when_made_or_later(site: Site):
    _, browser = await site.signed_in()
    refused = await call(browser, "POST", "/api/v1/me/api-keys", {"name": "k", "scopes": ["admin"]})
    assert (refused.status, code_of(refused)) == (403, "forbidden")
    wrong: list[dict[str, object]] = [
        {"name": "k", "scopes": []},
        {"name": "k", "scopes": ["everything"]},
        {"name": "k", "scopes": ["read"], "expires_in_days": 366},
        {"name": "", "scopes": ["read"]},
        {"name": "k", "scopes": ["read"], "user_id": SOME_ID},
    ]
    for body in wrong:
        assert (await call(browser, "POST", "/api/v1/me/api-keys", body)).status == 422
    operator = await site.make_user(role=Role.OPERATOR)
    key = await site.key_of(operator, Scope.OPERATE, Scope.READ, role=Role.OPERATOR)
    assert "operate" in (await site.program(key).get("/api/v1/me")).json()["scopes"]
    async with site.database.as_engine() as session:
        await session.execute(sql("update users set role = 'user' where id = :id"), {"id": operator})
    site.clock.advance(timedelta(seconds=1))
    assert (await site.program(key).get("/api/v1/me")).json()["scopes"] == ["read"]


async def test_number_of_keys_is_limited_under_concurrency(site: Site):
    user_id, browser = await site.signed_in()
    for _ in range(MAX_KEYS - 2):
        await site.key_of(user_id)
    answers = await asyncio.gather(
        *(call(browser, "POST", "/api/v1/me/api-keys", {"name": "k", "scopes": ["read"]}) for _ in range(5))
    )
    assert sorted(answer.status for answer in answers) == [201, 201, 409, 409, 409]


async def test_key_lifetime_is_checked_below_http_too(site: Site):
    user_id = await site.make_user()
    from tradsy.domain.errors import Invalid

    for scopes, lifetime in (
        ([], timedelta(days=1)),
        ([Scope.READ], timedelta(0)),
        ([Scope.READ], timedelta(days=366)),
    ):
        with pytest.raises(Invalid):
            async with site.database.as_user(user_id) as session:
                await create_api_key(
                    session, user_id, Role.USER, name="k", scopes=scopes, at=site.clock.now(), lifetime=lifetime
                )


async def test_profile_takes_only_its_own_fields(site: Site):
    user_id, browser = await site.signed_in()
    changed = await call(browser, "PATCH", "/api/v1/me", {"display_name": "Mia M.", "country": "DE"})
    assert (changed.json()["display_name"], changed.json()["country"]) == ("Mia M.", "DE")
    for field, value in (
        ("role", "admin"),
        ("state", "disabled"),
        ("user_id", SOME_ID),
        ("is_demo", True),
        ("email", "x@example.com"),
        ("may_trade", True),
    ):
        assert (await call(browser, "PATCH", "/api/v1/me", {field: value})).status == 422
    for field, value in (("country", "Germany"), ("display_name", "<b>"), ("display_name", ""), ("country", "de")):
        assert (await call(browser, "PATCH", "/api/v1/me", {field: value})).status == 422
    kept = await call(browser, "PATCH", "/api/v1/me", {"display_name": None, "country": None})
    assert (kept.json()["display_name"], kept.json()["country"]) == ("Mia M.", None)
    assert (await call(browser, "PATCH", "/api/v1/me", {})).status == 200
    assert await site.scalar("select role from users where id = :id", id=user_id) == "user"


async def test_api_limit_answers_429_and_spares_others(site: Site):
    user_id, browser = await site.signed_in()
    _, other = await site.signed_in()
    key = await site.key_of(user_id)
    statuses = [(await site.program(key).get("/api/v1/me")).status for _ in range(210)]
    assert statuses.count(429) >= 5
    answer = await browser.get("/api/v1/me")
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert (await other.get("/api/v1/me")).status == 200
    site.clock.advance(timedelta(seconds=2))
    assert (await browser.get("/api/v1/me")).status == 200


async def test_session_caller_without_a_session_id_is_refused(site: Site):
    from tradsy.domain.errors import Unauthenticated
    from tradsy.identity.model import Caller, CallerKind
    from tradsy.identity.web_context import get_session_id

    caller = Caller(UserId(uuid4()), Role.USER, frozenset(), CallerKind.ACCESS_TOKEN)
    with pytest.raises(Unauthenticated):
        await get_session_id(caller)
