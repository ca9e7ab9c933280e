"""A credential finds its caller, and nothing but that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tradsy.domain.ids import UserId
from tradsy.identity import service
from tradsy.identity.api_keys import create_api_key, revoke_api_key
from tradsy.identity.callers import CallerFinder
from tradsy.identity.model import CallerKind, Origin, Role, Scope
from tradsy.identity.sessions import list_live_sessions, open_browser_session, open_program_session
from tradsy.platform.clock import FrozenClock
from tradsy.platform.db import Database

IDLE, LIFETIME = timedelta(hours=12), timedelta(days=7)


async def make_user(database: Database, clock: FrozenClock, email: str, role: Role = Role.USER) -> UserId:
    user_id = service.new_user_id()
    async with database.as_engine() as session:
        await service.create_user(session, user_id=user_id, email=email, at=clock.now(), role=role)
    return user_id


def make_clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 3, 2, 15, tzinfo=UTC))


async def test_browser_session_is_found_until_idle_or_absolute_end(database: Database):
    clock = make_clock()
    finder = CallerFinder(database, clock, session_idle=IDLE)
    user_id = await make_user(database, clock, "idle@example.com")
    async with database.as_user(user_id) as session:
        session_id, token = await open_browser_session(session, user_id, Origin(), at=clock.now(), lifetime=LIFETIME)
    caller = await finder.find_session_caller(token)
    assert caller is not None
    assert (caller.user_id, caller.session_id, caller.kind) == (user_id, session_id, CallerKind.SESSION)
    assert caller.is_stepped_up(clock.now())
    assert await finder.find_bearer_caller(token) is None
    for _ in range(13):
        clock.advance(timedelta(hours=11, minutes=59))
        assert await finder.find_session_caller(token) is not None
    async with database.as_engine() as session:
        assert await list_live_sessions(session, [session_id], at=clock.now(), idle=IDLE) == {session_id}
    clock.advance(IDLE)
    assert await finder.find_session_caller(token) is None
    async with database.as_engine() as session:
        assert await list_live_sessions(session, [session_id], at=clock.now(), idle=IDLE) == set()


async def test_absolute_end_holds_for_a_busy_session(database: Database):
    clock = make_clock()
    finder = CallerFinder(database, clock, session_idle=IDLE)
    user_id = await make_user(database, clock, "busy@example.com")
    async with database.as_user(user_id) as session:
        _, token = await open_browser_session(session, user_id, Origin(), at=clock.now(), lifetime=LIFETIME)
    for _ in range(15):
        clock.advance(timedelta(hours=11))
        assert await finder.find_session_caller(token) is not None
    clock.advance(timedelta(hours=4))
    assert await finder.find_session_caller(token) is None


async def test_api_key_carries_its_scopes_and_dies_within_a_second(database: Database):
    clock = make_clock()
    finder = CallerFinder(database, clock, session_idle=IDLE)
    user_id = await make_user(database, clock, "keys@example.com")
    async with database.as_user(user_id) as session:
        key, secret = await create_api_key(
            session, user_id, Role.USER, name="bot", scopes=[Scope.SIGNALS_WRITE], at=clock.now()
        )
    caller = await finder.find_bearer_caller(secret)
    assert caller is not None
    assert caller.can("signals:write")
    assert not caller.can("trade")
    assert caller.api_key_id == key.id
    async with database.as_user(user_id) as session:
        await revoke_api_key(session, user_id, key.id, at=clock.now())
    clock.advance(timedelta(seconds=1))
    assert await finder.find_bearer_caller(secret) is None


async def test_access_token_lives_ten_minutes(database: Database):
    clock = make_clock()
    finder = CallerFinder(database, clock, session_idle=IDLE)
    user_id = await make_user(database, clock, "program@example.com")
    async with database.as_user(user_id) as session:
        pair = await open_program_session(session, user_id, Origin(), at=clock.now(), lifetime=LIFETIME)
    caller = await finder.find_bearer_caller(pair.access_token)
    assert caller is not None
    assert caller.kind is CallerKind.ACCESS_TOKEN
    assert await finder.find_bearer_caller(pair.refresh_token) is None
    clock.advance(timedelta(minutes=10))
    assert await finder.find_bearer_caller(pair.access_token) is None
