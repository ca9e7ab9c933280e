"""The main rule: read the tokens from left to right and let each one's rule take what belongs to it."""

from __future__ import annotations

from collections.abc import Callable

from tradsy.signals.text.levels import entry_rule, read_price, stop_rule, target_rule
from tradsy.signals.text.lexicon import EXPLICIT, MONTHS, Field, Hint, Meaning, Verb
from tradsy.signals.text.model import Level, LevelUnit
from tradsy.signals.text.scan import InstrumentFact, LevelFact, Scan
from tradsy.signals.text.sizes import (
    CLOSING_VERBS,
    amount,
    fraction,
    leverage,
    lot_size,
    multiple,
    quantity_label,
    sized,
)
from tradsy.signals.text.symbols import NOT_TICKERS, named, plain_ticker
from tradsy.signals.text.terms import (
    date_rule,
    date_token_rule,
    expiry_label_rule,
    has_right,
    instrument_rule,
    month_rule,
    occ_rule,
    right_rule,
    strike_label_rule,
    strike_rule,
    symbol_label_rule,
)
from tradsy.signals.text.tokens import Kind, Token

_SIZED = frozenset(
    {Verb.BTO, Verb.STO, Verb.BUY, Verb.SELL, Verb.LONG, Verb.SHORT, Verb.BOUGHT, Verb.ENTER, Verb.ADD, Verb.IN}
    | CLOSING_VERBS
)


def read(scan: Scan) -> None:
    """Run the rules over all tokens."""
    index, count, tokens = 0, scan.count, scan.tokens
    while index < count:
        index = _RULES[tokens[index].kind](scan, index)


def _pass(scan: Scan, index: int) -> int:
    return index + 1


def _meant(scan: Scan, index: int) -> int:
    token = scan.tokens[index]
    meaning = token.meaning
    if len(token.raw) < 6 and token.raw.isupper() and _forced_ticker(scan, index):
        return _take_ticker(scan, index)
    if token.text in MONTHS and (after := month_rule(scan, index)) is not None:
        return after
    if isinstance(meaning, Verb):
        return _verb(scan, index, meaning)
    rule = _MEANT_RULES.get(meaning) if meaning is not None else None
    if rule is not None:
        return rule(scan, index)
    if token.raw[:1] == "#" or token.raw.isupper():
        after = instrument_rule(scan, index) if token.raw[:1] == "#" else None
        if after is not None:
            return after
    if isinstance(meaning, Hint):
        return _hint(scan, index, meaning)
    return index + 1


def _hint(scan: Scan, index: int, hint: Hint) -> int:
    """Words that become a label where a number follows: `limit 190.20` behind a stop, `short TSLA under 240`."""
    token, after = scan.tokens[index], scan.at(index + 1)
    draft = scan.draft
    if hint is Hint.LIMIT and draft.prices and draft.stops and after.kind is Kind.NUM:
        return target_rule(scan, index)
    trigger = token.text in {"above", "over", "below", "under"} and after.kind is Kind.NUM and draft.verbs
    if trigger and not draft.prices and draft.verbs[0][0] in {Verb.BUY, Verb.LONG, Verb.SHORT, Verb.SELL}:
        draft.order_stop = True
        draft.hints.append((Hint.BEYOND, index))
        return read_price(scan, index + 1, Field.AT, index)
    draft.hints.append((hint, index))
    return index + 1


def _word(scan: Scan, index: int) -> int:
    token = scan.tokens[index]
    if token.text in MONTHS and (after := month_rule(scan, index)) is not None:
        return after
    if token.raw in NOT_TICKERS and _forced_ticker(scan, index):
        return _take_ticker(scan, index)
    if token.text == "t" and _numbers_target(scan, index):
        return target_rule(scan, index)
    if token.text == "si" and scan.at(index + 1).text in {":", "@", "="}:
        return stop_rule(scan, index)
    after = instrument_rule(scan, index)
    if after is not None:
        return after
    if token.text == "x" and scan.at(index + 1).glued and scan.at(index + 1).kind is Kind.NUM:
        scan.draft.quantities.append((scan.at(index + 1).value, index))
        return index + 2
    scan.draft.unknown.append(index)
    return index + 1


