"""Signed notes (C2SP signed-note, tlog-checkpoint): a text anyone can keep, and the Ed25519 signature under it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tradsy.audit.errors import AuditBroken
from tradsy.platform.installation import Installation

_ED25519 = b"\x01"
"""Signature type of a signed note's key id."""


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding."""
    return base64.b64encode(data).decode()


def key_origin(public_key: bytes) -> str:
    """Return the log's name, which is derived from its key."""
    return f"tradsy/{hashlib.sha256(public_key).hexdigest()[:16]}"


def _key_id(public_key: bytes) -> bytes:
    return hashlib.sha256(f"{key_origin(public_key)}\n".encode() + _ED25519 + public_key).digest()[:4]


def check_checkpoint(note: str, size: int, root: bytes, public_key: bytes) -> None:
    """Check that `note` is the checkpoint of `size` and `root` that the key signed.

    Raises:
        AuditBroken: it is another one, or its signature is wrong.
    """
    origin = key_origin(public_key)
    body = f"{origin}\n{size}\n{encode_base64(root)}\n"
    start = f"{body}\n\u2014 {origin} "
    try:
        signature = base64.b64decode(note.removeprefix(start).removesuffix("\n"), validate=True)
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature[4:], body.encode())
    except (ValueError, InvalidSignature):
        signature = b""
    if not note.startswith(start) or signature[:4] != _key_id(public_key):
        raise AuditBroken(f"Checkpoint {size} does not carry the root of its events under our signature.")


class NoteSigner:
    """The installation's audit key."""

    def __init__(self, installation: Installation) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(installation.derive_key("audit-signing"))
        self.public_key = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.origin = key_origin(self.public_key)

    def checkpoint(self, size: int, root: bytes) -> str:
        """Return the signed root of the tree at `size`."""
        return self._sign([self.origin, str(size), encode_base64(root)])

    def statement(self, chain_id: UUID, seq: int, head: bytes, size: int, digest: bytes) -> str:
        """Return the signed word that an export is whole: its chain's head, its checkpoint's size, its SHA-256."""
        return self._sign([f"{self.origin}/chain", str(chain_id), str(seq), head.hex(), str(size), digest.hex()])

    def _sign(self, lines: Sequence[str]) -> str:
        body = "".join(f"{line}\n" for line in lines)
        signature = encode_base64(_key_id(self.public_key) + self._key.sign(body.encode()))
        return f"{body}\n\u2014 {self.origin} {signature}\n"
