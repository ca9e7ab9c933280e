"""Rules for instruments and option terms."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from tradsy.signals.text.lexicon import EXPLICIT, MONTHS, WORDS, Field, Hint, Verb
from tradsy.signals.text.model import AssetClass
from tradsy.signals.text.scan import InstrumentFact, Scan, meanings_of
from tradsy.signals.text.symbols import (
    CURRENCIES,
    METALS,
    NOT_TICKERS,
    QUOTES,
    TWO_WORD_ALIASES,
    future_root,
    named,
    pair_of,
    plain_ticker,
)
from tradsy.signals.text.tokens import Kind, Token

_PASSED = frozenset({Hint.FILL, Hint.ALL, Hint.PARTIAL, Field.SIDE})
"""What may stand between a verb and its ticker."""
_ALSO_TICKERS = frozenset({"gold", "oil", "dow", "nas"})
"""Names of metals and indices that are tickers of shares as well."""
_CLOSING = frozenset({Verb.SOLD, Verb.COVER, Verb.STOPPED, Verb.OUT, Verb.CLOSE, Verb.TRIM})
_FRIDAY = 4
_LABELLED, _TAGGED, _NAMED, _BARE = 8, 5, 5, 1


def instrument_rule(scan: Scan, index: int, bonus: int = 0) -> int | None:
    """Read the instrument that starts at a place; None where none does."""
    token = scan.tokens[index]
    return (
        _spaced_pair(scan, index, bonus)
        or _numbered_name(scan, index, bonus)
        or (_tagged(scan, index, bonus) if token.kind is Kind.TAG else _word(scan, index, bonus))
    )


def _add(scan: Scan, symbol: str, asset: AssetClass | None, score: int, place: tuple[int, int], **more: object) -> int:
    quoted, tagged = bool(more.get("quoted", True)), str(more.get("tagged", ""))
    scan.draft.instruments.append(InstrumentFact(symbol, asset, quoted, score, place[0], place[1], tagged))
    return place[1]


def _spaced_pair(scan: Scan, index: int, bonus: int) -> int | None:
    """`ADA  / BTC`, `#BTC/USDT`, `CHF JPY`."""
    token = scan.tokens[index]
    base = token.raw.lstrip("$#").upper()
    after = index + 1
    sign = scan.at(after)
    if sign.kind is Kind.PUNCT and sign.text in {"/", "-", "_", ":"}:
        after += 1
    elif base not in CURRENCIES and base not in METALS:
        return None
    quote = scan.at(after)
    if quote.kind not in {Kind.WORD, Kind.TAG, Kind.MEANT} or not quote.raw[-1:].isalpha():
        return None
    name = quote.raw.lstrip("$#").upper()
    if sign.text in {"-", ":"} and not quote.glued:
        return None
    if name not in QUOTES and name not in CURRENCIES:
        return None
    found = pair_of(base, name)
    if found is None:
        return None
    return _add(scan, found.symbol, found.asset, _NAMED + bonus, (index, after + 1))


def _numbered_name(scan: Scan, index: int, bonus: int) -> int | None:
    """`US30`, `MES1!`, `ES 03-26`, `Dow Jones`, `ESH6`."""
    token, after = scan.tokens[index], scan.at(index + 1)
    low = token.text.lstrip("$#")
    found = named(TWO_WORD_ALIASES.get((low, after.text), ""))
    if found is not None:
        return _add(scan, found.symbol, found.asset, _NAMED + bonus, (index, index + 2))
    if after.glued and after.kind in {Kind.NUM, Kind.MULTIPLE} and after.raw.isdigit():
        return _glued_digits(scan, index, low, after, bonus)
    root = future_root(low) if token.raw.isupper() or token.raw[:1] in "$#" or scan.at(index - 1).text == "/" else None
    if root is None:
        return None
    if after.text == "!" or scan.at(index - 1).text == "/" or _contract_month(scan, index + 1):
        end = index + (4 if _contract_month(scan, index + 1) else 2 if after.text == "!" else 1)
        return _add(scan, root, AssetClass.FUTURE, _NAMED + bonus, (index, end))
    return None


def _glued_digits(scan: Scan, index: int, low: str, after: Token, bonus: int) -> int | None:
    found = named(low + after.raw)
    if found is not None:
        return _add(scan, found.symbol, found.asset, _NAMED + bonus, (index, index + 2))
    root = future_root(low + after.raw)
    if root is not None and low not in WORDS:
        end = index + (3 if scan.at(index + 2).text == "!" else 2)
        return _add(scan, root, AssetClass.FUTURE, _NAMED + bonus, (index, end))
    return None


def _contract_month(scan: Scan, index: int) -> bool:
    """`03-26` behind a futures root: contract month and year."""
    month, sign, year = scan.at(index), scan.at(index + 1), scan.at(index + 2)
    two = month.kind is Kind.NUM is year.kind and len(month.raw) == 2 == len(year.raw)
    return two and sign.text == "-" and month.value <= 12 and month.raw.isdigit() and year.raw.isdigit()


def _tagged(scan: Scan, index: int, bonus: int) -> int | None:
    token = scan.tokens[index]
    mark, name = token.raw[0], token.raw[1:]
    found = named(name.upper() if len(name) > 2 else name)
    place = (index, index + 1)
    if found is not None and not (mark == "$" and found.asset is AssetClass.FOREX and len(name) < 5):
        return _add(scan, found.symbol, found.asset, _TAGGED + bonus, place, quoted=found.quoted, tagged=mark)
    if mark == "#" and (not name.isupper() or name in NOT_TICKERS):
        return None
    if not name.replace(".", "").isalnum() or not name.isascii() or len(name) > 10:
        return None
    return _add(scan, name.upper(), None, _TAGGED - 1 + bonus, place, tagged=mark)


def _word(scan: Scan, index: int, bonus: int) -> int | None:
    token = scan.tokens[index]
    if token.kind is Kind.MEANT and not (token.raw.isupper() and 2 <= len(token.raw) <= 5 and bonus):
        return _bitcoin(scan, index, bonus) if token.meaning is Verb.BTC else None
    if len(token.raw) < 2 and not token.raw.isupper():
        return None
    found = named(token.raw)
    if found is not None:
        score = _NAMED if found.asset is not AssetClass.CRYPTO or found.quoted or token.raw.isupper() else _NAMED - 1
        tagged = "alias" if token.text in _ALSO_TICKERS else ""
        return _add(
            scan, found.symbol, found.asset, score + bonus, (index, index + 1), quoted=found.quoted, tagged=tagged
        )
    adjacent = _adjacency(scan, index)
    if plain_ticker(token.raw) or (len(token.raw) == 1 and token.raw.isupper() and adjacent >= 3):
        return _add(scan, token.raw, None, _BARE + adjacent + bonus, (index, index + 1))
    long_name = 5 < len(token.raw) <= 10 and token.raw.isupper() and token.raw.isascii() and token.raw.isalpha()
    if long_name and adjacent >= 4 and isinstance(scan.at(index - 1).meaning, Verb):
        return _add(scan, token.raw, None, _BARE + adjacent - 1 + bonus, (index, index + 1))
    if _small_letters(scan, index, token) or (
        bonus and token.raw.isascii() and token.raw.isalnum() and len(token.raw) <= 10
    ):
        asset = AssetClass.CRYPTO if scan.at(index - 1).text == "coin" else None
        return _add(scan, token.raw.upper(), asset, 3 + bonus, (index, index + 1))
    return None


def _bitcoin(scan: Scan, index: int, bonus: int) -> int:
    return _add(scan, "BTC", AssetClass.CRYPTO, _NAMED + bonus, (index, index + 1), quoted=False)


def _adjacency(scan: Scan, index: int) -> int:
    """How firmly the neighbours say that the word between them is a ticker."""
    before = index - 1
    while before >= 0 and (scan.tokens[before].meaning in _PASSED or scan.tokens[before].text == "-"):
        before -= 1
    previous, following = scan.at(before), scan.at(index + 1)
    score = 0
    if isinstance(previous.meaning, Verb) or previous.kind in {Kind.NUM, Kind.STRIKE, Kind.DATE, Kind.MULTIPLE}:
        score += 2
    elif (
        scan.at(index - 1).text in {"on", "of", "in", "my", "for", "the"}
        or previous.text in {'"', ":", "'"}
        or previous.meaning
        in {
            Field.SYMBOL,
            Hint.HALF,
            Hint.THIRD,
            Hint.CONTRACTS,
            Hint.PUT,
            Hint.CALL,
        }
    ):
        score += 1
    priced = following.text == "$" and scan.at(index + 2).kind in {Kind.NUM, Kind.STRIKE}
    moved = following.text == "to" and scan.draft.pending_stop
    if (
        priced
        or following.kind in {Kind.NUM, Kind.STRIKE, Kind.DATE}
        or following.meaning is Field.AT
        or isinstance(following.meaning, Verb)
        or following.meaning in {Hint.CALL, Hint.PUT, Hint.MARKET, Field.STOP}
        or (Hint.BEYOND in meanings_of(following) and scan.at(index + 2).kind is Kind.NUM)
    ):
        score += 2
    elif following.text in {"$", "-", '"', ":", "|", ""} or following.kind is Kind.NEWLINE or moved:
        score += 1
    return score


def _small_letters(scan: Scan, index: int, token: Token) -> bool:
    """Whether a word in small letters stands exactly where a ticker must: `bto aapl @`, `aapl 190c`."""
    raw = token.raw
    if (
        not (raw.isascii() and raw.isalpha() and 1 < len(raw) <= 5)
        or raw.upper() in NOT_TICKERS
        or token.text in MONTHS
    ):
        return False
    previous, following = scan.at(index - 1), scan.at(index + 1)
    contract = following.text == "$" and scan.at(index + 2).kind is Kind.STRIKE
    dated = following.kind in {Kind.NUM, Kind.DATE} and scan.at(index + 2).text == "/" and previous.kind is Kind.NUM
    if following.kind is Kind.STRIKE or contract or dated:
        return True
    if following.kind is Kind.DATE and (previous.kind is Kind.NUM or previous.meaning in EXPLICIT):
        return True
    closing = previous.meaning in _CLOSING or (previous.text == "of" and scan.at(index - 2).meaning in _CLOSING)
    if closing and following.meaning is Field.AT and scan.at(scan.skip(index + 2, newlines=0)).kind is Kind.NUM:
        return True
    priced = (
        (following.meaning is Field.AT and following.text == "@") or following.kind is Kind.NUM or following.text == "$"
    )
    return (previous.meaning in EXPLICIT and priced) or (
        previous.kind is Kind.NUM and priced and scan.at(index - 2).meaning in {Verb.BTO, Verb.STC}
    )


def symbol_label_rule(scan: Scan, index: int) -> int:
    """`Pair: ETH/USDT`, `Coin - #RLC/BTC`, `Ticker: AAPL`."""
    place = index + 1
    if scan.at(place).text in {"s", "pair", "name"}:
        place += 1
    if scan.at(place).kind is not Kind.PUNCT and scan.at(place).meaning is not Field.AT:
        return index + 1
    place = scan.skip(place, newlines=0, words=1)
    if place < scan.count and scan.tokens[place].kind in {Kind.WORD, Kind.TAG, Kind.MEANT}:
        return instrument_rule(scan, place, _LABELLED) or index + 1
    return index + 1


def strike_rule(scan: Scan, index: int) -> int:
    """`190C`, `$42.5c`; a second strike joined by a slash or a sign is a spread."""
    token = scan.tokens[index]
    scan.draft.strikes.append((token.value, token.unit, index, index + 1))
    after = scan.at(index + 1)
    if after.text == "/" and scan.at(index + 2).kind in {Kind.STRIKE, Kind.NUM}:
        other = scan.at(index + 2)
        if other.kind is Kind.STRIKE or other.value > 31:
            scan.draft.spread = True
    return index + 1


def occ_rule(scan: Scan, index: int) -> int:
    """`DKNG270115P00030000`: the options symbol of the clearing house."""
    token = scan.tokens[index]
    root, tail = token.raw[:-15].strip(), token.raw[-15:]
    _add(scan, root, AssetClass.OPTION, _LABELLED, (index, index + 1))
    strike = (parse_digits(tail[7:])) / 1000
    scan.draft.strikes.append((strike, tail[6], index, index + 1))
    expiry = _iso(2000 + int(tail[:2]), int(tail[2:4]), int(tail[4:6]))
    if expiry is not None:
        scan.draft.expiries.append((expiry, index, index + 1))
    return index + 1


def parse_digits(digits: str) -> Decimal:
    return Decimal(digits)


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def date_rule(scan: Scan, index: int) -> int | None:
    """`6/21`, `06/21/2024`, `6-21` beside a strike, `15 mar 24`; None for anything else."""
    token = scan.tokens[index]
    if not token.raw.isdigit() or token.sign or token.unit:
        return None
    sign = scan.at(index + 1)
    if sign.text in MONTHS and sign.kind in {Kind.WORD, Kind.MEANT}:
        return _day_month(scan, index, MONTHS[sign.text])
    if sign.kind is not Kind.PUNCT or sign.text not in {"/", "-"}:
        return None
    second = scan.at(index + 2)
    stray_right = second.kind is Kind.STRIKE and scan.at(index + 3).kind in {Kind.STRIKE, Kind.NUM}
    if (second.kind is not Kind.NUM and not stray_right) or not second.raw.isdigit():
        return None
    if sign.text == "-" and not _beside_strike(scan, index, index + 3):
        return None
    return _slashed(scan, index, token, second, sign.text)


def _slashed(scan: Scan, index: int, token: Token, second: Token, joiner: str) -> int | None:
    month, day = int(token.value), int(second.value)
    if month > 12 >= day:
        month, day = day, month
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    year_sign, year = scan.at(index + 3), scan.at(index + 4)
    if (
        year_sign.text == joiner
        and year.kind is Kind.NUM
        and year.glued
        and len(year.raw) in {2, 4}
        and year.raw.isdigit()
    ):
        full = int(year.value) + (2000 if year.value < 100 else 0)
        expiry = _iso(full, month, day)
        if expiry is None:
            return None
        scan.draft.expiries.append((expiry, index, index + 5))
        return index + 5
    scan.draft.expiries.append((f"{month:02d}-{day:02d}", index, index + 3))
    return index + 3


def _beside_strike(scan: Scan, before: int, after: int) -> bool:
    return scan.at(before - 1).kind is Kind.STRIKE or scan.at(after).kind is Kind.STRIKE


def _day_month(scan: Scan, index: int, month: int) -> int | None:
    day = int(scan.tokens[index].value)
    if not 1 <= day <= 31:
        return None
    return _with_year(scan, (month, day), index, index + 2)


def _with_year(scan: Scan, month_day: tuple[int, int], start: int, after: int) -> int:
    """Read the year behind day and month where one is written."""
    month, day = month_day
    if scan.at(after).text == "," and scan.at(after + 1).kind is Kind.NUM and len(scan.at(after + 1).raw) == 4:
        after += 1
    year = scan.at(after)
    if year.kind is Kind.NUM and year.raw.isdigit() and not _right_next(scan, after + 1):
        value = int(year.value)
        full = (
            value
            if 2015 <= value <= 2099 and len(year.raw) == 4
            else 2000 + value
            if 20 <= value <= 40 and len(year.raw) == 2
            else 0
        )
        if full:
            expiry = _iso(full, month, day)
            if expiry is not None:
                scan.draft.expiries.append((expiry, start, after + 1))
            return after + 1
    scan.draft.expiries.append((f"{month:02d}-{day:02d}", start, after))
    return after


def _right_next(scan: Scan, index: int) -> bool:
    return scan.at(index).meaning in {Hint.CALL, Hint.PUT}


def month_rule(scan: Scan, index: int) -> int | None:
    """`Jun 21 2024`, `April 8, 2026`, `Jan 2026`."""
    month = MONTHS.get(scan.tokens[index].text)
    after = scan.at(index + 1)
    if month is None or after.kind not in {Kind.NUM, Kind.ORDINAL} or not after.raw.isdigit():
        return None
    value = int(after.value)
    if 2015 <= value <= 2099 and len(after.raw) == 4:
        scan.draft.expiries.append((_third_friday(value, month), index, index + 2))
        return index + 2
    if not 1 <= value <= 31:
        return None
    return _with_year(scan, (month, value), index, index + 2)


def _third_friday(year: int, month: int) -> str:
    first = date(year, month, 1)
    return (first + timedelta(days=(_FRIDAY - first.weekday()) % 7 + 14)).isoformat()


def date_token_rule(scan: Scan, index: int) -> int:
    """`2024-06-21`, `21JUN`, `20JUN25`, `0DTE`."""
    token = scan.tokens[index]
    after = scan.at(index + 1)
    if (
        len(token.text) == 5
        and after.glued
        and after.kind is Kind.NUM
        and len(after.raw) in {2, 4}
        and after.raw.isdigit()
    ):
        year = int(after.value) + (2000 if after.value < 100 else 0)
        expiry = _iso(year, int(token.text[:2]), int(token.text[3:]))
        if expiry is not None:
            scan.draft.expiries.append((expiry, index, index + 2))
        return index + 2
    if token.text:
        scan.draft.expiries.append((token.text, index, index + 1))
    return index + 1


def right_rule(scan: Scan, index: int) -> int:
    """`120 Call` is read at the number; here `calls 120` and a lone `puts`."""
    token = scan.tokens[index]
    right = "C" if token.meaning is Hint.CALL else "P"
    if len(token.text) == 1 and scan.at(index - 1).kind not in {Kind.NUM, Kind.PUNCT}:
        return index + 1
    place = index + 1
    while scan.at(place).text == "$":
        place += 1
    number = scan.at(place)
    if (
        number.kind is Kind.NUM
        and not number.unit
        and number.raw[:1] != "."
        and scan.at(place + 1).text != "/"
        and len(token.text) > 1
    ):
        scan.draft.strikes.append((number.value, right, index, place + 1))
        return place + 1
    scan.draft.strikes.append((None, right, index, index + 1))
    return index + 1


def strike_label_rule(scan: Scan, index: int) -> int:
    """`Strike: 190C`, `strike 190`, `190 strike`."""
    place = scan.skip(index + 1, newlines=0, words=2)
    token = scan.at(place)
    if token.kind is Kind.STRIKE:
        return strike_rule(scan, place)
    if token.kind is Kind.NUM and not token.unit:
        right = scan.at(place + 1)
        known = "C" if right.meaning is Hint.CALL else "P" if right.meaning is Hint.PUT else None
        scan.draft.strikes.append((token.value, known, index, place + (2 if known else 1)))
        return place + (2 if known else 1)
    if scan.draft.loose and scan.draft.loose[-1] == index - 1:
        loose = scan.tokens[scan.draft.loose.pop()]
        scan.draft.strikes.append((loose.value, None, index - 1, index + 1))
    return index + 1


def expiry_label_rule(scan: Scan, index: int) -> int:
    """Dates behind `exp` are read by the date rules; the label itself carries nothing."""
    return index + 1


def has_right(scan: Scan, index: int) -> bool:
    """Whether a right stands at a place: `190 c`, `120 Call`; a lone letter only where a contract goes on or ends."""
    token = scan.at(index)
    if token.meaning not in {Hint.CALL, Hint.PUT} or Field.TARGET in meanings_of(token):
        return False
    return len(token.text) > 1 or scan.at(index - 1).kind is Kind.NUM
