"""Sealed secrets: bound to their row, closed to every change, re-sealed under load without one failed read."""

from __future__ import annotations

import asyncio
import itertools
import json
import stat
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from tradsy.domain.ids import UserId
from tradsy.platform import keyring
from tradsy.platform.clock import FrozenClock, SystemClock
from tradsy.platform.db import Database, sql
from tradsy.platform.failpoints import FailpointReached, arm
from tradsy.platform.ids import new_id
from tradsy.platform.installation import Installation, UnsafeInstallation
from tradsy.platform.keyring import KeyRetired, KeyRing
from tradsy.platform.logging import redact_text
from tradsy.platform.settings import Settings
from tradsy.platform.vault import SealContext, SealedColumn, SecretDoesNotOpen, Vault, count_left, rewrap

CREDENTIALS = SealedColumn("connections", "credential")
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
SECRET = "Vn3kTq8wLs5zXc1mRf7yHb2gJd9pAe4uKo6iQx0E"


def installation(folder: Path) -> Installation:
    made = Installation(Settings(data_dir=folder))
    made.prepare()
    return made


def vault_in(folder: Path, clock: Any = None) -> Vault:
    clock = clock or SystemClock()
    return Vault(KeyRing(installation(folder), clock), clock)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return vault_in(tmp_path)


def place(**changes: Any) -> SealContext:
    values: dict[str, Any] = {
        "table": "connections",
        "column": "credential",
        "row_id": UUID(int=1),
        "user_id": UserId(UUID(int=2)),
        "created_at": AT,
    }
    return SealContext(**{**values, **changes})


def test_sealed_secret_opens_in_its_row_and_is_known_to_the_redactor(vault: Vault) -> None:
    sealed = vault.seal(SecretStr(SECRET), place())
    assert SECRET.encode() not in sealed
    assert vault.open(sealed, place()).get_secret_value() == SECRET
    assert SECRET not in redact_text(f"x {SECRET}")
    assert SECRET not in repr(vault.open(sealed, place()))


def test_same_secret_never_seals_alike(vault: Vault) -> None:
    assert len({vault.seal(SecretStr("same"), place()) for _ in range(50)}) == 50


@given(st.text(max_size=400).filter(lambda value: not any("\ud800" <= c <= "\udfff" for c in value)))
@settings(max_examples=50)
def test_any_text_round_trips(text_: str) -> None:
    vault = SHARED[0]
    assert vault.open(vault.seal(SecretStr(text_), place()), place()).get_secret_value() == text_


SHARED: list[Vault] = []


@pytest.fixture(autouse=True, scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    SHARED[:] = [vault_in(tmp_path_factory.mktemp("vault"))]


def test_each_part_of_the_place_is_bound(vault: Vault) -> None:
    sealed = vault.seal(SecretStr(SECRET), place())
    for change in (
        {"table": "users"},
        {"column": "other"},
        {"row_id": UUID(int=9)},
        {"user_id": UserId(UUID(int=9))},
        {"user_id": None},
        {"created_at": AT + timedelta(microseconds=1)},
    ):
        with pytest.raises(SecretDoesNotOpen):
            vault.open(sealed, place(**change))
    # The same moment written in another zone is the same place.
    vault.open(sealed, place(created_at=AT.astimezone()))


def test_each_flipped_bit_and_each_cut_fails_closed_with_one_error(vault: Vault) -> None:
    sealed = vault.seal(SecretStr("abc"), place())
    changed = [
        sealed[:at] + bytes([sealed[at] ^ (1 << bit)]) + sealed[at + 1 :]
        for at in range(len(sealed))
        for bit in range(8)
    ]
    cut = [sealed[:length] for length in range(len(sealed))] + [sealed + b"\0", b""]
    for broken in changed + cut:
        with pytest.raises(SecretDoesNotOpen) as caught:
            vault.open(broken, place())
        assert caught.value.__cause__ is None
        assert str(caught.value) == SecretDoesNotOpen.title


def test_planted_data_key_is_refused(vault: Vault, tmp_path: Path) -> None:
    other = vault_in(tmp_path / "other")
    planted = other.seal(SecretStr(SECRET), place())
    with pytest.raises(SecretDoesNotOpen):
        vault.open(planted, place())
    # A wrapped key of the same vault with the ciphertext of another record.
    first, second = vault.seal(SecretStr("one"), place()), vault.seal(SecretStr("two"), place())
    with pytest.raises(SecretDoesNotOpen):
        vault.open(first[:45] + second[45:], place())


def test_rotation_opens_both_until_the_old_key_is_retired(tmp_path: Path) -> None:
    vault, other = vault_in(tmp_path), vault_in(tmp_path)
    old = vault.seal(SecretStr("old"), place())
    assert vault.rotate(own_file=True) == 2
    assert other.current_kek == 2, "another process of the folder follows"
    new = other.seal(SecretStr("new"), place())
    assert vault.open(old, place()).get_secret_value() == "old"
    assert vault.open(new, place()).get_secret_value() == "new"
    with pytest.raises(KeyRetired):
        vault.retire(2)
    other.open(old, place())
    vault.retire(1)
    for each in (vault, other):
        with pytest.raises(SecretDoesNotOpen):
            each.open(old, place())
        assert each.open(new, place()).get_secret_value() == "new"
    assert vault.rotate(own_file=True) == 3
    vault.retire(2, destroy=True)
    assert not (tmp_path / "keys" / "kek-2.key").exists()
    with pytest.raises(SecretDoesNotOpen):
        vault_in(tmp_path).open(new, place())


def test_key_files_are_private_and_refused_otherwise(tmp_path: Path) -> None:
    vault_in(tmp_path).rotate(own_file=True)
    path = tmp_path / "keys" / "kek-2.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    path.chmod(0o444)
    with pytest.raises(UnsafeInstallation, match="readable by others"):
        vault_in(tmp_path).seal(SecretStr("x"), place())
    path.chmod(0o600)
    path.write_text("short")
    with pytest.raises(UnsafeInstallation, match="32 bytes"):
        vault_in(tmp_path).seal(SecretStr("x"), place())


def test_wraps_are_counted_on_disk_before_they_happen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "_BLOCK", 4)
    monkeypatch.setattr(keyring, "WRAPS_MOST", 20)
    first, second = vault_in(tmp_path), vault_in(tmp_path)
    for vault in itertools.islice(itertools.cycle((first, second)), 14):
        vault.seal(SecretStr("x"), place())
    ring = json.loads((tmp_path / "keys" / "ring.json").read_bytes())
    assert ring["current"] == 1
    assert 14 <= ring["keys"]["1"]["wraps"] <= 20
    for _ in range(10):
        first.seal(SecretStr("x"), place())
    assert second.current_kek == 2, "a spent key is replaced by itself"


