"""The words alerts are made of, in English, German, Spanish and Russian, and what each means to the grammar."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files


class Verb(StrEnum):
    """A word that says what to do; the first four say it with the side."""

    BTO = "bto"
    STO = "sto"
    STC = "stc"
    BTC = "btc"
    BUY = "buy"
    SELL = "sell"
    LONG = "long"
    SHORT = "short"
    BOUGHT = "bought"
    SOLD = "sold"
    ENTER = "enter"
    ADD = "add"
    CLOSE = "close"
    OUT = "out"
    FLAT = "flat"
    COVER = "cover"
    TRIM = "trim"
    STOPPED = "stopped"
    MOVE = "move"
    CANCEL = "cancel"
    IN = "in"
    REENTER = "reenter"


class Field(StrEnum):
    """A word that labels the value after it."""

    STOP = "stop"
    TARGET = "target"
    ENTRY = "entry"
    PRICE = "price"
    AT = "at"
    FROM = "from"
    EXIT_PRICE = "exit_price"
    QTY = "qty"
    LOT_SIZE = "lot_size"
    LEVERAGE = "leverage"
    RISK = "risk"
    SYMBOL = "symbol"
    SIDE = "side"
    STRIKE = "strike"
    EXPIRY = "expiry"
    AVERAGE = "average"
    NOISE = "noise"
    ADD_LEVEL = "add_level"


class Hint(StrEnum):
    """A word that colours the message without being an order of its own."""

    MARKET = "market"
    LIMIT = "limit"
    BREAKEVEN = "breakeven"
    RUNNER = "runner"
    PARTIAL = "partial"
    HALF = "half"
    THIRD = "third"
    QUARTER = "quarter"
    ALL = "all"
    FILL = "fill"
    CALL = "call"
    PUT = "put"
    CONTRACTS = "contracts"
    LOTS = "lots"
    PIPS = "pips"
    POINTS = "points"
    PERCENT = "percent"
    RISK_UNIT = "risk_unit"
    SATOSHI = "satoshi"
    RISKY = "risky"
    SIZE = "size"
    SIZE_WORD = "size_word"
    TRAIL = "trail"
    WEEKLY = "weekly"
    NEXT_WEEK = "next_week"
    MONTHLY = "monthly"
    TODAY = "today"
    HIT = "hit"
    RANGE = "range"
    SUBJECT = "subject"
    EXCHANGE = "exchange"
    NEGATION = "negation"
    INTENTION = "intention"
    CONDITION = "condition"
    BEYOND = "beyond"
    THIRD_PARTY = "third_party"
    PAST = "past"
    HOLDING = "holding"
    WATCHLIST = "watchlist"
    RECAP = "recap"
    PAPER = "paper"
    EXAMPLE = "example"
    EXPLAIN = "explain"
    NEWS = "news"
    GAIN = "gain"
    BRAG = "brag"
    SPREAD = "spread"
    UPDATE = "update"
    LAST = "last"
    BULL = "bull"
    BEAR = "bear"
    SIGNAL = "signal"
    LONG_SIDE = "long_side"
    QUESTION = "question"
    EDITED = "edited"
    DAY_PART = "day_part"
    TALK = "talk"


Meaning = Verb | Field | Hint

EXPLICIT = frozenset({Verb.BTO, Verb.STO, Verb.STC, Verb.BTC})

_KINDS: dict[str, type[Verb | Field | Hint]] = {"verb": Verb, "field": Field, "hint": Hint}


def _sections(name: str) -> dict[str, list[str]]:
    """Read a word file of this package: section names with their entries."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in files(__package__ or "").joinpath(name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = []
        elif line and not line.startswith("#"):
            found[section].extend(entry.strip() for entry in line.split(";") if entry.strip())
    return found


def word_lists(name: str) -> dict[str, frozenset[str]]:
    """Read a file of plain word lists."""
    return {section: frozenset(entries) for section, entries in _sections(name).items()}


def _build() -> dict[str, frozenset[Meaning]]:
    """Fill WORDS and PHRASES; return every meaning of each entry."""
    all_meanings: dict[str, frozenset[Meaning]] = {}
    for section, entries in _sections("words.txt").items():
        kind, _, value = section.partition(".")
        meaning = _KINDS[kind](value)
        for entry in entries:
            all_meanings[entry] = all_meanings.get(entry, frozenset()) | {meaning}
            first, *rest = entry.split(" ")
            if rest:
                PHRASES.setdefault(first, []).append((tuple(rest), meaning))
            else:
                WORDS.setdefault(first, meaning)
    for options in PHRASES.values():
        options.sort(key=lambda option: -len(option[0]))
    return all_meanings


WORDS: dict[str, Meaning] = {}
"""What a single word means first."""
PHRASES: dict[str, list[tuple[tuple[str, ...], Meaning]]] = {}
"""By first word: the other words of a phrase and what it means, the longest first."""
MULTI_MEANING = _build()
"""Every meaning of a word or phrase."""


MONTHS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "jan january янв января",
            "feb february фев февраля",
            "mar march мар марта",
            "apr april апр апреля",
            "may мая",
            "jun june июн июня",
            "jul july июл июля",
            "aug august авг августа",
            "sep sept september сен сентября",
            "oct october окт октября",
            "nov november ноя ноября",
            "dec december дек декабря",
        ),
        start=1,
    )
    for name in names.split()
}

EMOJI: dict[str, Meaning] = {
    "📈": Hint.BULL,
    "↗": Hint.BULL,
    "⬆": Hint.BULL,
    "🟢": Hint.BULL,
    "🐂": Hint.BULL,
    "📉": Hint.BEAR,
    "↘": Hint.BEAR,
    "⬇": Hint.BEAR,
    "🐻": Hint.BEAR,
    "🛑": Field.STOP,
    "⛔": Field.STOP,
    "🚫": Field.STOP,
    "❌": Field.STOP,
    "🎯": Field.TARGET,
    "🏆": Field.TARGET,
    "💰": Field.PRICE,
    "💵": Field.PRICE,
    "📍": Field.ENTRY,
}
"""Pictures that stand for a word; as labels they count only directly before a number."""

LOOKALIKES = str.maketrans("АВЕКМНОРСТУХавекмнорстух", "ABEKMHOPCTYXabekmhopctyx")
"""Cyrillic letters that look Latin, for words that mix both scripts."""
