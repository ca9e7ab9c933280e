"""Takes secrets out of text: those with a telling form, and those that were registered, however they are written."""

from __future__ import annotations

import base64
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote, quote_plus

REDACTED = "[redacted]"
SENSITIVE_KEYS = re.compile(
    r"pass(?:word|phrase|wd)?$|secret|token|(?:api|access|private|signing|master|session)_?key|authorization|cookie|"
    r"credential|private|ticket|otp|seed$|dsn$|signature|database_url|nats_url|session_id",
    re.IGNORECASE,
)
# Tradsy's own secrets are marked (`ts..._`), and so are bearer values and credentials inside URLs. `name=value` pairs
# and the values that pydantic and SQLAlchemy put into their errors are taken out whole; what `keep` matches stays.
_SENSITIVE_TEXT = re.compile(
    r"\b(?:ts[a-z]{1,3}_[A-Za-z0-9_-]{16,})|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|(?<=/hooks/tradingview/)[^/\s?\"']+"
    r"|(?<=input_value=).+?(?=, input_type=)|(?<=\[parameters: ).+?(?=\](?:\s|\\n|$))"
    r"|(?P<scheme>\b(?i:bearer|basic)\s+)[A-Za-z0-9._~+/-]{8,}=*"
    r"|(?P<cookie>\b(?i:(?:set-)?cookie)(?:\\?[\"'])?\s*[=:]\s*\\?[\"']?)(?!\[redacted)[^\r\n\"'\\]+"
    r"|(?P<name>(?i:\b(?:pass(?:word|wd|phrase)|client_secret|secret|api[_-]?key|access[_-]?token|refresh[_-]?token|"
    r"authorization)\b(?:\\?[\"'])?\s*[=:]\s*))(?!\[redacted|(?i:bearer|basic)\s)"
    r"(?:(?P<quote>\\?[\"'])(?:(?!(?P=quote)).)*|[^\s\"',;&})\]\\]+)",
    re.DOTALL,
)
_SHORTEST = 8
"""Characters below which a registered value would hide ordinary words."""
_END = 12
"""Characters of either end of a long secret that give it away."""
_MOST = 20_000
"""Secrets remembered; the one that was registered longest ago is forgotten first."""


def _base64_forms(raw: bytes) -> Iterable[str]:
    """Yield what base64 makes of `raw` inside longer data: three alignments, less the characters neighbours share."""
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        first = (offset * 8 + 5) // 6
        last = (offset + len(raw)) * 8 // 6
        yield text[first:last]
        yield text[first:last].replace("+", "-").replace("/", "_")


def _forms(secret: str) -> set[str]:
    raw = secret.encode(errors="surrogatepass")
    forms = {secret, raw.hex(), raw.hex().upper(), quote(secret, safe=""), quote_plus(secret)}
    forms.update(_base64_forms(raw))
    forms.add(secret.encode("unicode_escape").decode())
    forms.add(secret.replace("\\", "\\\\").replace('"', '\\"').replace("/", "\\/"))
    forms.add(secret.replace("\\", "\\\\").replace('"', '\\"'))
    if len(secret) >= 2 * _END:
        forms.update((secret[:_END], secret[-_END:]))
    return {form for form in forms if len(form) >= _SHORTEST}


_Span = tuple[int, int]
"""First place and the one past the last."""


class _Register:
    """Registered secrets, found by their first eight characters: the cost of a text does not grow with their number."""

    def __init__(self) -> None:
        self._secrets: OrderedDict[str, set[str]] = OrderedDict()
        self._index: dict[str, set[str]] = {}

    def add(self, secret: str) -> None:
        if secret in self._secrets:
            self._secrets.move_to_end(secret)
            return
        forms = self._secrets[secret] = _forms(secret)
        for form in forms:
            self._index.setdefault(form[:_SHORTEST], set()).add(form)
        if len(self._secrets) > _MOST:
            self.forget(next(iter(self._secrets)))

    def forget(self, secret: str) -> None:
        for form in self._secrets.pop(secret, ()):
            bucket = self._index.get(form[:_SHORTEST], set())
            bucket.discard(form)
            if not bucket:
                self._index.pop(form[:_SHORTEST], None)

    def spans(self, text: str) -> list[_Span]:
        """Return where registered secrets stand in `text`, in order."""
        index = self._index
        found: list[_Span] = []
        at, last = 0, len(text) - _SHORTEST if index else -1
        while at <= last:
            forms = index.get(text[at : at + _SHORTEST])
            length = max((len(form) for form in forms if text.startswith(form, at)), default=0) if forms else 0
            if length:
                found.append((at, at + length))
            at += length or 1
        return found

    def redact(self, text: str) -> str:
        """Return `text` with every registered secret in it replaced."""
        return _cover(text, self.spans(text))