def test_key_older_than_a_year_is_replaced(tmp_path: Path) -> None:
    clock = FrozenClock(AT)
    vault = vault_in(tmp_path, clock)
    old = vault.seal(SecretStr("old"), place())
    clock.advance(timedelta(days=366))
    vault.seal(SecretStr("x"), place())
    assert vault.current_kek == 2
    assert vault.open(old, place()).get_secret_value() == "old"


@pytest_asyncio.fixture
async def rows(database: Database, vault: Vault) -> AsyncGenerator[list[SealContext]]:
    places = [
        SealContext("connections", "credential", new_id(), UserId(new_id()), AT + timedelta(seconds=n))
        for n in range(1_200)
    ]
    async with database.as_engine() as session:
        await session.execute(
            sql(
                "insert into connections (id, user_id, venue, label, environment, partition, idempotency, state, "
                "credential, created_at, updated_at) select id, user_id, 'sim', 'x', 'paper', 1, 'A', 'active', "
                "credential, at, at from unnest(cast(:ids as uuid[]), cast(:users as uuid[]), "
                "cast(:sealed as bytea[]), cast(:ats as timestamptz[])) as new (id, user_id, credential, at)"
            ),
            {
                "ids": [each.row_id for each in places],
                "users": [each.user_id for each in places],
                "sealed": [vault.seal(SecretStr(f"secret of {each.row_id}"), each) for each in places],
                "ats": [each.created_at for each in places],
            },
        )
    yield places
    async with database.as_engine() as session:
        await session.execute(sql("update connections set credential = null"))


async def read(database: Database, vault: Vault, context: SealContext) -> str:
    async with database.as_engine() as session:
        sealed = await session.execute(sql("select credential from connections where id = :id"), {"id": context.row_id})
        return vault.open(sealed.scalar_one(), context).get_secret_value()


async def test_rewrap_under_load_and_crashes_loses_nothing(
    database: Database, vault: Vault, rows: list[SealContext]
) -> None:
    vault.rotate()
    reads = 0
    stop = asyncio.Event()

    async def reader() -> None:
        nonlocal reads
        for context in itertools.cycle(rows):
            assert await read(database, vault, context) == f"secret of {context.row_id}"
            reads += 1
            if stop.is_set():
                return

    reading = asyncio.create_task(reader())
    for _ in range(2):
        arm("during_rewrap=raise:once")
        with pytest.raises(FailpointReached):
            await rewrap(database, vault, CREDENTIALS, batch=100)
    arm("")
    async with database.as_engine() as session:
        assert await count_left(session, vault, CREDENTIALS) == len(rows), "a crash in a batch undoes that batch"
    done = await asyncio.gather(*(rewrap(database, vault, CREDENTIALS, batch=100) for _ in range(2)))
    stop.set()
    await reading
    assert sum(done) == len(rows)
    assert reads > 0
    async with database.as_engine() as session:
        assert await count_left(session, vault, CREDENTIALS) == 0
    vault.retire(1)
    for context in rows[::40]:
        assert await read(database, vault, context) == f"secret of {context.row_id}"


async def test_row_copied_to_another_user_does_not_open(
    database: Database, vault: Vault, rows: list[SealContext]
) -> None:
    async with database.as_engine() as session:
        await session.execute(
            sql(
                "update connections set credential = (select credential from connections where id = :one) "
                "where id = :two"
            ),
            {"one": rows[0].row_id, "two": rows[1].row_id},
        )
    with pytest.raises(SecretDoesNotOpen):
        await read(database, vault, rows[1])
