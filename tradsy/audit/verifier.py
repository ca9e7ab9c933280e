"""Check an exported audit chain without Tradsy: this one file and Python's standard library are enough.

    python verifier.py export.jsonl [--pin checkpoint.txt] [--key BASE64]

The export proves that its events are linked without a gap (SHA-256), that they stand in the tree of all events whose
root was signed (RFC 9162 Merkle tree, C2SP tlog-checkpoint, Ed25519), and that it is whole (signed statement). With
`--pin`, a checkpoint that was kept earlier (the daily notice, or a line of checkpoints.log), it also proves that
nothing under that checkpoint was rewritten since, not even by who holds the signing key. `--key` says which key is
believed; without it the export's own key is used and shown. Exit code: 0 verified, 1 tampered or unproven, 2 usage.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from bisect import bisect_left
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

FORMAT = "tradsy-audit-export/1"
DOMAIN = b"tradsy/audit/event/v1\n"
_KEYS = {
    "header": ["format", "chain_id", "public_key", "checkpoint"],
    "event": ["seq", "canonical", "prev_hash", "hash", "position"],
    "node": ["first", "past", "node"],
    "footer": ["statement"],
}


class Tampered(Exception):
    """The export contradicts itself, its signatures or the pinned checkpoint."""


class Report(NamedTuple):
    """What was proved."""

    chain_id: str
    events: int
    covered: int
    size: int
    pinned: int
    key: str


class Note(NamedTuple):
    """A signed note's lines: a checkpoint (origin, size, root) or a statement about one export."""

    origin: str
    lines: list[str]


# Ed25519 (RFC 8032): the curve -x^2 + y^2 = 1 + d x^2 y^2 over 2^255 - 19, points as (X, Y, Z, T).
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:
    left, right = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    t, z = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = right - left, z - t, z + t, right + left
    return e * f % P, g * h % P, f * g % P, e * h % P


