"""Cut the message down to the part that is one alert: drop quotes and struck text, stop at a second alert."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tradsy.signals.text.lexicon import Verb
from tradsy.signals.text.symbols import named, plain_ticker
from tradsy.signals.text.tokens import Kind, Token, tokenize

_QUOTE_LINE = re.compile(r"^[ \t]*>{1,3}[ \t].*$", re.MULTILINE)
_EDIT_NOTE = re.compile(r"\((?:edit(?:ed)?|was|correction|corrected)\b[^()\n]*\)", re.IGNORECASE)
_STRUCK = re.compile(r"~~.*?~~", re.DOTALL)
_JSON_KEYS = re.compile(r'"([A-Za-z_]+)"\s*:\s*("?)([^",{}\[\]]*)\2')
_CODES = frozenset({Verb.BTO, Verb.STO, Verb.STC})


@dataclass(frozen=True, slots=True)
class Prepared:
    """The tokens of the first alert, and what was cut away to get them."""

    tokens: list[Token]
    edited: bool
    more: bool
    """A second alert follows."""


def prepare(folded: str) -> Prepared:
    """Cut a folded text down to its first alert."""
    text, edited = folded, False
    if ">" in text:
        text = _QUOTE_LINE.sub(_blank, text)
    if "~~" in text:
        kept = _STRUCK.sub(_blank, text)
        edited = True
        if any(char.isdigit() for char in kept):
            text = kept
    if "(" in text and (note := _EDIT_NOTE.search(text)):
        text, edited = text[: note.start()] + _blank(note) + text[note.end() :], True
    if "{" in text and '"' in text:
        text = _JSON_KEYS.sub(_json_line, text)
    tokens = tokenize(text)
    first = first_alert(tokens)
    return Prepared(first, edited, more=len(first) < len(tokens))


def _blank(match: re.Match[str]) -> str:
    return " " * (match.end() - match.start())


def _json_line(match: re.Match[str]) -> str:
    """Blank the quotes of a JSON member: `"strike":190` reads like the line `strike :190`, at the same places."""
    return match.group().replace('"', " ")


def first_alert(tokens: list[Token]) -> list[Token]:
    """Cut before a second alert: another order code or trade verb with an instrument of its own."""
    codes = [place for place, token in enumerate(tokens) if token.meaning in _CODES]
    if len(codes) > 1:
        return _cut_at_code(tokens, codes)
    return _cut_at_pair(tokens)


def _cut_at_code(tokens: list[Token], codes: list[int]) -> list[Token]:
    first = _instrument_after(tokens, codes[0])
    for place in codes[1:]:
        other = _instrument_after(tokens, place)
        if (
            other is not None
            and first is not None
            and (other != first or tokens[place].meaning is not tokens[codes[0]].meaning)
        ):
            return tokens[:place]
    return tokens


def _instrument_after(tokens: list[Token], place: int) -> str | None:
    for token in tokens[place + 1 : place + 9]:
        if token.kind is Kind.NEWLINE or token.meaning in _CODES:
            return None
        if token.kind is Kind.TAG or (token.kind is Kind.WORD and (named(token.raw) or plain_ticker(token.raw))):
            return token.raw.lstrip("$#").upper()
    return None


def _second_ticker(tokens: list[Token], place: int, first: str | None) -> bool:
    """Whether a line opens with a bare ticker and its side: `TSLA short 240`."""
    raw = tokens[place].raw
    sided = place + 1 < len(tokens) and tokens[place + 1].meaning in _SIDES
    return sided and plain_ticker(raw) and raw != first


_SIDES = frozenset({Verb.BUY, Verb.SELL, Verb.LONG, Verb.SHORT})


def _cut_at_pair(tokens: list[Token]) -> list[Token]:
    """Cut at the line where a second pair and its own side begin."""
    first: str | None = None
    line = 0
    sided = False
    for place, token in enumerate(tokens):
        if token.kind is Kind.NEWLINE:
            line = place
        if token.meaning in _SIDES:
            sided = True
        if token.kind not in {Kind.WORD, Kind.TAG}:
            continue
        if line and place == line + 1 and sided and _second_ticker(tokens, place, first):
            return tokens[:line]
        found = named(token.raw.lstrip("$#"))
        if found is None or not found.quoted or found.asset is None:
            continue
        if first is None:
            first = found.symbol
        elif (
            found.symbol != first
            and sided
            and line
            and any(near.meaning in _SIDES for near in tokens[line : place + 4])
        ):
            return tokens[:line]
    return tokens
