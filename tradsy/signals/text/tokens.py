"""The lexer: one pass over the folded text, typed tokens out."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import IntEnum

from tradsy.signals.text.lexicon import EMOJI, LOOKALIKES, MONTHS, PHRASES, WORDS, Field, Hint, Meaning, Verb
from tradsy.signals.text.spelling import MEANT_WORD


class Kind(IntEnum):
    """What a token is before the grammar looks at it."""

    NUM = 1
    STRIKE = 2
    ORDINAL = 3
    FRAME = 4
    DATE = 5
    CLOCK = 6
    OCC = 7
    TAG = 8
    WORD = 9
    MEANT = 10
    PUNCT = 11
    EMOJI = 12
    NEWLINE = 13
    MENTION = 14
    MULTIPLE = 15


class Token:
    """One token: its kind, its text in lower case and as written, and the value of numbers."""

    __slots__ = ("end", "fixed", "glued", "kind", "meaning", "raw", "sign", "start", "text", "unit", "value")

    def __init__(self, kind: Kind, raw: str, start: int, end: int, meaning: Meaning | None = None) -> None:
        self.kind = kind
        self.raw = raw
        self.text = raw.lower()
        self.start = start
        self.end = end
        self.meaning = meaning
        self.value: Decimal = ZERO
        self.unit = ""
        self.sign = ""
        self.glued = False
        self.fixed = False

    def __repr__(self) -> str:
        return f"<{self.kind.name} {self.raw!r} {self.meaning or ''}{self.unit}>"


ZERO = Decimal(0)

_MASTER = re.compile(
    r"""
    (?P<skip>[ \t*_`|]+)
  | (?P<newline>[\n\r]+)
  | (?P<url>(?:https?://|www\.)\S+|\b[a-z0-9-]+\.(?:com|io|org|net|me)\b\S*)
  | (?P<mention><(?:@[!&]?|\#|a?:\w+:|t:)\d+(?::\w)?>)
  | (?P<shortcode>:[a-z][a-z0-9]*(?:_[a-z0-9]+)*:(?!\d))
  | (?P<handle>@[^\W\d_](?!\d*\.\d)\w+)
  | (?P<iso>\d{4}[-./]\d{1,2}[-./]\d{1,2}(?![\d]))
  | (?P<dmy>\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})(?![\d.]))
  | (?P<clock>(?<![A-Za-z\d.,])\d{1,2}:[0-5]\d(?::[0-5]\d)?(?![\d.]))
  | (?P<occ>\b[A-Z]{1,6}\ {0,2}\d{6}[CP]\d{8}\b)
  | (?P<tag>\$[^\W\d_]\w*(?:\.[A-Za-z]{1,2}\b)?|\#\d*[^\W\d_][^\W_]*(?:\.[PXpx]\b)?)
  | (?P<num>(?P<sign>(?<![\w)\].,])[+-])?
        (?P<digits>\d{1,3}(?:[,']\d{3})+(?:\.\d+)?(?![\d,]?\d)|\d{1,3}(?:\.\d{3})+,\d+(?![\d.])
           |\d+[.·]\d+(?!\.\d)|\d+,\d+(?![.,]?\d)|(?<![^\W_.])\.\d+(?!\.?\d)|\d+)
        (?P<suffix>%|[^\W\d_]+)?)
  | (?P<word>[^\W\d_]+(?:['._\-/][^\W\d_]+)*!?)
  | (?P<mark>~~)
  | (?P<any>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_MARKET_HANDLES = frozenset({"@market", "@cmp", "@mkt", "@now", "@open", "@price", "@entry", "@limit", "@mp"})
_RIGHTS = {"c": "C", "call": "C", "calls": "C", "cs": "C", "p": "P", "put": "P", "puts": "P", "ps": "P"}
_UNITS = {"%": "%", "pips": "pips", "pip": "pips", "pts": "pts", "pt": "pts", "points": "pts", "point": "pts"} | {
    "pct": "%",
    "r": "R",
    "пипсов": "pips",
    "rr": "rr",
    "sats": "",
    "sat": "",
    "usd": "",
    "usdt": "",
    "lots": "lot",
    "lot": "lot",
    "dollars": "",
}
_FRAMES = frozenset({"h", "hr", "hrs", "d", "m", "min", "mins", "w", "ч", "м", "д", "мин", "tf", "day", "days", "s"})
_ORDINALS = frozenset({"st", "nd", "rd", "th", "й", "ый", "ой", "го"})
_THOUSAND = frozenset({"k", "к"})
_INSIDE_WORD = re.compile(r"[^._\-/]+")
_FRAME_WORDS = frozenset({"h", "m", "d", "w", "tf"})


def parse_number(raw: str) -> Decimal:
    """Read a written number: 1,234.5 and 1.234,5 and 1,61 and 3·20 and 19'000."""
    text = raw.replace("'", "").replace("·", ".")
    comma, dot = text.rfind(","), text.rfind(".")
    if comma >= 0 and dot >= 0:
        text = text.replace(",", "") if dot > comma else text.replace(".", "").replace(",", ".")
    elif comma >= 0:
        groups = text.split(",")
        thousands = groups[0] != "0" and all(len(group) == 3 for group in groups[1:])
        text = "".join(groups) if thousands else text.replace(",", ".")
    return Decimal(text)


class Lexer:
    """Turns one folded text into tokens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.shouts = text.isupper()
        self.tokens: list[Token] = []

    def run(self) -> list[Token]:
        """Cut the whole text."""
        tokens, last_end = self.tokens, -1
        for match in _MASTER.finditer(self.text):
            name = match.lastgroup
            if name == "skip":
                continue
            count = len(tokens)
            _HANDLERS[name or "any"](self, match)
            if match.start() == last_end and len(tokens) > count:
                tokens[count].glued = True
            last_end = match.end()
        return tokens

    def _add(self, kind: Kind, match: re.Match[str], meaning: Meaning | None = None) -> Token:
        token = Token(kind, match.group(), match.start(), match.end(), meaning)
        self.tokens.append(token)
        return token

    def newline(self, match: re.Match[str]) -> None:
        if self.tokens and self.tokens[-1].kind is not Kind.NEWLINE:
            self._add(Kind.NEWLINE, match)

    def mention(self, match: re.Match[str]) -> None:
        self._add(Kind.MENTION, match)

    def handle(self, match: re.Match[str]) -> None:
        start = match.start()
        before = self.text[start - 1] if start else " "
        name = match.group().lower()
        if name not in _MARKET_HANDLES and not before.isalnum():
            self._add(Kind.MENTION, match)
            return
        self.tokens.append(Token(Kind.MEANT, "@", start, start + 1, Field.AT))
        self.word_text(match.group()[1:], start + 1)

    def date(self, match: re.Match[str]) -> None:
        token = self._add(Kind.DATE, match)
        parts = [int(part) for part in re.split(r"\D", match.group())]
        year, month, day = parts if parts[0] > 31 else reversed(parts)
        if month > 12:
            month, day = day, month
        valid = 1 <= month <= 12 and 1 <= day <= 31
        token.text = f"{year + 2000 if year < 100 else year:04d}-{month:02d}-{day:02d}" if valid else ""

    def clock(self, match: re.Match[str]) -> None:
        self._add(Kind.CLOCK, match)

    def occ(self, match: re.Match[str]) -> None:
        self._add(Kind.OCC, match)

    def tag(self, match: re.Match[str]) -> None:
        raw = match.group()
        name = raw[1:].lower()
        meaning = WORDS.get(name) or WORDS.get(name.rstrip("0123456789"))
        plain_coin = raw[1:].isupper() and len(name) <= 5 and not isinstance(meaning, Field)
        if (
            meaning is None
            or meaning is Field.AT
            or (raw[0] == "$" and not isinstance(meaning, (Verb, Field)))
            or (meaning is Verb.BTC or (plain_coin and isinstance(meaning, Hint) and raw[0] == "$"))
        ):
            self._add(Kind.TAG, match)
        elif name[-1].isdigit():
            stem = name.rstrip("0123456789")
            start = match.start() + 1
            self.word_text(raw[1 : 1 + len(stem)], start)
            self._number(raw[1 + len(stem) :], "", "", start + len(stem), match.end())
            self.tokens[-1].glued = True
        else:
            self._add(Kind.MEANT, match, meaning)

    def num(self, match: re.Match[str]) -> None:
        self._number(match["digits"], match["suffix"] or "", match["sign"] or "", match.start(), match.end())

    def _number(self, digits: str, suffix: str, sign: str, start: int, end: int) -> None:
        last = self.tokens[-1] if self.tokens else None
        if last is not None and last.end == start and last.text in _FRAME_WORDS and digits.isdigit():
            last.kind, last.end, last.meaning = Kind.FRAME, end, None
            return
        token = Token(Kind.NUM, digits, start, end - len(suffix))
        token.value, token.sign = parse_number(digits), sign
        self.tokens.append(token)
        if suffix:
            self._suffix(token, suffix, end)

    def _suffix(self, token: Token, suffix: str, end: int) -> None:
        """Let the letters glued to a number say what the number is."""
        low = suffix.lower()
        if low in _RIGHTS:
            token.kind, token.unit, token.end = Kind.STRIKE, _RIGHTS[low], end
        elif low in _UNITS:
            token.unit, token.end = _UNITS[low], end
            if token.unit == "rr":
                token.kind = Kind.FRAME
        elif low == "x" or low == "х":
            token.kind, token.end = Kind.MULTIPLE, end
        elif low in _THOUSAND:
            token.value, token.end = token.value * 1000, end
        elif low in _ORDINALS:
            token.kind, token.end = Kind.ORDINAL, end
        elif low in _FRAMES:
            token.kind, token.end = Kind.FRAME, end
        elif low == "dte":
            token.kind, token.end, token.text = Kind.DATE, end, f"{token.raw}DTE"
        elif low in MONTHS and "." not in token.raw:
            self._glued_month(token, MONTHS[low], end)
        else:
            self.word_text(suffix, token.end)
            self.tokens[-1].glued = True

    def _glued_month(self, token: Token, month: int, end: int) -> None:
        """`21JUN` and, with the number that follows, `20JUN25`; the option rules read the pair."""
        if 1 <= token.value <= 31:
            token.kind, token.end = Kind.DATE, end
            token.text = f"{month:02d}-{int(token.value):02d}"

    def word(self, match: re.Match[str]) -> None:
        self.word_text(match.group(), match.start())

    def word_text(self, raw: str, start: int) -> None:
        """Add a word; a compound the lexicon does not know is cut into its parts."""
        low = raw.lower()
        if low.endswith("!") and low not in WORDS:
            raw, low = raw[:-1], low[:-1]
            self.word_text(raw, start)
            self.tokens.append(Token(Kind.PUNCT, "!", start + len(raw), start + len(raw) + 1))
            return
        meaning = WORDS.get(low)
        if meaning is None and not raw.isascii():
            meaning = self._mixed_script(low)
        if meaning is None and not raw.isalpha() and not is_symbol_shape(raw):
            for part in _INSIDE_WORD.finditer(raw):
                found = part.group()
                token = Token(Kind.WORD, found, start + part.start(), start + part.end())
                token.text = MEANT_WORD.get(token.text, token.text)
                token.meaning = WORDS.get(token.text)
                token.kind = Kind.WORD if token.meaning is None else Kind.MEANT
                token.glued = part.start() > 0
                self._joiner(raw, start, part.start())
                self.tokens.append(token)
            return
        fixed = MEANT_WORD.get(low) if meaning is None and (self.shouts or not raw.isupper() or len(raw) > 5) else None
        if fixed is not None:
            meaning = WORDS.get(fixed)
        kind = Kind.WORD if meaning is None else Kind.MEANT
        token = Token(kind, raw, start, start + len(raw), meaning)
        if fixed is not None:
            token.text, token.fixed = fixed, True
        self.tokens.append(token)

    def _joiner(self, raw: str, start: int, at: int) -> None:
        if at and raw[at - 1] in "-/.":
            self.tokens.append(Token(Kind.PUNCT, raw[at - 1], start + at - 1, start + at))
            self.tokens[-1].glued = True

    @staticmethod
    def _mixed_script(low: str) -> Meaning | None:
        if not any("a" <= char <= "z" for char in low):
            return None
        return WORDS.get(low.translate(LOOKALIKES))

    def shortcode(self, match: re.Match[str]) -> None:
        self._add(Kind.EMOJI, match)

    def mark(self, match: re.Match[str]) -> None:
        self._add(Kind.PUNCT, match)

    def any(self, match: re.Match[str]) -> None:
        char = match.group()
        if char == "@":
            self._add(Kind.MEANT, match, Field.AT)
        elif char in _PUNCTUATION:
            self._add(Kind.PUNCT, match)
        else:
            self._add(Kind.EMOJI, match, EMOJI.get(char))


_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?[\\]^_{|}~€£•°")
_PAIR = re.compile(r"[A-Za-z]{2,10}[-_/.](?:usdt|usdc|usd|busd|btc|eth|eur|perp|x|p|s|c|f|[A-Za-z])", re.IGNORECASE)


def is_symbol_shape(raw: str) -> bool:
    """Whether a compound is kept whole: BTC-USDT, BRK.B, ETHUSDT.P, AAPL-S; EUR/USD where both halves are capitals."""
    if _PAIR.fullmatch(raw):
        return raw[0].isupper() and (raw.upper() == raw or len(raw) > 6 or raw.lower()[-2:] == ".x")
    head, _, tail = raw.partition("/")
    if tail.lower() in {"usdt", "usdc", "busd"} and head.isalnum():
        return True
    return len(head) == 3 == len(tail) and head.isalpha() and tail.isalpha() and head.lower() not in WORDS


_HANDLERS = {
    "newline": Lexer.newline,
    "url": Lexer.mention,
    "mention": Lexer.mention,
    "shortcode": Lexer.shortcode,
    "handle": Lexer.handle,
    "iso": Lexer.date,
    "dmy": Lexer.date,
    "clock": Lexer.clock,
    "occ": Lexer.occ,
    "tag": Lexer.tag,
    "num": Lexer.num,
    "word": Lexer.word,
    "mark": Lexer.mark,
    "any": Lexer.any,
}


def join_phrases(tokens: list[Token]) -> list[Token]:
    """Replace runs of words that mean one thing together (`stop loss`, `buy to open`) by one token."""
    joined: list[Token] = []
    index, count = 0, len(tokens)
    while index < count:
        token = tokens[index]
        options = PHRASES.get(token.text) if token.kind in _WORDLIKE else None
        if options:
            for rest, meaning in options:
                if _follows(tokens, index + 1, rest):
                    last = tokens[index + len(rest)]
                    merged = Token(Kind.MEANT, token.raw, token.start, last.end, meaning)
                    merged.text = f"{token.text} {' '.join(rest)}"
                    merged.glued = token.glued
                    merged.fixed = token.fixed or last.fixed
                    joined.append(merged)
                    index += len(rest) + 1
                    break
            else:
                joined.append(token)
                index += 1
            continue
        joined.append(token)
        index += 1
    return joined


_WORDLIKE = frozenset({Kind.WORD, Kind.MEANT, Kind.NUM})


def _follows(tokens: list[Token], index: int, rest: tuple[str, ...]) -> bool:
    end = index + len(rest)
    if end > len(tokens) or tokens[index].text != rest[0]:
        return False
    return all(
        tokens[index + step].text == word and tokens[index + step].kind in _WORDLIKE for step, word in enumerate(rest)
    )


def tokenize(text: str) -> list[Token]:
    """Cut a folded text into tokens with phrases joined."""
    return join_phrases(Lexer(text).run())
