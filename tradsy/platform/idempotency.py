"""Answers kept by `Idempotency-Key`, so that a request sent twice acts once.

Life of a row, by the database clock:

1. `claim` inserts it as `running` before the request's own transaction opens.
2. `mark_committed` turns it `done` *inside* that transaction: from here on it cannot act again, whatever dies.
3. `store_answer` adds the answer after the commit and before the caller sees it.

A `running` row older than `CLAIM_LIFE` was left by a crash and is free again: its transaction did not commit if the
request marked it. A `done` row without an answer was left by a crash between 2 and 3: the request was carried out.

Answers are sealed with AES-256-GCM under a key derived for their row alone, because some show a secret once; `scope`
is a keyed hash of who called what. So the table shows neither.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tradsy.platform.db import Database, DbSession, dump_json, sql

CLAIM_LIFE = timedelta(seconds=60)
KEY_LIFE = timedelta(hours=24)
_NONCE = 12


class ClaimState(StrEnum):
    """What a key stands for."""

    CLAIMED = "claimed"
    """New, or freed: this request may act."""
    RUNNING = "running"
    """Another request with this key is being answered."""
    DONE = "done"
    """Acted, and the answer is at hand."""
    ANSWER_LOST = "answer_lost"
    """Acted, but a crash kept the answer from being stored."""
    MISMATCH = "mismatch"
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """One key in the hands of one request."""

    state: ClaimState
    scope: bytes
    key: str
    created_at: datetime
    """Tells this claim from a later one of the same key."""
    answer: Answer | None = None


# The claim waits for no disk: the commit of what it protects flushes the log up to and past it, and if that never comes
# nothing was done. (`synchronous_commit` is set by the statement itself, to spare a round trip.)
_NO_WAIT = "set_config('synchronous_commit', 'off', true)"
# A row that is spent (expired, or left running by a crash) is taken over in the same statement that finds it.
_CLAIM = sql(
    "insert into idempotency_keys as k (scope, key, request_hash, state, created_at) "
    "select cast(:scope as bytea), cast(:key as text), cast(:hash as bytea), 'running', clock_timestamp() "
    f"from {_NO_WAIT} on conflict (scope, key) do update "
    "set request_hash = excluded.request_hash, state = 'running', status = null, headers = null, body = null, "
    "created_at = excluded.created_at where k.created_at < clock_timestamp() - cast(:key_life as interval) "
    "or (k.state = 'running' and k.created_at < clock_timestamp() - cast(:claim_life as interval)) "
    "returning created_at"
)
_FIND = sql(
    "select request_hash, state, status, headers, body, created_at, "
    "created_at > clock_timestamp() - cast(:claim_life as interval) as is_fresh "
    "from idempotency_keys where scope = :scope and key = :key"
)


class IdempotencyStore:
    """The keys of one installation; `secret` is its derived key `idempotency`."""

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._secret = secret

    def scope_of(self, caller: str, method: str, path: str) -> bytes:
        """Return what a key is unique within: a keyed hash that names nobody."""
        parts = orjson.dumps([caller, method, path])
        return hmac.digest(self._secret, b"scope" + parts, "sha256")

    async def claim(self, scope: bytes, key: str, request: bytes) -> Claim:
        """Take `key` for `request` (its canonical bytes), or return what the key already stands for."""
        request_hash = hashlib.sha256(request).digest()
        while True:
            async with self._database.as_anonymous() as session:
                created_at = (
                    await session.execute(
                        _CLAIM,
                        {
                            "scope": scope,
                            "key": key,
                            "hash": request_hash,
                            "key_life": KEY_LIFE,
                            "claim_life": CLAIM_LIFE,
                        },
                    )
                ).scalar()
                if created_at is not None:
                    return Claim(ClaimState.CLAIMED, scope, key, created_at)
                row = (
                    await session.execute(_FIND, {"scope": scope, "key": key, "claim_life": CLAIM_LIFE})
                ).one_or_none()
            # Without a row its owner let go of it between the two statements: claim again.
            if row is not None:
                return self._judge(row, scope, key, request_hash)

    def _judge(self, row: Any, scope: bytes, key: str, request_hash: bytes) -> Claim:
        if not hmac.compare_digest(row.request_hash, request_hash):
            return Claim(ClaimState.MISMATCH, scope, key, row.created_at)
        if row.state == "done" and row.status is not None:
            answer = self._unseal(row, scope, key)
            state = ClaimState.DONE if answer else ClaimState.ANSWER_LOST
            return Claim(state, scope, key, row.created_at, answer)
        if row.state == "done" and not row.is_fresh:
            return Claim(ClaimState.ANSWER_LOST, scope, key, row.created_at)
        return Claim(ClaimState.RUNNING, scope, key, row.created_at)

    async def store_answer(self, claim: Claim, answer: Answer, *, bound: bool) -> None:
        """Keep the answer of a claimed key.

        `bound` tells that `mark_committed` made the key durable; losing the answer in a crash is then only a nuisance,
        and the caller does not wait for the disk a second time.
        """
        fast = f"from {_NO_WAIT}" if bound else ""
        async with self._database.as_anonymous() as session:
            await session.execute(
                sql(
                    "update idempotency_keys set state = 'done', status = :status, headers = cast(:headers as jsonb), "
                    f"body = :body {fast} where scope = :scope and key = :key and created_at = :created_at"
                ),
                {
                    "status": answer.status,
                    "headers": dump_json(answer.headers),
                    "body": self._seal(claim, answer.body),
                    "scope": claim.scope,
                    "key": claim.key,
                    "created_at": claim.created_at,
                },
            )

    async def release(self, claim: Claim) -> None:
        """Free a claimed key whose request changed nothing; one that committed stays."""
        async with self._database.as_anonymous() as session:
            await session.execute(
                sql(
                    "delete from idempotency_keys where scope = :scope and key = :key and created_at = :created_at "
                    "and state = 'running'"
                ),
                {"scope": claim.scope, "key": claim.key, "created_at": claim.created_at},
            )

    def _cipher(self, scope: bytes, key: str, created_at: datetime) -> AESGCM:
        """Return the cipher of one row: its key seals one answer, so nonces cannot repeat under it."""
        row = b"|".join((b"row", scope, key.encode(), created_at.isoformat().encode()))
        return AESGCM(hmac.digest(self._secret, row, "sha256"))

    def _seal(self, claim: Claim, body: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher(claim.scope, claim.key, claim.created_at).encrypt(nonce, body, claim.scope)

    def _unseal(self, row: Any, scope: bytes, key: str) -> Answer | None:
        """Return the stored answer, or None when the installation's key has changed since."""
        sealed = bytes(row.body or b"")
        try:
            body = self._cipher(scope, key, row.created_at).decrypt(sealed[:_NONCE], sealed[_NONCE:], scope)
        except (InvalidTag, ValueError):
            return None
        return Answer(row.status, [(name, value) for name, value in row.headers or ()], body)


async def mark_committed(session: DbSession, claim: Claim) -> bool:
    """Bind the claim to the session's transaction: when it commits, the key cannot act again.

    Returns:
        Whether the claim still stood. If not, the request took so long that another took over its key: roll back.
    """
    marked = await session.execute(
        sql(
            "update idempotency_keys set state = 'done' "
            "where scope = :scope and key = :key and created_at = :created_at and state = 'running' returning 1"
        ),
        {"scope": claim.scope, "key": claim.key, "created_at": claim.created_at},
    )
    return marked.scalar() is not None


async def purge_keys(session: DbSession, *, limit: int = 10_000) -> int:
    """Delete up to `limit` keys older than `KEY_LIFE` (as `tradsy_engine`); return how many."""
    deleted = await session.execute(
        sql(
            "delete from idempotency_keys where (scope, key) in (select scope, key from idempotency_keys "
            "where created_at < clock_timestamp() - cast(:life as interval) limit :limit) returning 1"
        ),
        {"life": KEY_LIFE, "limit": limit},
    )
    return len(deleted.all())
