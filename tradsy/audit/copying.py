"""Reading every event at the speed of COPY: rows are checked in the raw stream, without becoming objects."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from uuid import UUID

from tradsy.audit.canonical import DOMAIN, ZERO_HASH
from tradsy.audit.errors import AuditBroken

# The columns serve filters only, yet they must say what was hashed. PostgreSQL's to_json writes strings as RFC 8785.
_START = (
    """convert_to('{"action":' || to_json(e.action) || ',"actor":' || to_json(e.actor) || ',"at":"' || """
    """to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '","data":{', 'UTF8')"""
)
_END = """convert_to('},"subject":' || to_json(e.subject) || '}', 'UTF8')"""
COLUMNS_AGREE = (
    f"position({_START} in e.canonical) = 1 and "
    f"substring(e.canonical from octet_length(e.canonical) - octet_length({_END}) + 1) = {_END}"
)
EVENTS = (
    f"select e.hash, {COLUMNS_AGREE}, e.chain_id, e.seq, e.prev_hash, e.canonical "
    "from audit_events e order by e.chain_id, e.seq"
)

# PostgreSQL's binary COPY: a header of 19 bytes without options, then rows of a field count (2 bytes) and, for each
# field, its length (4 bytes) and value; a field count of -1 ends it. All our fields but the last have a fixed length.
_HEADER = 19
_FIELDS = (6).to_bytes(2, "big") + (32).to_bytes(4, "big")
_HASH = len(_FIELDS)
_AGREE = _HASH + 32
_TRUE = b"\0\0\0\1\1"
_CHAIN = _AGREE + len(_TRUE)
_CHAIN_LENGTH, _SEQ_LENGTH, _PREV_LENGTH = ((n).to_bytes(4, "big") for n in (16, 8, 32))
_CANONICAL_LENGTH = _CHAIN + 4 + 16 + 4 + 8 + 4 + 32
_CANONICAL = _CANONICAL_LENGTH + 4


class ChainChecker:
    """Follows all chains through the binary COPY of `EVENTS`; `heads` are (seq, hash) by chain id."""

    def __init__(self, heads: Mapping[bytes, tuple[int, bytes]]) -> None:
        self.events = 0
        self.chains = 0
        self._heads = heads
        self._rest = b""
        self._chain = b""
        self._seq = 0
        self._previous = ZERO_HASH
        self._started = False
        self._broken: AuditBroken | None = None

    async def feed(self, piece: bytes) -> None:
        """Take the next piece of the stream; what is wrong with it is told by `finish`.

        Raising here would leave the driver in the middle of a COPY, which it does not survive.
        """
        if self._broken is not None:
            return
        data = self._rest + piece
        offset = 0
        if not self._started and len(data) >= _HEADER:
            offset, self._started = _HEADER, True
        try:
            self._rest = data[self._check_rows(data, offset) :]
        except AuditBroken as error:
            self._broken = error

    def finish(self) -> None:
        """Tell what was found.

        Raises:
            AuditBroken: an event was changed, is missing, or does not follow from the one before it; a chain ends
                before its head or lacks all of its events; or the stream is cut off.
        """
        if self._broken is not None:
            raise self._broken
        if self.chains:
            self._check_head(self._chain, self._seq, self._previous)
        if self._rest != b"\xff\xff" or self.chains != sum(1 for seq, _ in self._heads.values() if seq):
            raise AuditBroken("A chain's events are missing altogether.")

    def _check_rows(self, data: bytes, offset: int) -> int:
        """Check all whole rows from `offset` on, and return where they end."""
        sha256, size, start = hashlib.sha256, len(data), b"\0" + DOMAIN
        chain, count, previous = self._chain, self._seq, self._previous
        while offset + _CANONICAL <= size:
            canonical = offset + _CANONICAL
            past = canonical + int.from_bytes(data[canonical - 4 : canonical], "big")
            if past > size:
                break
            if not data.startswith(chain, offset + _CHAIN + 4) or not count:
                chain = self._next_chain(data[offset + _CHAIN + 4 : offset + _CHAIN + 20], count, previous)
                count, previous = 0, ZERO_HASH
            seq = (count + 1).to_bytes(8, "big")
            digest = sha256(start + chain + seq + previous + data[canonical:past]).digest()
            place = _CHAIN_LENGTH + chain + _SEQ_LENGTH + seq + _PREV_LENGTH + previous
            if not data.startswith(_FIELDS + digest + _TRUE + place, offset):
                raise AuditBroken(
                    f"Event {count + 1} of chain {UUID(bytes=chain)} is missing, was changed, "
                    "or one of its columns is not what was hashed."
                )
            count, previous, offset = count + 1, digest, past
            self.events += 1
        self._chain, self._seq, self._previous = chain, count, previous
        return offset

    def _next_chain(self, chain: bytes, count: int, previous: bytes) -> bytes:
        if self.chains:
            self._check_head(self._chain, count, previous)
        self.chains += 1
        self._chain = chain
        return chain

    def _check_head(self, chain: bytes, count: int, previous: bytes) -> None:
        if self._heads.get(chain) != (count, previous):
            raise AuditBroken(f"Chain {UUID(bytes=chain)} does not end at its head: events are missing or were added.")
