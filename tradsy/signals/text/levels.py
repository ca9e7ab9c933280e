"""Rules for stops, targets, entries and prices."""

from __future__ import annotations

from decimal import Decimal

from tradsy.signals.text.lexicon import Field, Hint, Meaning, Verb
from tradsy.signals.text.model import BREAKEVEN, Level
from tradsy.signals.text.scan import LevelFact, PriceFact, Scan, comparable, meanings_of
from tradsy.signals.text.tokens import Kind, Token, parse_number

_STOP_THROUGH: frozenset[Meaning] = frozenset(
    {Verb.MOVE, Verb.CLOSE, Hint.BEYOND, Hint.CONDITION, Verb.IN, Field.PRICE, Hint.TRAIL}
)
_TARGET_THROUGH: frozenset[Meaning] = frozenset({Hint.RUNNER, Hint.BEYOND, Field.PRICE, Field.TARGET, Hint.ALL})
_ENTRY_THROUGH: frozenset[Meaning] = frozenset(
    {
        Hint.MARKET,
        Hint.LIMIT,
        Field.PRICE,
        Field.ENTRY,
        Hint.RANGE,
        Verb.BUY,
        Verb.SELL,
        Verb.ENTER,
        Hint.BEYOND,
        Hint.ALL,
    }
)
_INDEX_SIGNS = frozenset(").:-•,]°=>")
_MAX_INDEX = 12


_STOP_TAILS = frozenset({"loss", "lose", "los", "lost", "targets", "target", "price", "level"})


def stop_rule(scan: Scan, index: int) -> int:
    """`SL: 2381`, `stop below 8.10`, `SL to BE`, `stop hit`."""
    draft, token = scan.draft, scan.tokens[index]
    if (
        token.text in {"stop", "stopp"}
        and draft.verbs
        and draft.verbs[-1][1] == index - 1
        and _is_trade(draft.verbs[-1][0])
    ):
        draft.order_stop = True
        return index + 1
    place = index + 1
    if scan.at(place).text in _STOP_TAILS:
        place += 1
    place = scan.skip(place, words=10, through=_STOP_THROUGH)
    place = _pass_index(scan, place, 0)
    found = scan.at(place)
    meanings = meanings_of(found)
    if Hint.BREAKEVEN in meanings or (found.meaning is Field.ENTRY and not _valued(scan, place) and place > index + 1):
        draft.stops.append(LevelFact(BREAKEVEN, index, place + 1))
        return place + 1
    if Hint.HIT in meanings or found.meaning is Verb.OUT:
        draft.stop_hit = True
        return place + 1
    read = scan.level(place)
    if read is None:
        draft.pending_stop = True
        return index + 1
    level, after = read
    _note_sign(scan, place, index)
    draft.stops.append(LevelFact(level, index, after))
    draft.labels += 1
    return after


def _is_trade(verb: Verb) -> bool:
    return verb in {Verb.BUY, Verb.SELL, Verb.BTO, Verb.STO}


def _valued(scan: Scan, place: int) -> bool:
    return scan.at(scan.skip(place + 1, newlines=0)).kind is Kind.NUM


def _note_sign(scan: Scan, place: int, label: int) -> None:
    """A minus glued to a price behind a colon is a negative price, which no market has."""
    token = scan.tokens[place]
    if token.sign == "-" and not token.unit and scan.unit(place)[0].value == "":
        between = scan.text[scan.tokens[label].end : token.start]
        if ":" in between or "=" in between:
            scan.draft.signed_price = True


def _pass_index(scan: Scan, place: int, seen: int) -> int:
    """Pass the `1` of `TP 1: 1.2345` or `1) 320.5`."""
    token = scan.at(place)
    if token.kind is Kind.ORDINAL:
        return scan.skip(place + 1, words=2)
    if token.kind is not Kind.NUM or token.unit or token.sign or not _small_integer(token):
        return place
    sign = scan.at(place + 1)
    after = scan.skip(_behind_index_sign(scan, place + 1), newlines=1, words=2)
    number = scan.at(after)
    fractional = "." in number.raw or "," in number.raw
    if number.kind is Kind.NUM and (
        sign.meaning is Field.AT or (token.value == seen + 1 and fractional and sign.kind is Kind.NUM)
    ):
        return after
    if number.kind is not Kind.NUM:
        return after if token.glued and (number.meaning is Hint.RUNNER or number.text == "open") else place
    if token.glued or sign.text == ")" or not comparable(token.value, number.value, 4):
        return after
    listed = (sign.kind is Kind.PUNCT and sign.text in ":-=") or sign.kind is Kind.NEWLINE
    return after if listed and token.value == seen + 1 else place


