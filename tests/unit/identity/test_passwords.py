"""Which passwords may be chosen, and that hashing them is bounded work."""

from __future__ import annotations

import asyncio
import threading
import unicodedata

import pytest
from argon2 import PasswordHasher

from tradsy.domain.errors import Unavailable
from tradsy.identity.errors import WeakPassword
from tradsy.identity.passwords import PasswordPool, check_password

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.mark.parametrize(
    "password",
    [
        "seven77",
        "password",
        "PassWord1",
        "12345678",
        "qwertyuiop",
        "aaaaaaaaaaaa",
        "ababababab",
        "iloveyou",
        "trustno1",
    ],
)
def test_weak_password_is_refused(password: str):
    with pytest.raises(WeakPassword) as caught:
        check_password(password)
    if password != "password":  # a word of the sentence itself
        assert password not in str(caught.value)


@pytest.mark.parametrize("password", ["tradsy2024", "Tradsy!!", "mia.miller1", "miamiller99", "mia@example.com"])
def test_password_made_of_context_is_refused(password: str):
    with pytest.raises(WeakPassword):
        check_password(password, ["mia.miller@example.com", "Mia Miller", "miamiller"])


@pytest.mark.parametrize(
    "password",
    [
        "kelp vantage 9",
        "tradsy kelp vantage",
        "пароль-от-всего",
        "x" * 60 + "yzabc",
        "      a b c d",
        "correct🐴battery",
        "k" * 124 + "yzab",
    ],
)
def test_good_password_is_taken_whole(password: str):
    assert check_password(password, ["mia@example.com"]) == password


def test_length_limit_is_128_characters_not_bytes():
    longest = "äbcd" * 32
    assert check_password(longest) == longest
    with pytest.raises(WeakPassword):
        check_password(longest + "e")


async def test_no_character_is_cut_off():
    pool = PasswordPool(CHEAP)
    longest = "äbcd" * 32
    password_hash = await pool.hash(longest)
    assert await pool.verify(password_hash, longest)
    assert not await pool.verify(password_hash, longest[:-1])
    assert not await pool.verify(password_hash, longest[:-1] + "x")
    pool.close()


async def test_composed_and_decomposed_spelling_are_one_password():
    pool = PasswordPool(CHEAP)
    password_hash = await pool.hash(check_password(unicodedata.normalize("NFD", "übermäßig-lang")))
    assert await pool.verify(password_hash, unicodedata.normalize("NFC", "übermäßig-lang"))
    assert await pool.verify(password_hash, unicodedata.normalize("NFD", "übermäßig-lang"))
    pool.close()


async def test_default_parameters_meet_the_minimum():
    pool = PasswordPool()
    password_hash = await pool.hash("kelp vantage 9")
    assert password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not pool.is_outdated(password_hash)
    assert pool.is_outdated(CHEAP.hash("kelp vantage 9"))
    pool.close()


async def test_unknown_account_costs_one_verification_too():
    pool = PasswordPool(CHEAP)
    pool.warm()
    assert not await pool.verify(None, "whatever it is")
    assert not await pool.verify("not a hash", "whatever it is")
    assert pool.verifications == 2
    pool.close()


class BlockingHasher(PasswordHasher):
    """Hashes only after it is let go."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.gate = threading.Event()
        self.most, self._now, self._lock = 0, 0, threading.Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self.gate.wait(20)
        with self._lock:
            self._now -= 1
        return super().hash(password, salt=salt)


async def test_full_queue_answers_unavailable_and_drains():
    hasher = BlockingHasher()
    pool = PasswordPool(hasher, threads=2, queue=3)
    waiting = [asyncio.create_task(pool.hash(f"kelp vantage {i}")) for i in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as caught:
        await pool.hash("kelp vantage 9")
    assert caught.value.context["retry_after"] > 0
    hasher.gate.set()
    assert len(set(await asyncio.gather(*waiting))) == 5
    assert hasher.most <= 2
    assert await pool.hash("kelp vantage 9")
    pool.close()


async def test_caller_that_hangs_up_keeps_its_slot_until_the_thread_is_done():
    hasher = BlockingHasher()
    pool = PasswordPool(hasher, threads=1, queue=0)
    first = asyncio.create_task(pool.hash("kelp vantage 9"))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    with pytest.raises(Unavailable):
        await pool.hash("kelp vantage 9")
    hasher.gate.set()
    pool.close()
