"""Guessing slowed down: from the fifth failure each attempt waits twice as long, at most fifteen minutes.

An attempt is counted before it is judged, so that a hundred guesses at once are no better than one. What is counted is
a keyed hash of the e-mail address, known or not, so a wait says nothing about which addresses exist. A browser that
signed in before carries a device cookie and is counted apart: strangers cannot lock its owner out, and who has lost
every device resets the password by mail, which clears the count.
"""

from __future__ import annotations

import hmac
import math
import secrets
from datetime import datetime, timedelta

from tradsy.domain.errors import Limited
from tradsy.identity.tokens import keyed_hash
from tradsy.platform.db import DbSession, sql

FREE_FAILURES = 4
MAX_WAIT = timedelta(minutes=15)
FORGET_AFTER = timedelta(days=1)

_RESERVE = sql(
    """
    insert into login_throttles as t (key, failures, blocked_until, last_at) values (:key, 1, :at, :at)
    on conflict (key) do update set
        failures = case when t.last_at < :forgotten then 1 else t.failures + 1 end,
        blocked_until = case when t.last_at < :forgotten or t.failures < :free then :at
            else cast(:at as timestamptz)
                + make_interval(secs => least(:longest, power(2, least(t.failures - :free, 30)))) end,
        last_at = :at
    where t.blocked_until <= :at
    returning failures
    """
)


async def reserve(session: DbSession, key: bytes, *, at: datetime) -> int:
    """Count one attempt as failed until `clear` says otherwise; return how many failed in a row.

    Raises:
        Limited: the wait after the last failure is not over.
    """
    values = {
        "key": key,
        "at": at,
        "free": FREE_FAILURES,
        "longest": MAX_WAIT.total_seconds(),
        "forgotten": at - FORGET_AFTER,
    }
    failures = (await session.execute(_RESERVE, values)).scalar()
    if failures is not None:
        return failures
    until = (
        await session.execute(sql("select blocked_until from login_throttles where key = :key"), {"key": key})
    ).scalar()
    left = (until - at).total_seconds() if until else 0
    raise Limited("Too many failed attempts: wait a little.", retry_after=max(1, math.ceil(left)))


async def clear(session: DbSession, key: bytes) -> None:
    """Forget the failures of a key: the attempt was right."""
    await session.execute(sql("delete from login_throttles where key = :key"), {"key": key})


async def purge(session: DbSession, *, at: datetime) -> int:
    """Delete what no longer slows anybody, in an engine transaction; return how many."""
    done = await session.execute(
        sql("delete from login_throttles where last_at < :forgotten returning 1"), {"forgotten": at - FORGET_AFTER}
    )
    return len(done.all())


def new_device(hash_key: bytes, email: str) -> str:
    """Return a device cookie for a browser in which `email` signed in: a nonce and a proof that we made it."""
    nonce = secrets.token_urlsafe(16)
    return f"{nonce}.{keyed_hash(hash_key, 'device', email, nonce).hex()}"


def is_known_device(hash_key: bytes, email: str, device: str | None) -> bool:
    """Return whether a device cookie was made for a sign-in of this very address."""
    nonce, _, proof = (device or "").partition(".")
    expected = keyed_hash(hash_key, "device", email, nonce).hex()
    return bool(nonce) and hmac.compare_digest(proof.encode(), expected.encode())


def throttle_key(hash_key: bytes, email: str, device: str | None) -> bytes:
    """Return what failures are counted under: the address, or this very browser of its owner."""
    if device and is_known_device(hash_key, email, device):
        return keyed_hash(hash_key, "throttle", email, device.partition(".")[0])
    return keyed_hash(hash_key, "throttle", email)