def _numbers_target(scan: Scan, index: int) -> bool:
    """`T1 3.50`, `T 2: 1510`: the lone letter with a small number behind it labels a target."""
    number = scan.at(index + 1)
    return (
        number.kind is Kind.NUM
        and number.raw.isdigit()
        and len(number.raw) <= 2
        and scan.at(index + 2).kind is not Kind.WORD
    )


def _take_ticker(scan: Scan, index: int) -> int:
    fact = InstrumentFact(scan.tokens[index].raw, None, quoted=True, score=5, at=index, end=index + 1)
    scan.draft.instruments.append(fact)
    return index + 1


def _tag(scan: Scan, index: int) -> int:
    after = instrument_rule(scan, index)
    if after is None:
        scan.draft.unknown.append(index)
    return after or index + 1


def _verb(scan: Scan, index: int, verb: Verb) -> int:
    draft = scan.draft
    if verb is Verb.BTC and not _is_order(scan, index):
        return instrument_rule(scan, index) or index + 1
    token = scan.tokens[index]
    if verb is Verb.IN:
        return _in_rule(scan, index)
    if token.text == "back in" and scan.at(index + 1).kind is Kind.NUM:
        token.meaning = Hint.PAST
        return index + 2
    if verb is Verb.OUT and _priced_out(scan, index):
        return _out_rule(scan, index)
    if verb is Verb.ENTER and _takes_off(scan, index):
        verb = Verb.TRIM
    coded = any(other in EXPLICIT for other, _ in draft.verbs)
    if verb is Verb.TRIM and scan.at(index - 1).text == "for" and not coded:
        return index + 1
    if verb in {Verb.CLOSE, Verb.SELL} and _lists_exits(scan, index, token):
        return target_rule(scan, index)
    draft.verbs.append((verb, index))
    if verb not in _SIZED:
        return index + 1
    return amount(scan, index, verb)


def _is_order(scan: Scan, index: int) -> bool:
    """Whether a leading BTC is the order (buy to close) and not the coin: another instrument follows."""
    if scan.tokens[index].text != "btc":
        return True
    place = index + 1
    if any(verb in EXPLICIT for verb, _ in scan.draft.verbs) or not scan.tokens[index].raw.isalpha():
        return False
    following = scan.at(place)
    if following.kind is Kind.NUM and following.raw.isdigit():
        place += 1
        following = scan.at(place)
    if scan.at(place - 1).kind is not Kind.NUM and following.kind in {Kind.STRIKE, Kind.OCC}:
        return True
    if following.meaning in {Hint.HALF, Hint.ALL, Hint.PARTIAL, Hint.FILL}:
        place += 1
        following = scan.at(place)
    if following.kind is Kind.TAG:
        return True
    if following.text == "/" or following.text == "-":
        date_first = scan.at(place + 1).kind in {Kind.NUM, Kind.STRIKE} and scan.at(place + 2).kind is Kind.WORD
        return date_first and scan.at(place - 1).kind is Kind.NUM and (plain_ticker(scan.at(place + 2).raw))
    small = following.kind is Kind.WORD and following.raw.isalpha() and len(following.raw) <= 5
    if small and scan.at(place + 1).text == "@" and scan.at(place + 2).kind is Kind.NUM:
        return True
    if following.kind is not Kind.WORD or following.raw.upper() in {"USDT", "USD", "PERP", "USDC"}:
        return False
    return plain_ticker(following.raw) or named(following.raw) is not None or scan.at(place + 1).kind is Kind.STRIKE


def _lists_exits(scan: Scan, index: int, token: Token) -> bool:
    """`EXIT: 0.212, 0.218` below an entry means targets."""
    verbs = scan.draft.verbs
    if token.text not in {"exit", "exits", "выход", "close", "sell"} or not (verbs or scan.draft.prices):
        return False
    if token.text == "sell" and not (verbs and verbs[0][0] in {Verb.BUY, Verb.BTO, Verb.LONG}):
        return False
    return (
        scan.at(index + 1).text in {":", "-", "="}
        and scan.at(scan.skip(index + 2, newlines=0, words=1)).kind is Kind.NUM
    )


