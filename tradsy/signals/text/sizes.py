"""Rules for size: quantities, shares of a position, lots, leverage and advice on size."""

from __future__ import annotations

from decimal import Decimal

from tradsy.signals.text.lexicon import EXPLICIT, MONTHS, Field, Hint, Verb
from tradsy.signals.text.model import LevelUnit
from tradsy.signals.text.scan import Scan, meanings_of
from tradsy.signals.text.tokens import Kind

CLOSING_VERBS = frozenset(
    {Verb.STC, Verb.BTC, Verb.SOLD, Verb.SELL, Verb.TRIM, Verb.CLOSE, Verb.OUT, Verb.ENTER, Verb.COVER}
)
_MAX_QTY = 1_000_000
_MAX_PARTS = 20
_HUNDRED = Decimal(100)


def amount(scan: Scan, index: int, verb: Verb) -> int:
    """The number behind a verb: a quantity, a share of the position, `2 of 5`, or the price of a pair."""
    place = index + 1
    while scan.at(place).meaning is Hint.FILL and scan.at(place).text not in {"at", "below", "above", "under", "over"}:
        place += 1
    token = scan.at(place)
    if token.meaning is Hint.SIZE_WORD:
        scan.draft.size_hint = token.text
        return place + 1
    if token.kind is Kind.MULTIPLE and verb is not Verb.LONG and verb is not Verb.SHORT:
        scan.draft.quantities.append((token.value, place))
        return place + 1
    if token.kind is not Kind.NUM or token.sign:
        return index + 1
    return _share(scan, place, verb) or _count(scan, place, verb) or index + 1


def _share(scan: Scan, place: int, verb: Verb) -> int | None:
    """`1/3`, `2 of 5`, `50%` behind a closing verb."""
    token, sign, other = scan.tokens[place], scan.at(place + 1), scan.at(place + 2)
    closing = verb in CLOSING_VERBS
    unit, after_unit = scan.unit(place)
    if unit is LevelUnit.PERCENT and closing:
        scan.draft.fractions.append((token.value / _HUNDRED, place))
        return after_unit
    if other.kind not in {Kind.NUM, Kind.ORDINAL} or not token.raw.isdigit() or not other.raw.isdigit():
        return None
    if not 0 < token.value < other.value <= _MAX_PARTS:
        return None
    if sign.text == "of" and closing:
        scan.draft.quantities.append((token.value, place))
        scan.draft.fractions.append((token.value / other.value, place))
        return place + 3
    if sign.text != "/" or scan.at(place + 3).text == "/":
        return None
    after = scan.at(place + 3)
    sized = after.meaning in {Hint.SIZE, Hint.SIZE_WORD} or after.text in {"position", "size", "pos"}
    if sized and not closing:
        scan.draft.size_hint = f"{token.raw}/{other.raw}"
        return place + 4
    if (
        closing
        and other.value <= 10
        and (verb in {Verb.TRIM, Verb.SOLD, Verb.CLOSE} or (token.value <= 3 and other.value <= 5))
    ):
        scan.draft.fractions.append((token.value / other.value, place))
        return place + 3
    return None


def _count(scan: Scan, place: int, verb: Verb) -> int | None:
    token, after = scan.tokens[place], scan.at(place + 1)
    if token.unit == "lot" or after.meaning in {Hint.CONTRACTS, Hint.LOTS}:
        if not token.unit or token.unit == "lot":
            scan.draft.quantities.append((token.value, place))
            return place + (1 if token.unit else 2)
        return None
    if token.unit or after.meaning in {Hint.CALL, Hint.PUT}:
        return None
    if after.meaning is Hint.FILL and after.text in {"more", "of", "the"}:
        after = scan.at(place + 2)
    whole = token.raw.isdigit() and 0 <= token.value <= _MAX_QTY
    if whole and (after.kind in {Kind.OCC, Kind.STRIKE} or dated(scan, place + 1)):
        scan.draft.quantities.append((token.value, place))
        return place + 1
    capitals = after.kind is Kind.MEANT and after.raw.isupper() and 1 < len(after.raw) <= 5 and verb in EXPLICIT
    if (
        whole
        and capitals
        and (scan.at(place + 2).kind is Kind.STRIKE or scan.at(place + 2).text == "@" or dated(scan, place + 2))
    ):
        scan.draft.quantities.append((token.value, place))
        return place + 1
    if after.kind in {Kind.WORD, Kind.TAG} or after.meaning is Verb.BTC or after.text in {'"', "$", "/"}:
        if (after.kind in {Kind.WORD, Kind.TAG} and after.text in MONTHS) or (
            after.text in {"$", "/"} and scan.at(place + 2).kind is Kind.NUM
        ):
            return None
        if verb in EXPLICIT and whole:
            scan.draft.quantities.append((token.value, place))
        elif scan.draft.between is None:
            scan.draft.between = place
        return place + 1
    return None


