"""Find who is calling from the credential that came with a request."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from tradsy.domain.ids import UserId
from tradsy.identity import repository, tokens
from tradsy.identity.model import (
    ROLE_SCOPES,
    ApiKeyId,
    Caller,
    CallerKind,
    Role,
    SessionId,
    granted_scopes,
)
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, Row

CACHE_SECONDS = 1.0
"""How long a process may believe a credential without asking again: bounds how long a revoked one lives."""
_CACHE_SIZE = 4096
_TOUCH_EVERY = timedelta(minutes=1)


class CallerFinder:
    """Looks up credentials; remembers found ones for one second, since a signal source may post many times in it."""

    def __init__(self, database: Database, clock: Clock, *, session_idle: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._session_idle = session_idle
        self._found: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def find_session_caller(self, token: str) -> Caller | None:
        """Return who a browser's session cookie belongs to."""
        return await self._find(token) if tokens.is_token(token, tokens.SESSION) else None

    async def find_bearer_caller(self, token: str) -> Caller | None:
        """Return who an API key or access token belongs to; a session token is not one of them."""
        known = tokens.is_token(token, tokens.API_KEY) or tokens.is_token(token, tokens.ACCESS)
        return await self._find(token) if known else None

    def forget(self, token: str) -> None:
        """Ask the database again at the next request with this token."""
        self._found.pop(tokens.hash_secret(token), None)

    def forget_user(self, user_id: UserId) -> None:
        """Ask the database again for every credential of a user."""
        for key in [key for key, (_, caller) in self._found.items() if caller.user_id == user_id]:
            del self._found[key]

    async def _find(self, token: str) -> Caller | None:
        key = tokens.hash_secret(token)
        found = self._found.get(key)
        if found is not None and self._clock.monotonic() < found[0]:
            return found[1]
        self._found.pop(key, None)
        asked_at = self._clock.monotonic()
        caller = await self._look_up(token[:3], key, self._clock.now())
        if caller is not None:
            self._remember(key, asked_at, caller)
        return caller

    def _remember(self, key: bytes, asked_at: float, caller: Caller) -> None:
        self._found[key] = (asked_at + CACHE_SECONDS, caller)
        while len(self._found) > _CACHE_SIZE:
            self._found.popitem(last=False)

    async def _look_up(self, prefix: str, key: bytes, now: datetime) -> Caller | None:
        async with self._database.as_anonymous() as session:
            if prefix == tokens.API_KEY:
                row = await repository.find_api_key(session, key, now)
            elif prefix == tokens.ACCESS:
                row = await repository.find_access_token(session, key, now)
            else:
                row = await repository.find_session(session, key, now)
        if row is None:
            return None
        return await (self._api_key_caller(row, now) if prefix == tokens.API_KEY else self._person(prefix, row, now))

    async def _api_key_caller(self, row: Row, now: datetime) -> Caller:
        user_id = UserId(row.user_id)
        if row.last_used_at is None or now - row.last_used_at > _TOUCH_EVERY:
            async with self._database.as_user(user_id) as session:
                await repository.touch_api_key(session, row.api_key_id, now)
        return Caller(
            user_id,
            Role(row.role),
            granted_scopes(Role(row.role), row.scopes),
            CallerKind.API_KEY,
            api_key_id=ApiKeyId(row.api_key_id),
            is_demo=row.is_demo,
        )

    async def _person(self, prefix: str, row: Row, now: datetime) -> Caller | None:
        """Return the signed-in person, unless a browser was idle for too long."""
        kind = CallerKind.SESSION if prefix == tokens.SESSION else CallerKind.ACCESS_TOKEN
        if kind is CallerKind.SESSION and now - row.last_seen_at >= self._session_idle:
            return None
        user_id = UserId(row.user_id)
        if now - row.last_seen_at > _TOUCH_EVERY:
            async with self._database.as_user(user_id) as session:
                await repository.touch_session(session, row.session_id, now)
        return Caller(
            user_id,
            Role(row.role),
            ROLE_SCOPES[Role(row.role)],
            kind,
            session_id=SessionId(row.session_id),
            stepped_up_until=row.stepped_up_until,
            is_demo=row.is_demo,
        )