def _behind_index_sign(scan: Scan, place: int) -> int:
    while scan.at(place).kind is Kind.PUNCT and scan.at(place).text in _INDEX_SIGNS:
        place += 1
    return place


def _small_integer(token: Token) -> bool:
    return token.raw.isdigit() and len(token.raw) <= 2 and 1 <= token.value <= _MAX_INDEX


def target_rule(scan: Scan, index: int) -> int:
    """`TP1 2399`, `PT 90%TS15%`, `targets 320 - 330 - open`, `1) 320.5 - 25%`."""
    draft = scan.draft
    if token_is_share(scan, index):
        draft.verbs.append((Verb.TRIM, index))
        draft.fractions.append((scan.at(index + 1).value / 100, index + 1))
        return index + 2
    if Hint.HIT in meanings_of(scan.at(index - 1)) and scan.at(index - 1).meaning is Hint.HIT:
        draft.target_hit = True
        return index + 2 if scan.at(index + 1).kind is Kind.NUM else index + 1
    place = scan.skip(index + 1, words=5, through=_TARGET_THROUGH)
    seen = len(draft.targets)
    start = place
    place = _pass_index(scan, place, seen)
    found = scan.at(place)
    if Hint.HIT in meanings_of(found) and scan.at(start).kind is not Kind.NEWLINE:
        draft.target_hit = True
        return place + 1
    if found.kind is Kind.NUM and _small_integer(found) and Hint.HIT in meanings_of(scan.at(place + 1)):
        draft.target_hit = True
        return place + 2
    if place == start and _bare_index(scan, index, found):
        draft.target_hit = True
        return place + 1
    _note_runner(scan, index, place)
    if found.kind is not Kind.NUM or (found.sign == "+" and not found.unit):
        return max(index + 1, place if found.meaning is Hint.RUNNER else index + 1)
    if Hint.HIT in meanings_of(scan.at(scan.unit(place)[1])):
        draft.target_hit = True
        return scan.unit(place)[1] + 1
    _note_sign(scan, place, index)
    draft.labels += 1
    return _target_list(scan, index, place, seen)


def _bare_index(scan: Scan, index: int, found: Token) -> bool:
    """`TP1 ✅`: the number belongs to the name of the target; unlike `TP5` beside a price near 5."""
    if not found.glued or found.kind is not Kind.NUM or found.unit or not _small_integer(found):
        return False
    prices = scan.draft.prices
    if scan.at(index + 2).text == "✅":
        return True
    return scan.tokens[index].end == found.start and not (prices and comparable(prices[0].value, found.value, 4))


def token_is_share(scan: Scan, index: int) -> bool:
    """`take 25% profit`: a share of the position, not a target."""
    if scan.tokens[index].text != "take" or scan.at(index + 1).unit != "%":
        return False
    return Hint.GAIN in meanings_of(scan.at(index + 2)) or scan.at(index + 2).text in {
        "off",
        "of",
        "partial",
        "here",
        "now",
    }


def _note_runner(scan: Scan, start: int, end: int) -> None:
    if any(scan.at(step).meaning is Hint.RUNNER or scan.at(step).text == "open" for step in range(start, end + 1)):
        scan.draft.runner = True


def _target_list(scan: Scan, label: int, place: int, seen: int) -> int:
    """Read one level after another as long as the list goes on."""
    facts = scan.draft.targets
    first = len(facts)
    following: int | None = place
    while following is not None:
        unit, after = scan.unit(following)
        level = Level(scan.tokens[following].value, unit)
        facts.append(LevelFact(level, label if len(facts) == first else following, after))
        place = _trail(scan, after)
        following = _next_in_list(scan, place, level, len(facts))
    _share_unit(scan, first, seen)
    return place