def _in_rule(scan: Scan, index: int) -> int:
    """`IN 2210` quotes an entry price; `in AAPL 190C @ 1.15` opens."""
    after = scan.at(index + 1)
    if after.text in {":", "-", "="} or after.kind is Kind.NUM or after.text == "$":
        return entry_rule(scan, index)
    scan.draft.verbs.append((Verb.IN, index))
    return index + 1


def _priced_out(scan: Scan, index: int) -> bool:
    place = scan.skip(index + 1, newlines=0, words=1)
    return (
        scan.tokens[index].text == "out"
        and scan.at(place).kind is Kind.NUM
        and scan.unit(place)[0] is LevelUnit.PRICE
        and not (scan.at(place + 1).text == "/" and scan.at(place + 2).kind is Kind.NUM)
    )


def _out_rule(scan: Scan, index: int) -> int:
    """`OUT: 2235`: the exit price; without the `IN` before it also the verb itself."""
    draft = scan.draft
    quoted = any(fact.label is Field.ENTRY and scan.tokens[fact.at].text == "in" for fact in draft.prices)
    if not quoted:
        draft.verbs.append((Verb.OUT, index))
    return read_price(scan, scan.skip(index + 1, newlines=0, words=1), Field.EXIT_PRICE, index)


def _takes_off(scan: Scan, index: int) -> bool:
    """`took 3 of 4 off`, `took 3 of 4 UBER 70C off`: part of the position goes."""
    return any(scan.at(step).text == "off" for step in range(index + 1, index + 8))


def _forced_ticker(scan: Scan, index: int) -> bool:
    """Whether capitals that are also a common word stand where the ticker must: `BTO TGT 3/20`, `BTO ET 5c`."""
    token, before, after = scan.tokens[index], scan.at(index - 1), scan.at(index + 1)
    if scan.draft.instruments or not token.raw.isupper() or len(token.raw) > 5 or not scan.draft.verbs:
        return False
    if scan.draft.verbs[0][0] not in EXPLICIT or before.meaning is Field.AT or scan.draft.prices:
        return False
    if token.meaning in {Hint.ALL, Hint.HALF, Hint.PARTIAL, Hint.FILL} and scan.draft.verbs[0][0] is not Verb.BTO:
        return False
    if not (before.meaning in EXPLICIT or before.kind in {Kind.NUM, Kind.STRIKE, Kind.DATE}) or token.raw in {"C", "P"}:
        return False
    if after.meaning is Field.AT:
        return after.text == "@" and scan.at(scan.skip(index + 2, newlines=0)).kind is Kind.NUM
    contract = after.kind is Kind.STRIKE or after.kind is Kind.DATE or has_right(scan, index + 2)
    return contract or (after.kind is Kind.NUM and scan.at(index + 2).text == "/")


def _number(scan: Scan, index: int) -> int:
    draft, token = scan.draft, scan.tokens[index]
    after = scan.at(index + 1)
    if has_right(scan, index + 1) and not token.unit:
        draft.strikes.append((token.value, "C" if after.meaning is Hint.CALL else "P", index, index + 2))
        return index + 2
    if after.text == "/" and scan.at(index + 2).kind is Kind.STRIKE and not _stray_right(scan, index):
        draft.spread = True
        return index + 3
    place = fraction(scan, index) or date_rule(scan, index) or _stop_behind(scan, index) or sized(scan, index)
    if place is not None:
        return place
    if token.unit == "%" or token.sign == "+":
        draft.gain = draft.gain or token.sign == "+"
        return scan.unit(index)[1]
    if _adjacent_price(scan, index):
        return read_price(scan, index, None, index)
    unit, place = scan.unit(index)
    if unit is LevelUnit.PRICE and not token.unit:
        draft.loose.append(index)
    return place


def _stray_right(scan: Scan, index: int) -> bool:
    """`3/20c 42c`: a date with a stray letter, told by the strike that follows it."""
    return scan.tokens[index].value <= 12 and scan.at(index + 3).kind in {Kind.STRIKE, Kind.NUM}


