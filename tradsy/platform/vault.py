"""Secrets at rest: each sealed under a key of its own, which is wrapped by a key-encryption key (KEK).

Envelope: `version (1) | kek id (4) | AES-KW wrapped key (40) | nonce (12) | AES-256-GCM ciphertext | tag (16)`, with
`v1|table|column|row_id|user_id|kek_id|created` as additional data. So a record opens only in the row it was made for,
and AES-KW authenticates the data key, so a planted one is refused. Whatever does not open raises one error and is never
an empty value.

KEK `n` is `<data>/keys/kek-<n>.key` if that file exists (32 bytes in hex, mode 0400; it can be destroyed), else derived
from the master key, which every process of an installation can do. `<data>/keys/ring.json` says which seals, which are
retired, since when, and how often each has wrapped: a warning at 2^28, a new KEK at 2^30 or after 365 days.

Rotation without downtime: `rotate` (all processes open both), `rewrap` until `count_left` is 0, `retire` the old KEK.
"""

from __future__ import annotations

import secrets
import struct
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from pydantic import SecretStr

from tradsy.domain.errors import TradsyError
from tradsy.domain.ids import UserId
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DbSession, sql
from tradsy.platform.failpoints import failpoint
from tradsy.platform.keyring import KeyRetired, KeyRing
from tradsy.platform.logging import register_secret
from tradsy.platform.metrics import counter

log = structlog.get_logger(__name__)

_VERSION = 1
_HEAD = struct.Struct(">BI40s12s")
_TAG = 16
CACHE_TIME = timedelta(minutes=5)
_CACHED = 4096
REWRAP_BATCH = 500
OPENS = counter("tradsy_vault_opens_total", "Secrets opened.", ("outcome",))
SEALS = counter("tradsy_vault_seals_total", "Secrets sealed.")


class SecretDoesNotOpen(TradsyError):
    """A sealed secret was changed, cut, moved to another row, or its key is gone: all look the same on purpose."""

    code = "secret_does_not_open"
    title = "A stored secret does not open"