def _trail(scan: Scan, place: int) -> int:
    if scan.at(place).meaning is not Hint.TRAIL:
        return place
    read = scan.level(scan.skip(place + 1))
    if read is None:
        return place + 1
    scan.draft.trail = read[0]
    return scan.skip(place + 1) + (read[1] - scan.skip(place + 1))


def _next_in_list(scan: Scan, place: int, last: Level, seen: int) -> int | None:
    """The place of the next level, or None at the end of the list; weights, gains and brackets are passed."""
    place = _pass_remarks(scan, place, last)
    token = scan.at(place)
    newline = token.kind is Kind.NEWLINE
    if newline:
        place = scan.skip(place, newlines=3, words=0)
    else:
        place = scan.list_sign(place)
        while scan.at(place).text in {"$", "+", "/", "-"}:
            place += 1
    indexed = _pass_index(scan, place, seen)
    token = scan.at(indexed)
    if token.meaning is Hint.RUNNER or token.text == "open":
        scan.draft.runner = True
        return None
    if token.kind is not Kind.NUM or token.sign == "+":
        return None
    unit = scan.unit(indexed)[0]
    if last.absolute and unit is not last.unit and not (unit.value and place == indexed and not newline and seen == 0):
        return indexed if unit.value and _all_distances(scan, indexed) else None
    if newline and not (indexed != place or comparable(token.value, last.value)):
        return None
    if last.absolute and indexed == place and unit is last.unit and not comparable(token.value, last.value, 6):
        return None
    return indexed


def _all_distances(scan: Scan, place: int) -> bool:
    """`20-40-60 pips`: the unit behind the last number is meant for all of them."""
    before = scan.at(place - 1).text
    return before in {"-", "/", ","} and scan.draft.targets[-1].level.value < scan.tokens[place].value


def _pass_remarks(scan: Scan, place: int, last: Level) -> int:
    while True:
        token = scan.at(place)
        if token.text in {"(", "["} and not scan.label_before(place):
            place = scan.close_bracket(place)
        elif token.kind is Kind.NUM and token.sign == "+":
            place = scan.unit(place)[1]
        elif last.absolute and token.text in {"-", "("} and scan.at(place + 1).unit == "%":
            place += 2
        elif token.text in {")", "]", "+"} or (token.kind is Kind.EMOJI and token.meaning is None):
            place += 1
        else:
            return place


def _share_unit(scan: Scan, first: int, seen: int) -> None:
    """Give the unit behind the last number of one list to the plain numbers before it."""
    facts = scan.draft.targets[first:]
    if seen < 0 or len(facts) < 2 or facts[-1].level.absolute:
        return
    unit = facts[-1].level.unit
    for fact in facts:
        if fact.level.absolute:
            fact.level = Level(fact.level.value, unit)


def entry_rule(scan: Scan, index: int) -> int:
    """`Entry: 310 - 316`, `@ 1.15`, `at any price between 0.6120 till 0.6090`, `price 310.5`."""
    token = scan.tokens[index]
    label = token.meaning if isinstance(token.meaning, Field) else Field.ENTRY
    place = scan.skip(index + 1, newlines=1 if label is not Field.AT else 0, words=6, through=_ENTRY_THROUGH)
    _note_market(scan, index, place)
    place = _pass_stray_letter(scan, place, index)
    if label is Field.ENTRY:
        place = _pass_index(scan, place, 0)
    number = scan.at(place)
    if number.kind is not Kind.NUM or not _is_price(scan, place, token):
        if label is Field.ENTRY and number.kind is Kind.WORD and scan.at(place - 1).text == ":":
            scan.draft.unreadable = True
        if number.kind in {Kind.WORD, Kind.TAG}:
            _zone_side(scan, token, index)
        return index + 1
    _note_sign(scan, place, index)
    _zone_side(scan, token, index)
    return read_price(scan, place, label, index)


_ZONE_SIDES = {"buy": Verb.BUY, "buying": Verb.BUY, "buyzone": Verb.BUY, "long": Verb.LONG} | {
    "sell": Verb.SELL,
    "selling": Verb.SELL,
    "sellzone": Verb.SELL,
    "short": Verb.SHORT,
}


def _zone_side(scan: Scan, token: Token, index: int) -> None:
    """`Buy zone` names the side as well, where no verb did."""
    side = _ZONE_SIDES.get(token.text.partition(" ")[0])
    if side is not None and not scan.draft.verbs:
        scan.draft.verbs.append((side, index))