def _stop_behind(scan: Scan, index: int) -> int | None:
    """`15pt stop`, `10 pt stop`, `20% SL`: the distance stands before its label."""
    unit, after = scan.unit(index)
    label = scan.at(after)
    if unit is LevelUnit.PRICE or label.meaning is not Field.STOP or scan.at(after + 1).text in {":", "="}:
        return None
    if scan.at(scan.skip(after + 1, newlines=0, words=3)).kind is Kind.NUM or scan.at(index - 1).text == "(":
        return None
    scan.draft.stops.append(LevelFact(Level(scan.tokens[index].value, unit), index, after + 1))
    scan.draft.labels += 1
    return after + 1


_PRICE_BEFORE = frozenset(
    {Hint.MARKET, Hint.LIMIT, Hint.BULL, Hint.BEAR, Hint.WEEKLY, Hint.NEXT_WEEK, Hint.TODAY, Hint.MONTHLY}
)


def _adjacent_price(scan: Scan, index: int) -> bool:
    """Whether a bare number stands where a price does: behind the verb, the instrument, the contract or its date."""
    token = scan.tokens[index]
    if token.unit or (scan.draft.prices and scan.draft.prices[-1].label is None) or _is_strike(scan, index):
        return False
    if token.sign and scan.at(index - 1).kind is Kind.NUM:
        return False
    if token.glued and scan.at(index - 1).kind is Kind.WORD:
        return False
    before = index - 1
    while (before >= 0 and not _ends_at(scan, before + 1)) and (
        (scan.tokens[before].kind is Kind.PUNCT and scan.tokens[before].text in ":$-!.>(['\"")
        or scan.tokens[before].kind is Kind.EMOJI
    ):
        before -= 1
    if before < 0:
        return False
    previous = scan.tokens[before]
    if previous.kind is Kind.NEWLINE:
        line_end = scan.at(before - 1).meaning
        return line_end in {Hint.MARKET, Verb.BUY, Verb.SELL, Verb.LONG, Verb.SHORT, Hint.LIMIT} or _ends_at(
            scan, before
        )
    if scan.at(index + 1).meaning is Hint.HIT:
        return False
    if _ends_at(scan, before + 1):
        return True
    if previous.kind is Kind.PUNCT:
        return False
    trading = isinstance(previous.meaning, Verb) and previous.meaning not in {
        Verb.MOVE,
        Verb.TRIM,
        Verb.CANCEL,
        Verb.OUT,
    }
    if trading or previous.meaning in _PRICE_BEFORE or (scan.draft.order_stop and previous.text.startswith("stop")):
        return True
    return _contract_ends_at(scan, before + 1)


def _is_strike(scan: Scan, index: int) -> bool:
    """`70 strike`: the number belongs to the label behind it, unless that label has a number of its own."""
    own = scan.at(scan.skip(index + 2, newlines=0, words=2)).kind in {Kind.NUM, Kind.STRIKE}
    return scan.at(index + 1).meaning is Field.STRIKE and not own


def _ends_at(scan: Scan, place: int) -> bool:
    return bool(scan.draft.instruments) and scan.draft.instruments[-1].end == place


def _contract_ends_at(scan: Scan, place: int) -> bool:
    draft = scan.draft
    return bool(draft.strikes and draft.strikes[-1][3] == place) or bool(
        draft.expiries and draft.expiries[-1][2] == place
    )


def _noise(scan: Scan, index: int) -> int:
    """A labelled value that is none of ours: pass it, and behind a colon the rest of its line too."""
    place = index + 1
    if scan.at(place).text in {":", "="}:
        while (
            place < scan.count
            and scan.tokens[place].kind not in {Kind.NEWLINE, Kind.EMOJI}
            and not _labels(scan, place)
        ):
            place += 1
        return place
    place = scan.skip(place, newlines=0, words=1)
    numbers = place
    while scan.at(numbers).kind in {Kind.NUM, Kind.MULTIPLE, Kind.FRAME} or scan.at(numbers).text in {
        "/",
        "%",
        ")",
        ":",
        "#",
    }:
        numbers += 1
    return numbers if numbers > place else index + 1