def _cover(text: str, spans: Sequence[_Span]) -> str:
    """Replace what the spans hold; those that touch become one."""
    if not spans:
        return text
    parts: list[str] = []
    shown = 0
    hidden = -1
    for start, end in sorted(spans):
        if start > hidden:
            parts += (text[shown:start], REDACTED)
        hidden = shown = max(end, hidden)
    return "".join((*parts, text[shown:]))


_register = _Register()


def register_secret(value: str) -> None:
    """Remember a secret that has no telling form (a broker's key, a password of an engine) for the redactor.

    It is then found raw, in hex, URL- and JSON-escaped, in base64 at any alignment, and by either end if it is long.
    """
    if len(value) >= _SHORTEST:
        _register.add(value)


def redact_registered(text: str) -> str:
    """Return `text` with every registered secret in it replaced."""
    return _register.redact(text)


def redact_text(text: str) -> str:
    """Return `text` with everything secret in it replaced."""
    # Both look at the text as it came: what one of them hides must not keep the other from seeing.
    telling = [(_secret_start(found), found.end()) for found in _SENSITIVE_TEXT.finditer(text)]
    return _cover(text, [*_register.spans(text), *telling])


def _secret_start(found: re.Match[str]) -> int:
    """Return where the secret begins, after the name that tells of it."""
    return found.start() + sum(len(found[group] or "") for group in ("scheme", "cookie", "name", "quote"))


def _redact_bytes(value: bytes) -> str:
    text = value.decode(errors="replace")
    # UTF-16 text has a zero beside each character.
    packed = text.replace("\0", "")
    if packed != text and redact_text(packed) != packed:
        return REDACTED
    return redact_text(text)


def redact(value: Any, *, depth: int = 0) -> Any:
    """Return a copy of a log value with everything secret in it replaced, whatever its nesting."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _redact_bytes(bytes(cast("bytes", value)))
    if isinstance(value, int | float | bool) or value is None:
        return value
    if depth > 6:
        return REDACTED
    if isinstance(value, Mapping):
        return redact_mapping(cast("Mapping[Any, Any]", value), depth=depth + 1)
    if isinstance(value, list | tuple | set | frozenset):
        return _redact_items(list(cast("Iterable[Any]", value)), depth + 1)
    return redact_text(str(value))


def redact_mapping(items: Mapping[Any, Any], *, depth: int = 0) -> dict[str, Any]:
    """Return a copy of `items` in which values under a telling name are replaced whole."""
    return {
        redact_text(str(key)): REDACTED if SENSITIVE_KEYS.search(str(key)) else redact(item, depth=depth)
        for key, item in items.items()
    }


def _redact_items(items: list[Any], depth: int) -> Any:
    """Redact each item; a secret split over neighbours (arguments, header pairs) hides them all."""
    texts = [item.decode(errors="replace") if isinstance(item, bytes) else item for item in items]
    if len(texts) == 2 and isinstance(texts[0], str) and SENSITIVE_KEYS.search(texts[0]):
        return [items[0] if isinstance(items[0], str) else texts[0], REDACTED]
    redacted = [redact(item, depth=depth) for item in items]
    if len(items) > 1:
        whole = _register.redact("".join(text for text in texts if isinstance(text, str)))
        if whole != "".join(_register.redact(text) for text in texts if isinstance(text, str)):
            return REDACTED
    return redacted
