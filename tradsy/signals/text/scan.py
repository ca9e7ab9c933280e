"""The cursor over the tokens, the facts the rules find, and the small readers all rules share."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from tradsy.signals.text.lexicon import MULTI_MEANING, Field, Hint, Meaning, Verb
from tradsy.signals.text.model import AssetClass, Level, LevelUnit
from tradsy.signals.text.tokens import Kind, Token

END = Token(Kind.PUNCT, "", 0, 0)
"""Stands behind the last token, so that rules may look ahead freely."""

_FILLER_SIGNS = frozenset(":=-.,•°([{}])>$€£'\"+")
_LIST_SIGNS = frozenset("-,/&;•")
_UNIT_WORDS = {
    Hint.PIPS: LevelUnit.PIPS,
    Hint.POINTS: LevelUnit.POINTS,
    Hint.PERCENT: LevelUnit.PERCENT,
    Hint.RISK_UNIT: LevelUnit.RISK,
}
_UNITS = {"%": LevelUnit.PERCENT, "pips": LevelUnit.PIPS, "pts": LevelUnit.POINTS, "R": LevelUnit.RISK}


@dataclass(slots=True)
class PriceFact:
    """A price candidate with the label it stood under."""

    value: Decimal
    second: Decimal | None
    label: Field | None
    at: int
    end: int


@dataclass(slots=True)
class InstrumentFact:
    """An instrument candidate; the higher the score the surer it is one."""

    symbol: str
    asset: AssetClass | None
    quoted: bool
    score: int
    at: int
    end: int
    tagged: str = ""


@dataclass(slots=True)
class LevelFact:
    """A stop or a target with its place."""

    level: Level
    at: int
    end: int


@dataclass(slots=True)
class Draft:
    """Everything the rules found, in text order."""

    verbs: list[tuple[Verb, int]] = field(default_factory=list[tuple[Verb, int]])
    instruments: list[InstrumentFact] = field(default_factory=list[InstrumentFact])
    strikes: list[tuple[Decimal | None, str | None, int, int]] = field(
        default_factory=list[tuple[Decimal | None, str | None, int, int]]
    )
    expiries: list[tuple[str, int, int]] = field(default_factory=list[tuple[str, int, int]])
    prices: list[PriceFact] = field(default_factory=list[PriceFact])
    stops: list[LevelFact] = field(default_factory=list[LevelFact])
    targets: list[LevelFact] = field(default_factory=list[LevelFact])
    loose: list[int] = field(default_factory=list[int])
    hints: list[tuple[Hint, int]] = field(default_factory=list[tuple[Hint, int]])
    unknown: list[int] = field(default_factory=list[int])
    quantities: list[tuple[Decimal, int]] = field(default_factory=list[tuple[Decimal, int]])
    between: int | None = None
    """A number between the verb and the instrument: a quantity or the price, as the rest decides."""
    fractions: list[tuple[Decimal, int]] = field(default_factory=list[tuple[Decimal, int]])
    size_hint: str | None = None
    leverage: Decimal | None = None
    new_average: Decimal | None = None
    trail: Level | None = None
    order_stop: bool = False
    pending_stop: bool = False
    """A stop is spoken of without a value beside it."""
    stop_hit: bool = False
    target_hit: bool = False
    runner: bool = False
    satoshi: bool = False
    signed_price: bool = False
    unreadable: bool = False
    """A word stands where the entry price should."""
    spread: bool = False
    risk: list[str] = field(default_factory=list[str])
    labels: int = 0
    gain: bool = False


class Scan:
    """One message being read: its tokens and what was found so far."""

    __slots__ = ("count", "draft", "text", "tokens")

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.count = len(tokens)
        self.draft = Draft()

    def at(self, index: int) -> Token:
        """The token at a place; END outside."""
        return self.tokens[index] if 0 <= index < self.count else END

    def skip(self, index: int, *, newlines: int = 1, words: int = 8, through: frozenset[Meaning] = frozenset()) -> int:
        """Pass colons, brackets, pictures and small words up to the next token that carries a value."""
        while index < self.count:
            token = self.tokens[index]
            kind = token.kind
            if kind is Kind.PUNCT:
                if token.text not in _FILLER_SIGNS:
                    return index
            elif kind is Kind.NEWLINE:
                newlines -= 1
                if newlines < 0:
                    return index
            elif kind is Kind.MEANT:
                words -= 1
                meaning = token.meaning
                if words < 0 or not (meaning is Hint.FILL or meaning is Field.AT or meaning in through):
                    return index
            elif kind is not Kind.EMOJI and kind is not Kind.FRAME:
                return index
            index += 1
        return index

    def unit(self, index: int) -> tuple[LevelUnit, int]:
        """The unit of the number at a place and the place behind number and unit."""
        token = self.tokens[index]
        if token.unit in _UNITS:
            return _UNITS[token.unit], index + 1
        after = self.at(index + 1)
        if after.text == "%" and after.kind is Kind.PUNCT:
            return LevelUnit.PERCENT, index + 2
        if after.kind is Kind.MEANT:
            meanings = meanings_of(after)
            for hint, unit in _UNIT_WORDS.items():
                if hint in meanings and not self._labels_next(after, index + 2):
                    return unit, index + 2
        return LevelUnit.PRICE, index + 1

    def _labels_next(self, token: Token, index: int) -> bool:
        """Whether `pt` or `pts` behind a number is the label of the next number and not this one's unit."""
        if token.meaning is not Field.TARGET:
            return False
        after = self.at(index)
        return after.kind is Kind.NUM or after.text in {":", "="} or after.meaning is Field.AT

    def level(self, index: int) -> tuple[Level, int] | None:
        """Read one number with its unit."""
        token = self.at(index)
        if token.kind is not Kind.NUM:
            return None
        unit, after = self.unit(index)
        return Level(token.value, unit), after

    def list_sign(self, index: int) -> int:
        """Pass one separator of a list; the same place where there is none."""
        token = self.at(index)
        if token.kind is Kind.PUNCT and token.text in _LIST_SIGNS:
            return index + 1
        if token.text in {"and", "to", "y", "und", "и", "or", "then"}:
            return index + 1
        return index

    def label_before(self, index: int) -> bool:
        """Whether a label or a verb stands in the bracket that opens at a place."""
        depth = 0
        for step in range(index, min(index + 10, self.count)):
            token = self.tokens[step]
            if token.text in {"(", "["}:
                depth += 1
            elif token.text in {")", "]"}:
                depth -= 1
                if depth == 0:
                    return False
            elif isinstance(token.meaning, Field) and token.meaning in _STRONG_LABELS:
                return True
        return True

    def close_bracket(self, index: int) -> int:
        """The place behind the bracket that opens at a place."""
        while index < self.count and self.tokens[index].text not in {")", "]"}:
            index += 1
        return index + 1


_STRONG_LABELS = frozenset({Field.STOP, Field.TARGET, Field.ENTRY})


def meanings_of(token: Token) -> frozenset[Meaning]:
    """Every meaning the word of a token can have."""
    return MULTI_MEANING.get(token.text, _NONE)


_NONE: frozenset[Meaning] = frozenset()


def comparable(first: Decimal, second: Decimal, ratio: int = 2) -> bool:
    """Whether two prices are of one magnitude."""
    return first > 0 and second > 0 and first < second * ratio and second < first * ratio