def _labels(scan: Scan, place: int) -> bool:
    token = scan.tokens[place]
    if token.meaning in {Field.STOP, Field.TARGET, Field.ENTRY} and scan.at(place + 1).kind in {Kind.NUM, Kind.PUNCT}:
        return True
    return (
        isinstance(token.meaning, Field)
        and token.meaning not in {Field.AT, Field.NOISE}
        and scan.at(place + 1).text in {":", "="}
    )


def _average(scan: Scan, index: int) -> int:
    """`avg 3.05` tells the new average cost; `.95 avg` only what the fill was."""
    place = scan.skip(index + 1, newlines=0, words=2)
    token = scan.at(place)
    if token.kind is Kind.NUM and not token.unit:
        scan.draft.new_average = token.value
        return place + 1
    return index + 1


def _from(scan: Scan, index: int) -> int:
    """`from 31` quotes where a position was opened; `From {171.40-171.10}` with a zone is the entry of an order."""
    place = scan.skip(index + 1, newlines=0, words=1)
    if scan.at(place).kind is not Kind.NUM or scan.unit(place)[0] is not LevelUnit.PRICE:
        return index + 1
    return read_price(scan, place, Field.FROM, index)


def _add_level(scan: Scan, index: int) -> int:
    place = scan.skip(index + 1, newlines=0, words=2)
    return place + 1 if scan.at(place).kind is Kind.NUM else index + 1


def _breakeven(scan: Scan, index: int) -> int:
    scan.draft.hints.append((Hint.BREAKEVEN, index))
    return index + 1


def _risky(scan: Scan, index: int) -> int:
    scan.draft.risk.append(scan.tokens[index].text)
    return index + 1


def _spread(scan: Scan, index: int) -> int:
    scan.draft.hints.append((Hint.SPREAD, index))
    return index + 1


def _satoshi(scan: Scan, index: int) -> int:
    scan.draft.satoshi = True
    return index + 1


def _emoji(scan: Scan, index: int) -> int:
    token = scan.tokens[index]
    meaning = token.meaning
    if isinstance(meaning, Field):
        place = index + 1
        while scan.at(place).text == "$":
            place += 1
        if scan.at(place).kind is Kind.NUM and not scan.at(place).unit:
            return _MEANT_RULES[meaning](scan, index)
    elif isinstance(meaning, Hint):
        scan.draft.hints.append((meaning, index))
    return index + 1


_Rule = Callable[[Scan, int], int]
_MEANT_RULES: dict[Meaning, _Rule] = {
    Field.STOP: stop_rule,
    Field.TARGET: target_rule,
    Field.ENTRY: entry_rule,
    Field.PRICE: entry_rule,
    Field.AT: entry_rule,
    Field.FROM: _from,
    Field.EXIT_PRICE: entry_rule,
    Field.QTY: quantity_label,
    Field.LOT_SIZE: lot_size,
    Field.LEVERAGE: leverage,
    Field.RISK: _noise,
    Field.NOISE: _noise,
    Field.SYMBOL: symbol_label_rule,
    Field.STRIKE: strike_label_rule,
    Field.EXPIRY: expiry_label_rule,
    Field.AVERAGE: _average,
    Field.ADD_LEVEL: _add_level,
    Hint.CALL: right_rule,
    Hint.PUT: right_rule,
    Hint.BREAKEVEN: _breakeven,
    Hint.RISKY: _risky,
    Hint.SPREAD: _spread,
    Hint.SATOSHI: _satoshi,
}
_RULES: dict[Kind, _Rule] = {
    Kind.NUM: _number,
    Kind.STRIKE: strike_rule,
    Kind.ORDINAL: _pass,
    Kind.FRAME: _pass,
    Kind.DATE: date_token_rule,
    Kind.CLOCK: _pass,
    Kind.OCC: occ_rule,
    Kind.TAG: _tag,
    Kind.WORD: _word,
    Kind.MEANT: _meant,
    Kind.PUNCT: _pass,
    Kind.EMOJI: _emoji,
    Kind.NEWLINE: _pass,
    Kind.MENTION: _pass,
    Kind.MULTIPLE: multiple,
}