def _note_market(scan: Scan, start: int, end: int) -> None:
    for step in range(start, min(end + 1, scan.count)):
        meaning = scan.tokens[step].meaning
        if meaning is Hint.MARKET or meaning is Hint.LIMIT:
            scan.draft.hints.append((meaning, step))
        elif meaning in {Verb.BUY, Verb.SELL}:
            scan.draft.verbs.append((Verb(meaning), step))


def _pass_stray_letter(scan: Scan, place: int, label: int) -> int:
    token = scan.at(place)
    one_letter = len(token.text) == 1 and token.kind in {Kind.WORD, Kind.MEANT} and token.text.isalpha()
    if one_letter and place == label + 1:
        if token.text == "m" and scan.at(place + 1).kind is not Kind.NUM:
            scan.draft.hints.append((Hint.MARKET, place))
        return place + 1
    return place


def _is_price(scan: Scan, place: int, label: Token) -> bool:
    """Whether the number behind an at-word is a price: no percentage, no count, no date."""
    token = scan.tokens[place]
    unit, after = scan.unit(place)
    if unit.value or token.unit == "lot" or (token.sign == "+" and label.text != "@"):
        return False
    following = scan.at(after)
    if following.meaning in {Hint.CONTRACTS, Hint.LOTS, Hint.CALL, Hint.PUT}:
        return following.meaning in {Hint.CALL, Hint.PUT} and label.text == "@"
    if label.text == "@" or following.text != "/" or scan.at(after + 1).kind is not Kind.NUM:
        return True
    return not (_small_integer(token) and scan.at(after + 1).raw.isdigit() and scan.at(after + 1).value <= 31)


def read_price(scan: Scan, place: int, label: Field | None, start: int) -> int:
    """Read a price or a zone; `48 .50` is one number with a slip inside."""
    draft, token = scan.draft, scan.tokens[place]
    value, after = token.value, place + 1
    decimals = scan.at(after)
    if token.raw.isdigit() and decimals.kind is Kind.NUM and decimals.raw[:1] == "." and len(decimals.raw) == 3:
        value, after = value + decimals.value, after + 1
    elif len(token.raw) <= 3 and token.raw.isdigit() and decimals.raw == "000" and decimals.kind is Kind.NUM:
        value, after = value * 1000, after + 1
    second, after = _zone_end(scan, value, token, after)
    draft.prices.append(PriceFact(value, second, label, start, after))
    return after


def _zone_end(scan: Scan, value: Decimal, token: Token, after: int) -> tuple[Decimal | None, int]:
    """The other end of `2391 - 2386`, `2391 :2388`, `171.20/10`, `0.6120 till 0.6090`."""
    place = after
    sign = scan.at(place)
    number = sign
    if not (sign.kind is Kind.NUM and sign.sign == "-"):
        joins = (sign.kind is Kind.PUNCT and sign.text in "-/:") or sign.text in {
            "to",
            "till",
            "and",
            "a",
            "bis",
            "до",
            "hasta",
        }
        if not joins:
            return None, after
        place += 1
        while scan.at(place).text in {"$", "-"}:
            place += 1
        number = scan.at(place)
    if number.kind is not Kind.NUM or number.unit or scan.unit(place)[0].value:
        return None, after
    if scan.at(place + 1).text == sign.text == "/" and scan.at(place + 2).kind is Kind.NUM:
        return None, after
    other = _complete(token.raw, number.raw) if sign.text == "/" else None
    other = other if other is not None else number.value
    if other > 0 and comparable(_dotless(value, other), other):
        return other, place + 1
    return None, after


def _dotless(value: Decimal, other: Decimal) -> Decimal:
    """Undo a stray point before a whole price: `.2391/2388`."""
    digits = value.as_tuple()
    if value < 1 and other >= 1000 and digits.exponent == -4:
        return value.scaleb(4)
    return value


def _complete(first: str, short: str) -> Decimal | None:
    """`171.20/10`: the short second number replaces the last digits of the first."""
    if not (short.isascii() and short.isdigit()) or len(short) >= len(first.replace(".", "")):
        return None
    tail = first.partition(".")[2] if "." in first else first
    if len(short) > len(tail):
        return None
    return parse_number(first[: -len(short)] + short)
