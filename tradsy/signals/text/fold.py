"""Fold a message to plain characters while remembering where each one came from."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

MAX_LENGTH = 8000
"""Longer texts are no alerts: Discord allows 4,000 characters and Telegram 4,096."""

_DASHES = dict.fromkeys("‐‑‒–—―−﹘﹣－", "-")
_QUOTES = dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‘’‚‛′`´", "'")
_ARROWS = dict.fromkeys("→➔➙➛➜➝➞➡⇒⟶⮕➤►▶▸", ">") | dict.fromkeys("←⬅⟵", "<")
_OTHER = {"⁄": "/", "∕": "/", "·": "·", "⟨": "(", "⟩": ")", "《": "(", "》": ")", "【": "[", "】": "]"}
_DIRECT = _DASHES | _QUOTES | _ARROWS | _OTHER
_INVISIBLE = frozenset({"Cf", "Mn", "Me", "Cc", "Cs", "Co", "Cn"})


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    direct = _DIRECT.get(char)
    if direct is not None:
        return direct
    category = unicodedata.category(char)
    if category in _INVISIBLE:
        return "\n" if char in "\n\r\x85" else " " if char == "\t" else ""
    if category in {"Zl", "Zp"}:
        return "\n"
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", char)
    return "".join(_DIRECT.get(part, part) for part in plain) if plain != char else char


def _compose(last: str, mark: str) -> str | None:
    """Join a letter and the combining mark after it, where Unicode has one character for the two."""
    joined = unicodedata.normalize("NFC", last + mark)
    return joined if len(joined) == 1 else None


def fold(text: str) -> tuple[str, list[int] | None]:
    """Return the folded text and, per folded character, its place in the original (None: the places are the same)."""
    if text.isascii():
        return text, None
    chars: list[str] = []
    origin: list[int] = []
    for place, char in enumerate(text):
        if char.isascii():
            chars.append(char)
            origin.append(place)
            continue
        if chars and unicodedata.combining(char):
            joined = _compose(chars[-1], char)
            if joined is not None:
                chars[-1] = joined
                continue
        for part in _fold_char(char):
            chars.append(part)
            origin.append(place)
    origin.append(len(text))
    return "".join(chars), origin