def _multiply(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point, scalar = _add(point, point), scalar >> 1
    return total


def _decompress(data: bytes) -> Point:
    number = int.from_bytes(data, "little")
    y, sign = number & (2**255 - 1), number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if len(data) != 32 or y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def _compress(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = _decompress(_BASE_Y.to_bytes(32, "little"))


def verify_signature(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether `signature` is the Ed25519 signature of `message` under `public_key`."""
    scalar = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or scalar >= ORDER:
        return False
    try:
        x, y, z, t = _decompress(public_key)
    except ValueError:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    expected = _add(_multiply(scalar, BASE), _multiply(challenge, (P - x, y, z, P - t)))
    return _compress(expected) == signature[:32]


def _bytes(value: Any, length: int | None = None) -> bytes:
    """Decode base64 that has exactly one spelling."""
    data = base64.b64decode(value, validate=True)
    if base64.b64encode(data).decode() != value or (length is not None and len(data) != length):
        raise ValueError("not canonical base64 of the right length")
    return data


def open_note(text: str, public_key: bytes) -> Note:
    """Return the lines of a C2SP signed note that `public_key` signed; other signers are passed over."""
    body, _, signatures = text.partition("\n\n")
    origin, *lines = body.split("\n")
    key_id = hashlib.sha256(origin.split("/chain")[0].encode() + b"\n\x01" + public_key).digest()[:4]
    for line in signatures.split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash == "\u2014" and name == origin.split("/chain")[0] and text.endswith("\n"):
            signature = _bytes(encoded, 68)
            if signature[:4] == key_id and verify_signature(public_key, (body + "\n").encode(), signature[4:]):
                return Note(origin, lines)
    raise Tampered("a signed note has no valid signature of the key")


def _read_checkpoint(text: str, public_key: bytes) -> tuple[str, int, bytes]:
    note = open_note(text, public_key)
    if len(note.lines) < 2 or not note.lines[0].isdecimal() or int(note.lines[0]) < 1 or "/chain" in note.origin:
        raise Tampered("a checkpoint is malformed")
    return note.origin, int(note.lines[0]), _bytes(note.lines[1], 32)


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class _Tree:
    """The tree of all events, as far as the export shows it: own leaves, and hashes that stand for the rest."""

    def __init__(self, leaves: dict[int, bytes], nodes: dict[tuple[int, int], bytes]) -> None:
        self._leaves, self._positions, self._nodes = leaves, sorted(leaves), nodes
        self._seen: dict[tuple[int, int], bytes] = {}

    def root(self, first: int, past: int, pin: int) -> bytes:
        """Return the root over [first, past); a given hash never stands for own leaves or for both sides of the pin."""
        own = bisect_left(self._positions, first) < bisect_left(self._positions, past)
        if past - first == 1 and own:
            value = hashlib.sha256(b"\0" + self._leaves[first]).digest()
        elif not own and not first < pin < past and (first, past) in self._nodes:
            value = self._nodes[first, past]
        elif past - first == 1:
            raise Tampered(f"the export has no proof for position {first} (for another pin, export again with it)")
        else:
            middle = first + (1 << (past - first - 1).bit_length() - 1)
            value = _node_hash(self.root(first, middle, pin), self.root(middle, past, pin))
        self._seen[first, past] = value
        return value

    def earlier_root(self, first: int, past: int) -> bytes:
        """Return the root of an earlier size, from nothing but hashes that the present root was computed from."""
        if (first, past) in self._seen:
            return self._seen[first, past]
        if past - first <= 1:
            raise Tampered("the export does not prove the pinned checkpoint")
        middle = first + (1 << (past - first - 1).bit_length() - 1)
        return _node_hash(self.earlier_root(first, middle), self.earlier_root(middle, past))


def _parse(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Return (kind, object) for each line; a line that could be written in another way is refused."""
    *lines, rest = data.split(b"\n")
    if rest or len(lines) < 2:
        raise Tampered("the export is cut off")
    parsed: list[tuple[str, dict[str, Any]]] = []
    for number, line in enumerate(lines, 1):
        entry: dict[str, Any] = json.loads(line)
        kind = next((kind for kind, keys in _KEYS.items() if [*entry] == keys), "")
        if json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode() != line or not kind:
            raise Tampered(f"line {number} is malformed")
        if (kind == "header") != (number == 1) or (kind == "footer") != (number == len(lines)):
            raise Tampered(f"line {number} is out of place")
        parsed.append((kind, entry))
    return parsed


def _check_chain(chain_id: UUID, events: list[dict[str, Any]]) -> tuple[bytes, dict[int, bytes]]:
    """Return the last hash and the hashes by position of a chain that is linked from its first event on."""
    previous, position, leaves = bytes(32), -1, dict[int, bytes]()
    for seq, event in enumerate(events, 1):
        if event["seq"] != seq or type(event["seq"]) is not int:
            raise Tampered(f"event {seq} is missing or out of order")
        canonical = _bytes(event["canonical"])
        digest = hashlib.sha256(
            b"\0" + DOMAIN + chain_id.bytes + seq.to_bytes(8, "big") + previous + canonical
        ).digest()
        if _bytes(event["prev_hash"]) != previous or _bytes(event["hash"]) != digest:
            raise Tampered(f"event {seq} was changed: its hash does not follow")
        previous = digest
        if event["position"] is None:
            continue
        # Positions grow with the chain, so only its newest events may still wait for a checkpoint.
        if type(event["position"]) is not int or event["position"] <= position or len(leaves) != seq - 1:
            raise Tampered(f"event {seq} has an impossible position")
        position = event["position"]
        leaves[position] = digest
    return previous, leaves


def verify(data: bytes, *, pin: str | None = None, key: str | None = None) -> Report:
    """Check an export; raises Tampered with the reason."""
    try:
        return _verify(data, pin, key)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise Tampered(f"the export is malformed ({type(error).__name__})") from None


def _verify(data: bytes, pin: str | None, key: str | None) -> Report:
    entries = _parse(data)
    header, footer = entries[0][1], entries[-1][1]
    if header["format"] != FORMAT or (key is not None and key != header["public_key"]):
        raise Tampered("the export has another format, or is signed with another key than the given one")
    public_key, chain_id = _bytes(header["public_key"], 32), UUID(header["chain_id"])
    events = [entry for kind, entry in entries if kind == "event"]
    nodes = {(n["first"], n["past"]): _bytes(n["node"], 32) for kind, n in entries if kind == "node"}
    last, leaves = _check_chain(chain_id, events)
    origin, size, root = _read_checkpoint(header["checkpoint"], public_key) if header["checkpoint"] else ("", 0, b"")
    statement = open_note(footer["statement"], public_key)
    digest = hashlib.sha256(data[: data.rindex(b"\n", 0, -1) + 1]).digest()
    expected = [str(chain_id), str(len(events)), last.hex(), str(size), digest.hex()]
    if statement.lines != expected or statement.origin != (origin or statement.origin.split("/chain")[0]) + "/chain":
        raise Tampered("the export is not what was signed")
    pinned_size, pinned_root = _read_checkpoint(_pick_note(pin), public_key)[1:] if pin is not None else (0, b"")
    if pinned_size > size:
        raise Tampered(
            f"the pinned checkpoint covers {pinned_size} events, this export only {size}: it was rolled back"
        )
    tree = _Tree(leaves, nodes)
    if max(leaves, default=-1) >= size or (size and tree.root(0, size, pinned_size) != root):
        raise Tampered("the events do not stand under the signed checkpoint")
    if pinned_size and tree.earlier_root(0, pinned_size) != pinned_root:
        raise Tampered("the history under the pinned checkpoint was rewritten")
    return Report(str(chain_id), len(events), len(leaves), size, pinned_size, header["public_key"])


def _pick_note(text: str) -> str:
    """Return the checkpoint of a pin file: the note itself, or the newest line of a checkpoints.log."""
    return json.loads(text.strip().split("\n")[-1])["note"] if text.startswith("{") else text


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Check an exported Tradsy audit chain.")
    parser.add_argument("export", type=Path)
    parser.add_argument("--pin", type=Path, help="a checkpoint that was kept earlier")
    parser.add_argument("--key", help="the public key to believe, base64")
    options = parser.parse_args(arguments)
    try:
        data = options.export.read_bytes()
        pin = options.pin.read_text(encoding="utf-8") if options.pin else None
    except (OSError, UnicodeDecodeError) as error:
        parser.error(str(error))
    try:
        report = verify(data, pin=pin, key=options.key)
    except Tampered as error:
        sys.stdout.write(f"TAMPERED: {error}\n")
        return 1
    sys.stdout.write(
        f"OK: chain {report.chain_id}: {report.events} events linked without a gap, {report.covered} of them under the "
        f"signed checkpoint of {report.size} events.\n"
        + (f"Consistent with the pinned checkpoint of {report.pinned} events.\n" if pin is not None else "")
        + ("" if options.key else f"Signed with key {report.key}: compare it with the one you know (--key).\n")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
