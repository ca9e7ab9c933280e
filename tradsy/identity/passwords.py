"""Passwords: what is accepted, and Argon2id in a bounded pool so that a login flood cannot starve trading."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.low_level import Type

from tradsy.domain.errors import Unavailable
from tradsy.identity.errors import WeakPassword

_T = TypeVar("_T")
MIN_LENGTH = 8
MAX_LENGTH = 128
_PRODUCT = "tradsy"
THREADS = 2
QUEUE = 50


@cache
def _common() -> frozenset[str]:
    """Return the bundled list of the most common passwords, folded."""
    text = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line.strip().casefold() for line in text.splitlines() if line.strip())


def normalize(password: str) -> str:
    """Return the one spelling (NFC) under which a password is hashed, so that every keyboard types the same."""
    return unicodedata.normalize("NFC", password)


def check_password(password: str, context: Iterable[str] = ()) -> str:
    """Return the normalised password when it may be chosen; `context` are words that say who the user is.

    Raises:
        WeakPassword: too short, too long, too common, or little more than the product's or the user's name.
    """
    normal = normalize(password)
    if len(normal) < MIN_LENGTH:
        raise WeakPassword(f"A password has at least {MIN_LENGTH} characters.")
    if len(normal) > MAX_LENGTH:
        raise WeakPassword(f"A password has at most {MAX_LENGTH} characters.")
    folded = normal.casefold()
    if folded in _common() or len(set(folded)) < 4:
        raise WeakPassword("This password is among the most common ones.")
    rest = folded
    for word in sorted(_words(context), key=len, reverse=True):
        rest = rest.replace(word, "")
    if rest != folded and len(rest) < MIN_LENGTH:
        raise WeakPassword("This password is too close to your name, your address or the product's name.")
    return normal


def _words(context: Iterable[str]) -> set[str]:
    words = {_PRODUCT}
    for text in context:
        folded = text.casefold()
        words.update({folded, folded.partition("@")[0], *folded.replace("@", " ").replace(".", " ").split()})
    return {word for word in words if len(word) >= 3}


class PasswordPool:
    """Hashes and verifies in two threads; the fifty-first in the queue is told to come back."""

    def __init__(self, hasher: PasswordHasher | None = None, *, threads: int = THREADS, queue: int = QUEUE) -> None:
        # OWASP Password Storage Cheat Sheet (read 2026): Argon2id, 19 MiB, two passes, one lane; 20 ms here.
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._limit = threads + queue
        self._running = 0
        self._dummy = ""
        self.verifications = 0
        """How often a password was checked against a hash, real or dummy."""

    async def hash(self, password: str) -> str:
        """Return the Argon2id hash of a normalised password."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether a password matches; without a hash do the same work and return False."""
        self.verifications += 1
        if password_hash is None:
            await self._run(lambda: self._matches(self._dummy_hash(), normalize(password)))
            return False
        return await self._run(lambda: self._matches(password_hash, normalize(password)))

    def is_outdated(self, password_hash: str) -> bool:
        """Return whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def warm(self) -> None:
        """Make the dummy hash, so that the first unknown address is not slower than the next."""
        self._dummy_hash()

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _dummy_hash(self) -> str:
        if not self._dummy:
            self._dummy = self._hasher.hash(secrets.token_urlsafe(16))
        return self._dummy

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], _T]) -> _T:
        if self._running >= self._limit:
            raise Unavailable("Too many sign-ins at this moment: try again in a few seconds.", retry_after=5)
        self._running += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # The slot frees when the thread is done, not when a caller that hung up stops waiting.
        future.add_done_callback(self._done)
        return await asyncio.shield(future)

    def _done(self, _: object) -> None:
        self._running -= 1