@dataclass(frozen=True, slots=True)
class SealContext:
    """Where a sealed secret stands; it opens nowhere else."""

    table: str
    column: str
    row_id: UUID
    user_id: UserId | None
    """None for a secret of the installation."""
    created_at: datetime
    """A column of the row that never changes; aware."""

    def bind(self, kek_id: int) -> bytes:
        """Return the additional authenticated data."""
        created = self.created_at.astimezone(UTC).isoformat(timespec="microseconds")
        parts = ("v1", self.table, self.column, self.row_id, self.user_id or "", kek_id, created)
        return "|".join(map(str, parts)).encode()


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed secrets, for rotation; names are constants of the code."""

    table: str
    column: str
    has_user: bool = True
    id_column: str = "id"
    created_column: str = "created_at"

    def context(self, row: Any) -> SealContext:
        """Return the context of a row with `id`, `user_id` and `created_at`."""
        return SealContext(self.table, self.column, row.id, row.user_id, row.created_at)


class Vault:
    """Seals and opens; one per process."""

    def __init__(self, ring: KeyRing, clock: Clock) -> None:
        self._ring = ring
        self._clock = clock
        self._unwrapped: OrderedDict[tuple[int, bytes], tuple[float, bytes]] = OrderedDict()

    @property
    def current_kek(self) -> int:
        """The KEK that seals now."""
        return self._ring.current

    def seal(self, plaintext: SecretStr, context: SealContext) -> bytes:
        """Return `plaintext` sealed for the place that `context` names."""
        kek_id, kek = self._ring.take_for_wrap()
        key, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
        sealed = AESGCM(key).encrypt(nonce, plaintext.get_secret_value().encode(), context.bind(kek_id))
        SEALS.inc()
        return _HEAD.pack(_VERSION, kek_id, aes_key_wrap(kek, key), nonce) + sealed

    def open(self, sealed: bytes, context: SealContext) -> SecretStr:
        """Return what was sealed, and make it known to the log redactor.

        Raises:
            SecretDoesNotOpen: the record was changed or moved, or its KEK is gone.
        """
        try:
            version, kek_id, wrapped, nonce = _HEAD.unpack_from(sealed)
            if version != _VERSION or len(sealed) < _HEAD.size + _TAG:
                raise SecretDoesNotOpen
            key = self._unwrap(kek_id, wrapped)
            value = AESGCM(key).decrypt(nonce, sealed[_HEAD.size :], context.bind(kek_id)).decode()
        except (struct.error, InvalidTag, InvalidUnwrap, KeyRetired, UnicodeDecodeError, SecretDoesNotOpen):
            OPENS.labels("refused").inc()
            # Without the cause: which check failed is nobody's business.
            raise SecretDoesNotOpen from None
        OPENS.labels("opened").inc()
        register_secret(value)
        return SecretStr(value)

    def _unwrap(self, kek_id: int, wrapped: bytes) -> bytes:
        # Asked first: a retired KEK opens nothing, whatever is cached.
        kek = self._ring.key(kek_id)
        now = self._clock.monotonic()
        cached = self._unwrapped.get((kek_id, wrapped))
        if cached is not None and cached[0] > now:
            return cached[1]
        key = aes_key_unwrap(kek, wrapped)
        self._unwrapped[kek_id, wrapped] = (now + CACHE_TIME.total_seconds(), key)
        self._unwrapped.move_to_end((kek_id, wrapped))
        if len(self._unwrapped) > _CACHED:
            self._unwrapped.popitem(last=False)
        return key

    def forget(self) -> None:
        """Empty the cache of unwrapped keys."""
        self._unwrapped.clear()

    def rotate(self, *, own_file: bool = False) -> int:
        """Seal with a new KEK from now on and return its id; `own_file` keeps it in a file that can be destroyed.

        Other processes of the folder follow at their next seal; records of older KEKs go on opening.
        """
        return self._ring.add(own_file=own_file)

    def retire(self, kek_id: int, *, destroy: bool = False) -> None:
        """Open nothing more under `kek_id`; `destroy` also deletes its file. Only once `count_left` is 0.

        Raises:
            KeyRetired: it seals now, or is not known.
        """
        self._ring.retire(kek_id, destroy=destroy)
        self.forget()


def _old_under(target: SealedColumn) -> str:
    """Return the condition for rows not sealed by the KEK `:kek` (its id as 4 bytes)."""
    return f"{target.column} is not null and substring({target.column} from 2 for 4) <> :kek"


async def count_left(session: DbSession, vault: Vault, target: SealedColumn) -> int:
    """Return how many rows are not under the current KEK (as `tradsy_engine`)."""
    statement = sql(f"select count(*) from {target.table} where {_old_under(target)}")
    return int((await session.execute(statement, {"kek": vault.current_kek.to_bytes(4)})).scalar_one())


async def rewrap(database: Database, vault: Vault, target: SealedColumn, *, batch: int = REWRAP_BATCH) -> int:
    """Seal every row of `target` again under the current KEK, a batch a transaction; return how many.

    Safe to run beside readers and writers and to be killed: rows in use are passed over and taken by a later round.

    Raises:
        SecretDoesNotOpen: a row does not open; the rows before it are done.
    """
    total = 0
    while True:
        async with database.as_engine() as session:
            done = await _rewrap_batch(session, vault, target, batch)
            failpoint("during_rewrap")
        total += done
        if not done:
            return total


async def _rewrap_batch(session: DbSession, vault: Vault, target: SealedColumn, batch: int) -> int:
    user = "user_id" if target.has_user else "cast(null as uuid) as user_id"
    found = await session.execute(
        sql(
            f"select {target.id_column} as id, {user}, {target.created_column} as created_at, "
            f"{target.column} as sealed from {target.table} where {_old_under(target)} "
            f"order by {target.id_column} limit :batch for update skip locked"
        ),
        {"kek": vault.current_kek.to_bytes(4), "batch": batch},
    )
    rows = found.all()
    if not rows:
        return 0
    fresh = [vault.seal(vault.open(row.sealed, context), context) for row in rows if (context := target.context(row))]
    # Compare and set: a record that changed since it was read is left to the next round.
    changed = await session.execute(
        sql(
            f"update {target.table} as t set {target.column} = new.fresh from "
            "unnest(cast(:ids as uuid[]), cast(:old as bytea[]), cast(:fresh as bytea[])) as new (id, old, fresh) "
            f"where t.{target.id_column} = new.id and t.{target.column} = new.old returning 1"
        ),
        {"ids": [row.id for row in rows], "old": [row.sealed for row in rows], "fresh": fresh},
    )
    return len(changed.all())