def dated(scan: Scan, place: int) -> bool:
    first, sign, second = scan.at(place), scan.at(place + 1), scan.at(place + 2)
    return first.kind is Kind.DATE or (
        first.kind is Kind.NUM and sign.text == "/" and second.kind is Kind.NUM and first.raw.isdigit()
    )


def fraction(scan: Scan, index: int) -> int | None:
    """`1/2 off`, `1/4 size`, `1/3rd`, `half`-like numbers standing apart from a verb; `3/4 position`."""
    token, sign, other = scan.tokens[index], scan.at(index + 1), scan.at(index + 2)
    if sign.text == "%" or token.unit == "%":
        place = scan.unit(index)[1]
        after = scan.at(place)
        labels = scan.at(place + 1).text in {":", "="}
        if (Hint.SIZE in meanings_of(after) and not labels) or after.text == "of":
            scan.draft.size_hint = f"{token.raw}%"
            return place + 1
        if after.text in {"off", "closed", "position", "out"} and not token.sign:
            scan.draft.fractions.append((token.value / _HUNDRED, index))
            return place + 1
        return None
    if (
        sign.text != "/"
        or other.kind not in {Kind.NUM, Kind.ORDINAL}
        or not other.raw.isdigit()
        or not token.raw.isdigit()
    ):
        return None
    if not 0 < token.value < other.value <= 10:
        return None
    after, before = scan.at(index + 3), scan.at(index - 1)
    if after.text in {"left", "remaining", "remain"}:
        scan.draft.hints.append((Hint.PARTIAL, index))
        return index + 4
    if scan.draft.expiries and scan.draft.verbs and scan.draft.verbs[0][0] in CLOSING_VERBS and after.text != "/":
        scan.draft.fractions.append((token.value / other.value, index))
        return index + 3
    if (
        after.meaning in {Hint.SIZE, Hint.SIZE_WORD}
        or after.text in {"position", "size"}
        or after.meaning is Hint.RUNNER
    ):
        scan.draft.size_hint = f"{token.raw}/{other.raw}"
        return index + 4
    partial = before.meaning in {Hint.PARTIAL, Verb.TRIM, Verb.SOLD, Verb.CLOSE, Hint.ALL} or after.text in {
        "off",
        "out",
    }
    if partial or other.kind is Kind.ORDINAL:
        scan.draft.fractions.append((token.value / other.value, index))
        return index + 3
    return None


def sized(scan: Scan, index: int) -> int | None:
    """`3 contracts`, `100 shares`, `0.01 lot`."""
    token, after = scan.tokens[index], scan.at(index + 1)
    if token.unit == "lot" or (after.meaning in {Hint.CONTRACTS, Hint.LOTS, Field.LOT_SIZE} and not token.unit):
        if after.meaning is Field.LOT_SIZE and scan.at(index + 2).text == ":":
            return None
        scan.draft.quantities.append((token.value, index))
        return index + (1 if token.unit else 2)
    return None


def quantity_label(scan: Scan, index: int) -> int:
    """`Size: 0.01`, `qty 5`; `SIZE: 2-3%` is advice."""
    place = scan.skip(index + 1, newlines=0, words=1)
    token = scan.at(place)
    if token.kind is not Kind.NUM or (place == index + 1 and token.unit == "%"):
        return index + 1
    last = place
    while scan.at(last + 1).text in {"-", "/"} and scan.at(last + 2).kind is Kind.NUM:
        last += 2
    if scan.unit(last)[0] is LevelUnit.PERCENT or last > place or scan.at(place - 1).text == "$":
        scan.draft.size_hint = scan.text[token.start : scan.tokens[last].end]
        return last + 1
    scan.draft.quantities.append((token.value, place))
    return place + 1


def lot_size(scan: Scan, index: int) -> int:
    """`lot size 0.3`: advice per balance, not the quantity of this order."""
    place = scan.skip(index + 1, newlines=0, words=1)
    token = scan.at(place)
    if token.kind is Kind.NUM:
        scan.draft.size_hint = f"{token.raw} lot"
        if scan.at(place + 1).text == "at" and scan.at(place + 2).kind is Kind.NUM:
            return place + 3
        return place + 1
    return index + 1


def leverage(scan: Scan, index: int) -> int:
    place = scan.skip(index + 1, newlines=0, words=2, through=frozenset({Hint.EXCHANGE}))
    while scan.at(place).kind in {Kind.NUM, Kind.MULTIPLE} or scan.at(place).text in {"-", "x", "/", "to"}:
        if scan.at(place).kind in {Kind.NUM, Kind.MULTIPLE} and scan.draft.leverage is None:
            scan.draft.leverage = scan.at(place).value
        place += 1
    return place


def multiple(scan: Scan, index: int) -> int:
    if scan.draft.leverage is None:
        scan.draft.leverage = scan.tokens[index].value
    return index + 1
