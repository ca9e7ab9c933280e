"""Idempotent routes on the real database: one act, one answer, whatever is sent twice, at once, or cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response

from tradsy.domain.errors import Conflict, Limited, Unauthenticated, Unavailable
from tradsy.platform.db import Database, DbSession, sql
from tradsy.platform.failpoints import FailpointReached
from tradsy.platform.idempotency import CLAIM_LIFE, ClaimState, IdempotencyStore, purge_keys
from tradsy.platform.ids import new_id
from tradsy.platform.settings import Settings
from tradsy.platform.web import IdempotentRoute, StrictModel, bind_claim, install_web
from tradsy.testing.asgi import AsgiAnswer, AsgiClient
from tradsy.testing.engines import TestEngines

SECRET = "tsk_Kq7hX2pV9mWz4tRb8nYc3dLf6sGj1aQe5"


class Act(StrictModel):
    what: str = "act"


async def transaction(request: Request) -> AsyncGenerator[DbSession]:
    database: Database = request.app.state.database
    async with database.as_anonymous() as session:
        yield session
        await bind_claim(request, session)


Session = Annotated[DbSession, Depends(transaction, scope="function")]


@dataclass
class Shop:
    """A small application whose acts are rows of `outbox`, which the request role may insert."""

    database: Database
    app: FastAPI
    acts: list[str] = field(default_factory=list[str])
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def client(self, caller: str | None = "alice") -> AsgiClient:
        return AsgiClient(self.app, headers={"authorization": f"Bearer {caller}"} if caller else {})

    async def committed(self) -> int:
        async with self.database.as_engine() as session:
            return int(
                (await session.execute(sql("select count(*) from outbox where name = 'acts.done'"))).scalar_one()
            )

    async def age(self, by: timedelta) -> None:
        async with self.database.as_anonymous() as session:
            older = sql("update idempotency_keys set created_at = created_at - cast(:by as interval)")
            await session.execute(older, {"by": by})


def build(database: Database, engines: TestEngines, *, resolver: bool = True) -> Shop:
    app = FastAPI()
    install_web(app, Settings())
    app.state.database, app.state.installation = database, engines.installation
    shop = Shop(database, app)
    router = APIRouter(route_class=IdempotentRoute)

    @router.post("/acts", status_code=201)
    async def act(body: Act, session: Session, response: Response) -> dict[str, str]:
        shop.acts.append(body.what)
        await session.execute(
            sql("insert into outbox (id, name, payload, created_at) values (:id, 'acts.done', '{}', now())"),
            {"id": new_id()},
        )
        if body.what in RAISED:
            raise RAISED[body.what]
        if body.what == "slow":
            shop.waiting.set()
            await shop.go_on.wait()
        response.headers["location"] = f"/acts/{len(shop.acts)}"
        response.headers["set-cookie"] = "a=b"
        return {"n": str(len(shop.acts)), "secret": SECRET}

    @router.get("/acts")
    async def count() -> dict[str, int]:
        return {"acts": len(shop.acts)}

    app.include_router(router, prefix="/api/v1")

    async def caller_of(request: Request) -> str:
        name = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not name or name in REVOKED:
            raise Unauthenticated
        return name.partition("@")[0]

    if resolver:
        app.state.idempotency_caller = caller_of
    return shop


RAISED: dict[str, Exception] = {
    "conflict": Conflict("busy"),
    "limited": Limited(retry_after=1),
    "unavailable": Unavailable(),
    "bug": FailpointReached("bug"),
}
REVOKED: set[str] = set()


@pytest.fixture
async def shop(database: Database, engines: TestEngines) -> Shop:
    async with database.as_engine() as session:
        await session.execute(sql("delete from idempotency_keys"))
        await session.execute(sql("delete from outbox"))
    REVOKED.clear()
    return build(database, engines)


async def post(client: AsgiClient, key: str | None = "k1", what: str = "act", query: str = "") -> AsgiAnswer:
    headers = {} if key is None else {"idempotency-key": key}
    return await client.post("/api/v1/acts" + query, json={"what": what}, headers=headers)


def code(answer: AsgiAnswer) -> tuple[int, str]:
    return answer.status, answer.json()["code"]


async def test_same_request_again_replays_status_body_and_headers(shop: Shop) -> None:
    first, second = await post(shop.client()), await post(shop.client())
    assert (first.status, second.status) == (201, 201)
    assert second.body == first.body
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert "set-cookie" not in second.headers
    assert "content-security-policy" in second.headers
    assert await shop.committed() == len(shop.acts) == 1


@pytest.mark.parametrize("key", [None, "", " ", "a b", "x" * 129, "é", "a\tb"])
async def test_missing_or_bad_key_is_refused_before_acting(shop: Shop, key: str | None) -> None:
    assert code(await post(shop.client(), key)) == (400, "idempotency_key_required")
    assert shop.acts == []


async def test_longest_key_of_any_visible_characters_is_taken(shop: Shop) -> None:
    key = "".join(chr(c) for c in range(0x21, 0x7F)).ljust(128, "~")
    assert (await post(shop.client(), key)).status == 201
    assert (await post(shop.client(), key)).headers["idempotent-replayed"] == "true"


async def test_other_body_or_query_under_the_same_key_is_refused(shop: Shop) -> None:
    await post(shop.client())
    assert code(await post(shop.client(), what="other")) == (422, "idempotency_key_reused")
    assert code(await post(shop.client(), query="?a=1")) == (422, "idempotency_key_reused")
    assert len(shop.acts) == 1


async def test_callers_do_not_see_each_other(shop: Shop) -> None:
    first, other = await post(shop.client("alice")), await post(shop.client("bob"))
    assert "idempotent-replayed" not in other.headers
    assert first.body != other.body
    assert len(shop.acts) == 2


async def test_new_token_of_the_same_caller_replays(shop: Shop) -> None:
    await post(shop.client("alice@old"))
    assert (await post(shop.client("alice@new"))).headers["idempotent-replayed"] == "true"


async def test_revoked_or_absent_caller_sees_no_stored_answer(shop: Shop) -> None:
    await post(shop.client())
    REVOKED.add("alice")
    assert code(await post(shop.client())) == (401, "unauthenticated")
    assert code(await post(shop.client(None))) == (401, "unauthenticated")


async def test_without_a_resolver_the_credential_tells_callers_apart(database: Database, engines: TestEngines) -> None:
    shop = build(database, engines, resolver=False)
    assert (await post(shop.client("carol"), "r1")).status == 201
    assert (await post(shop.client("carol"), "r1")).headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in (await post(shop.client("dave"), "r1")).headers
    with_cookie = AsgiClient(shop.app, cookies={"__Host-tradsy": "s1", "theme": "dark"})
    await post(with_cookie, "r1")
    with_cookie.cookies["theme"] = "light"
    assert (await post(with_cookie, "r1")).headers["idempotent-replayed"] == "true"


async def test_request_in_flight_is_a_conflict_to_try_again(shop: Shop) -> None:
    first = asyncio.create_task(post(shop.client(), what="slow"))
    await asyncio.wait_for(shop.waiting.wait(), 10)
    second = await post(shop.client(), what="slow")
    assert code(second) == (409, "idempotency_key_in_use")
    assert second.headers["retry-after"] == "1"
    shop.go_on.set()
    assert (await first).status == 201
    assert (await post(shop.client(), what="slow")).headers["idempotent-replayed"] == "true"


async def test_many_at_once_act_once(shop: Shop) -> None:
    answers = await asyncio.gather(*(post(shop.client()) for _ in range(12)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert sum(a.status == 201 and "idempotent-replayed" not in a.headers for a in answers) == 1
    assert await shop.committed() == 1


async def test_refusal_is_replayed_and_its_transaction_rolled_back(shop: Shop) -> None:
    first, second = await post(shop.client(), what="conflict"), await post(shop.client(), what="conflict")
    assert code(first) == code(second) == (409, "conflict")
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["content-type"] == "application/problem+json"
    assert (len(shop.acts), await shop.committed()) == (1, 0)


@pytest.mark.parametrize(("what", "status"), [("limited", 429), ("unavailable", 503), ("bug", 500)])
async def test_answer_that_may_pass_is_not_stored(shop: Shop, what: str, status: int) -> None:
    for attempt in (1, 2):
        answer = await post(shop.client(), what=what)
        assert answer.status == status
        assert "idempotent-replayed" not in answer.headers
        assert len(shop.acts) == attempt
    assert await shop.committed() == 0


async def test_refused_body_is_not_acted_on_and_replayed(shop: Shop) -> None:
    for replayed in (None, "true"):
        answer = await shop.client().post("/api/v1/acts", json={"what": 1}, headers={"idempotency-key": "v"})
        assert answer.status == 422
        assert answer.headers.get("idempotent-replayed") == replayed
    assert shop.acts == []


async def test_safe_methods_need_no_key(shop: Shop) -> None:
    assert (await shop.client().get("/api/v1/acts")).status == 200


async def test_crash_in_flight_frees_the_key_after_a_minute(shop: Shop) -> None:
    store, scope = await claimed(shop)
    assert (await store.claim(scope, "c1", b"r")).state is ClaimState.RUNNING
    await shop.age(CLAIM_LIFE - timedelta(seconds=5))
    assert (await store.claim(scope, "c1", b"r")).state is ClaimState.RUNNING
    await shop.age(timedelta(seconds=6))
    assert (await store.claim(scope, "c1", b"r")).state is ClaimState.CLAIMED


async def claimed(shop: Shop) -> tuple[IdempotencyStore, bytes]:
    store = IdempotencyStore(shop.database, b"s" * 32)
    scope = store.scope_of("alice", "POST", "/x")
    assert (await store.claim(scope, "c1", b"r")).state is ClaimState.CLAIMED
    return store, scope


async def test_crash_between_commit_and_answer_never_acts_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def die(*_: Any, **__: Any) -> None:
        raise OSError("the process died here")

    monkeypatch.setattr(IdempotencyStore, "store_answer", die)
    # The act is committed, so its caller hears of it though the answer could not be kept.
    assert (await post(shop.client())).status == 201
    assert code(await post(shop.client())) == (409, "idempotency_key_in_use")
    await shop.age(CLAIM_LIFE + timedelta(seconds=1))
    assert code(await post(shop.client())) == (409, "idempotency_answer_lost")
    assert (len(shop.acts), await shop.committed()) == (1, 1)


async def test_request_that_lost_its_claim_rolls_back(shop: Shop) -> None:
    first = asyncio.create_task(post(shop.client(), what="slow"))
    await asyncio.wait_for(shop.waiting.wait(), 10)
    await shop.age(CLAIM_LIFE + timedelta(seconds=1))
    shop.go_on.set()
    assert code(await first) == (409, "idempotency_key_in_use")
    assert await shop.committed() == 0
    assert (await post(shop.client(), what="slow")).status == 201
    assert await shop.committed() == 1


async def test_table_holds_no_secret_and_no_name(shop: Shop) -> None:
    await post(shop.client())
    async with shop.database.as_engine() as session:
        row = (await session.execute(sql("select * from idempotency_keys"))).one()
    stored = b"|".join(bytes(value) if isinstance(value, bytes) else str(value).encode() for value in row)
    assert SECRET.encode() not in stored
    assert b"alice" not in stored
    assert row.status == 201


async def test_answer_moved_to_another_key_does_not_open(shop: Shop) -> None:
    await post(shop.client(), "k1")
    await post(shop.client(), "k2", what="other")
    async with shop.database.as_anonymous() as session:
        await session.execute(
            sql(
                "update idempotency_keys set body = (select body from idempotency_keys where key = 'k1') "
                "where key = 'k2'"
            )
        )
    assert code(await post(shop.client(), "k2", what="other")) == (409, "idempotency_answer_lost")


async def test_key_acts_anew_after_a_day_and_is_purged(shop: Shop) -> None:
    await post(shop.client(), "k1")
    await post(shop.client(), "k2")
    await shop.age(timedelta(hours=24, seconds=1))
    assert "idempotent-replayed" not in (await post(shop.client(), "k1")).headers
    async with shop.database.as_engine() as session:
        assert await purge_keys(session) == 1
        left = await session.execute(sql("select key from idempotency_keys"))
        assert [row.key for row in left] == ["k1"]
