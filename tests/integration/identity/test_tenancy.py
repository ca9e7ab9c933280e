"""Row-level security of every table of identity, for every role and kind of row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.identity.site import Site
from tradsy.domain.ids import UserId
from tradsy.identity import onboarding, service
from tradsy.identity.model import Origin
from tradsy.identity.sessions import open_program_session
from tradsy.platform.db import DatabaseError, Statement, sql

TENANT_TABLES = {
    "users": "id",
    "password_credentials": "user_id",
    "one_time_tokens": "user_id",
    "sessions": "user_id",
    "refresh_tokens": "user_id",
    "access_tokens": "user_id",
    "totp_credentials": "user_id",
    "recovery_codes": "user_id",
    "api_keys": "user_id",
    "consents": "user_id",
}
OPEN_TABLES = ("signups", "setup_links", "login_throttles", "mails", "legal_documents")


async def fill(site: Site) -> UserId:
    """Return a user who has a row in every table."""
    user_id = await site.make_user()
    await site.key_of(user_id)
    async with site.database.as_user(user_id) as session:
        await open_program_session(
            session, user_id, Origin(), at=site.clock.now(), lifetime=site.app.state.settings.session_absolute
        )
        at: dict[str, Any] = {"user": user_id, "at": site.clock.now(), "hash": user_id.bytes}
        for statement in (
            "insert into totp_credentials (user_id, secret, created_at) values (:user, 'x', :at)",
            "insert into recovery_codes (user_id, code_hash) values (:user, 'x')",
            (
                "insert into one_time_tokens (token_hash, user_id, purpose, created_at, expires_at) "
                "values (:hash, :user, 'reset_password', :at, :at)"
            ),
        ):
            await session.execute(sql(statement), {k: v for k, v in at.items() if f":{k}" in statement})
        await onboarding.accept_current_documents(session, user_id, at=site.clock.now(), actor="demo")
    return user_id


async def count(session: Any, table: str, column: str, user_id: UserId) -> int:
    query = sql(f"select count(*) from {table} where {column} = :user")
    return (await session.execute(query, {"user": user_id})).scalar_one()


async def test_every_table_with_a_user_is_listed_and_forced(site: Site):
    async with site.database.as_engine() as session:
        rows = await session.execute(
            sql(
                "select c.relname, c.relrowsecurity and c.relforcerowsecurity as forced, "
                "pg_get_userbyid(c.relowner) as owner from pg_class c "
                "where c.relnamespace = 'tradsy'::regnamespace and c.relkind = 'r' and c.relname = any(:names)"
            ),
            {"names": [*TENANT_TABLES, "mails"]},
        )
        found = {row.relname: (row.forced, row.owner) for row in rows}
    assert set(found) == {*TENANT_TABLES, "mails"}
    assert set(found.values()) == {(True, "tradsy_owner")}


@pytest.mark.parametrize(("table", "column"), TENANT_TABLES.items())
async def test_rows_are_seen_by_their_user_alone(site: Site, table: str, column: str):
    owner, other = await fill(site), await fill(site)
    async with site.database.as_user(owner) as session:
        assert await count(session, table, column, owner) >= 1
        assert await count(session, table, column, other) == 0
        total = (await session.execute(sql(f"select count(*) from {table}"))).scalar_one()
        assert total == await count(session, table, column, owner)
    async with site.database.as_anonymous() as session:
        assert (await session.execute(sql(f"select count(*) from {table}"))).scalar_one() == 0


async def try_change(open_session: Callable[[], Any], query: Statement, owner: UserId) -> str:
    try:
        async with open_session() as session:
            return "changed" if (await session.execute(query, {"user": owner})).all() else "no row"
    except DatabaseError as error:
        return "refused" if "permission denied" in str(error) else "failed"


@pytest.mark.parametrize(("table", "column"), TENANT_TABLES.items())
@pytest.mark.parametrize("statement", ["update {t} set {c} = {c}", "delete from {t}"])
async def test_rows_of_others_cannot_be_changed(site: Site, table: str, column: str, statement: str):
    owner, other = await fill(site), await fill(site)
    query = sql(statement.format(t=table, c=column) + f" where {column} = :user returning 1")
    for open_session in (lambda: site.database.as_user(other), site.database.as_anonymous):
        assert await try_change(open_session, query, owner) in {"no row", "refused"}
    async with site.database.as_user(owner) as session:
        assert await count(session, table, column, owner) >= 1


@pytest.mark.parametrize(
    "statement",
    [
        "insert into password_credentials (user_id, hash, changed_at) values (:user, 'x', now())",
        (
            "insert into sessions (id, user_id, kind, created_at, last_seen_at, expires_at, stepped_up_until) "
            "values (gen_random_uuid(), :user, 'program', now(), now(), now(), now())"
        ),
        (
            "insert into api_keys (id, user_id, name, token_hash, hint, scopes, created_at, expires_at) "
            "values (gen_random_uuid(), :user, 'x', 'x', 'x', '{read}', now(), now())"
        ),
        "insert into totp_credentials (user_id, secret, created_at) values (:user, 'x', now())",
        "insert into recovery_codes (user_id, code_hash) values (:user, 'y')",
        (
            "insert into one_time_tokens (token_hash, user_id, purpose, created_at, expires_at) "
            "values ('z', :user, 'reset_password', now(), now())"
        ),
        (
            "insert into consents (id, user_id, document, version, accepted_at, actor) "
            "values (gen_random_uuid(), :user, 'terms', 'x', now(), 'x')"
        ),
        (
            "insert into mails (id, user_id, recipient, subject, body, created_at) "
            "values (gen_random_uuid(), :user, 'x', 'x', 'x', now())"
        ),
        "insert into users (id, email, display_name, created_at) values (gen_random_uuid(), 'i@a.example', 'x', now())",
    ],
)
async def test_rows_cannot_be_planted_for_others(site: Site, statement: str):
    owner, other = await site.make_user(), await site.make_user()
    for open_session in (lambda: site.database.as_user(other), site.database.as_anonymous):
        with pytest.raises(DatabaseError, match="row-level security"):
            async with open_session() as session:
                await session.execute(sql(statement), {"user": owner} if ":user" in statement else {})


@pytest.mark.parametrize(
    "change", ["role = 'admin'", "state = 'disabled'", "is_demo = true", "email = 'x@example.com'"]
)
async def test_request_cannot_change_what_only_admins_may(site: Site, change: str):
    user_id = await site.make_user()
    with pytest.raises(DatabaseError, match="permission denied"):
        async with site.database.as_user(user_id) as session:
            await session.execute(sql(f"update users set {change} where id = :id"), {"id": user_id})


@pytest.mark.parametrize("columns", [("role", "'admin'"), ("state", "'disabled'"), ("is_demo", "true")])
async def test_request_cannot_create_a_user_of_rank(site: Site, columns: tuple[str, str]):
    user_id = service.new_user_id()
    with pytest.raises(DatabaseError, match="row-level security"):
        async with site.database.as_user(user_id) as session:
            await session.execute(
                sql(
                    f"insert into users (id, email, display_name, created_at, {columns[0]}) "
                    f"values (:id, :email, 'x', now(), {columns[1]})"
                ),
                {"id": user_id, "email": f"{user_id}@example.com"},
            )


@pytest.mark.parametrize("table", ["signups", "setup_links", "mails"])
async def test_requests_cannot_read_what_belongs_to_nobody(site: Site, table: str):
    user_id = await site.make_user()
    for open_session in (lambda: site.database.as_user(user_id), site.database.as_anonymous):
        with pytest.raises(DatabaseError, match="permission denied"):
            async with open_session() as session:
                await session.execute(sql(f"select * from {table}"))


@pytest.mark.parametrize(
    "statement",
    ["update consents set version = 'y' where user_id = :user", "delete from consents where user_id = :user"],
)
async def test_consents_are_never_rewritten(site: Site, statement: str):
    user_id = await fill(site)
    for open_session in (lambda: site.database.as_user(user_id), site.database.as_engine):
        with pytest.raises(DatabaseError, match="permission denied"):
            async with open_session() as session:
                await session.execute(sql(statement), {"user": user_id})


async def test_context_does_not_survive_rollback_or_reuse_of_a_connection(site: Site):
    owner = await fill(site)

    for _ in range(12):
        assert await try_change(lambda: site.database.as_user(owner), sql("no such statement"), owner) == "failed"
        async with site.database.as_anonymous() as session:
            assert await count(session, "sessions", "user_id", owner) == 0


async def test_trading_view_shows_only_own_row_to_requests(site: Site):
    owner, other = await fill(site), await fill(site)
    async with site.database.as_user(owner) as session:
        rows = (await session.execute(sql("select user_id from identity_trading_users"))).scalars()
    assert rows == [owner]
    async with site.database.as_engine() as session:
        assert {owner, other} <= await service.list_consented(session, [owner, other])
