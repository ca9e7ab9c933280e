"""From the facts of one message to one intent: which action, which instrument, which price."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from tradsy.signals.text.lexicon import EXPLICIT, Field, Hint, Verb
from tradsy.signals.text.model import (
    CLOSING,
    OPENING,
    Action,
    AlertIntent,
    AssetClass,
    Level,
    OptionTerms,
    OrderHint,
)
from tradsy.signals.text.scan import InstrumentFact, PriceFact, Scan, comparable
from tradsy.signals.text.symbols import MAJOR_COINS
from tradsy.signals.text.tokens import Kind

OPEN_LONG = frozenset({Verb.BUY, Verb.LONG, Verb.BOUGHT, Verb.ENTER, Verb.ADD, Verb.IN, Verb.REENTER})
CLOSERS = frozenset({Verb.SOLD, Verb.CLOSE, Verb.OUT, Verb.FLAT, Verb.COVER, Verb.TRIM, Verb.STOPPED})
WEAK = frozenset({Verb.IN, Verb.ENTER, Verb.ADD, Verb.OUT, Verb.FLAT, Verb.STOPPED})
_SHARES = {Hint.HALF: Decimal("0.5"), Hint.THIRD: Decimal("0.33"), Hint.QUARTER: Decimal("0.25")}
LEVELLED = frozenset({AssetClass.CRYPTO, AssetClass.FOREX, AssetClass.INDEX, AssetClass.FUTURE})
_MAX_PARTS = 10
_HUNDREDTH = Decimal("0.01")
_ONE = Decimal(1)
_SATOSHI_FROM = Decimal(100)
_GOLD_FROM = Decimal(500)


@dataclass(slots=True)
class Built:
    """The intent being built, with the places its fields came from and the doubts met on the way."""

    action: Action | None = None
    verb: Verb | None = None
    verb_at: int = -1
    instrument: InstrumentFact | None = None
    asset: AssetClass | None = None
    symbol: str | None = None
    price: Decimal | None = None
    zone: tuple[Decimal, Decimal] | None = None
    stop: Level | None = None
    targets: list[Level] = field(default_factory=list[Level])
    option: OptionTerms | None = None
    qty: Decimal | None = None
    fraction: Decimal | None = None
    partial: bool = False
    average: bool = False
    order: OrderHint | None = None
    underlying_target: Decimal | None = None
    underlying_stop: Decimal | None = None
    reasons: list[str] = field(default_factory=list[str])
    places: list[tuple[str, int, int]] = field(default_factory=list[tuple[str, int, int]])

    def doubt(self, code: str) -> None:
        """Note a reason once."""
        if code not in self.reasons:
            self.reasons.append(code)


def choose_verb(scan: Scan) -> tuple[Verb, int] | None:
    """The verb that decides: an order code, else the first word that opens or closes; moves and cancels come last."""
    verbs = scan.draft.verbs
    for verb, place in verbs:
        if verb in EXPLICIT:
            return verb, place
    for verb, place in verbs:
        if verb is Verb.REENTER:
            return verb, place
    trades = [(verb, place) for verb, place in verbs if verb not in {Verb.MOVE, Verb.CANCEL}]
    if not trades:
        return None
    first, place = trades[0]
    if (
        first in {Verb.ENTER, Verb.IN, Verb.ADD}
        and len(trades) > 1
        and trades[1][0] in {Verb.LONG, Verb.SHORT, Verb.BUY, Verb.SELL}
    ):
        return trades[1]
    return first, place


def find_instrument(scan: Scan, built: Built) -> None:
    """Take the surest instrument; the first of equals."""
    best: InstrumentFact | None = None
    for fact in scan.draft.instruments:
        if fact.score >= 3 and (best is None or fact.score > best.score):
            best = fact
    if best is None:
        return
    built.instrument = best
    built.places.append(("symbol", best.at, best.end))
    built.asset, built.symbol = best.asset, best.symbol
    if any(
        (other.score >= 5 or other.tagged == "$") and other.symbol != best.symbol for other in scan.draft.instruments
    ):
        built.doubt("other_symbol")
    if best.score < 5 and not best.tagged:
        built.doubt("bare_symbol")


def find_option(scan: Scan, built: Built) -> None:
    """Join strike, right and expiry to the terms of a contract."""
    strikes = scan.draft.strikes
    instrument = built.instrument
    if not strikes or (instrument is not None and built.asset is AssetClass.FOREX and instrument.tagged != "alias"):
        return
    strike = next((value for value, _, _, _ in strikes if value is not None), None)
    right = next((letter for _, letter, _, _ in strikes if letter is not None), None)
    if strike is None and right is not None and scan.draft.loose:
        strike = _loose_strike(scan)
    if strike is None and right is not None and all(scan.tokens[at].text in {"c", "p"} for _, _, at, _ in strikes):
        return
    expiry = next((text for text, _, _ in scan.draft.expiries), None) or _expiry_word(scan)
    built.option = OptionTerms(strike, right, expiry)
    built.asset = AssetClass.OPTION
    built.places.extend(("option", at, end) for _, _, at, end in strikes)
    built.places.extend(("expiry", at, end) for _, at, end in scan.draft.expiries[:1])
    values = {value for value, _, _, _ in strikes if value is not None}
    if len(values) > 1 and not _separate_lines(scan):
        scan.draft.spread = True
    if expiry is None:
        built.doubt("no_expiry")


def _loose_strike(scan: Scan) -> Decimal | None:
    place = scan.draft.loose.pop(0)
    return scan.tokens[place].value


def _separate_lines(scan: Scan) -> bool:
    first, last = scan.draft.strikes[0][2], scan.draft.strikes[-1][2]
    return any(scan.tokens[step].kind is Kind.NEWLINE for step in range(first, last)) or any(
        hint is Hint.EDITED for hint, _ in scan.draft.hints
    )


_EXPIRY_WORDS = {Hint.WEEKLY: "weekly", Hint.NEXT_WEEK: "next_week", Hint.TODAY: "0DTE", Hint.MONTHLY: "monthly"}


def _expiry_word(scan: Scan) -> str | None:
    for hint, _ in scan.draft.hints:
        if hint in _EXPIRY_WORDS:
            return _EXPIRY_WORDS[hint]
    return None


def find_price(scan: Scan, built: Built) -> None:
    """The first entry price for an order that opens; the exit price for one that closes."""
    prices = scan.draft.prices
    if built.action in CLOSING:
        chosen = _closing_price(prices) or _lone_number(scan)
    elif built.action is Action.UPDATE:
        chosen = None
    else:
        chosen = _opening_price(prices, built)
    if chosen is None:
        return
    built.price = chosen.value
    built.places.append(("price", chosen.at, chosen.end))
    if chosen.second is not None:
        value = chosen.value
        if value < 1 and chosen.second >= 1000:
            value = built.price = value.scaleb(4)
            built.doubt("repaired_number")
        built.zone = (min(value, chosen.second), max(value, chosen.second))


def _lone_number(scan: Scan) -> PriceFact | None:
    """`STC UBER partial here 2.9`: in a close the only number left over is the price."""
    loose = scan.draft.loose
    if len(loose) != 1 or scan.draft.labels or "." not in scan.tokens[loose[0]].raw:
        return None
    return PriceFact(scan.tokens[loose[0]].value, None, None, loose[0], loose[0] + 1)


def _opening_price(prices: list[PriceFact], built: Built) -> PriceFact | None:
    usable = [fact for fact in prices if fact.label is not Field.EXIT_PRICE]
    entries = [fact for fact in usable if fact.label is Field.ENTRY]
    others = [
        fact for fact in usable if fact.label is not Field.ENTRY and not (built.option and fact.label is Field.FROM)
    ]
    if entries and others:
        return min(entries[0], others[0], key=lambda fact: fact.at) if others[0].label is Field.AT else entries[0]
    return (entries or others or [None])[0]


def _closing_price(prices: list[PriceFact]) -> PriceFact | None:
    for labels in ({Field.EXIT_PRICE}, {Field.AT, Field.PRICE}, {None}):
        for fact in prices:
            if fact.label in labels:
                return fact
    return None


def find_levels(scan: Scan, built: Built) -> None:
    """Stop and targets as labelled; levels of the underlying are kept apart from those of the contract."""
    draft = scan.draft
    if draft.stops:
        chosen = next((fact for fact in draft.stops if fact.level.unit.value != "breakeven"), draft.stops[0])
        if built.action not in OPENING:
            chosen = draft.stops[-1] if draft.stops[-1].level.unit.value == "breakeven" else chosen
        built.stop = chosen.level
        built.places.append(("stop", chosen.at, chosen.end))
    built.targets = [fact.level for fact in draft.targets]
    built.places.extend(("target", fact.at, fact.end) for fact in draft.targets)
    if built.option is not None and built.price is not None:
        _split_underlying(built)


def _split_underlying(built: Built) -> None:
    option, price = built.option, built.price
    if option is None or price is None or option.strike is None:
        return
    near_strike = {
        level
        for level in [*built.targets, *([built.stop] if built.stop else [])]
        if level.absolute and level.value > price * 4 and comparable(level.value, option.strike, 2)
    }
    for level in built.targets:
        if level in near_strike and built.underlying_target is None:
            built.underlying_target = level.value
    built.targets = [level for level in built.targets if level not in near_strike]
    if built.stop is not None and built.stop in near_strike:
        built.underlying_stop, built.stop = built.stop.value, None


def infer_levels(scan: Scan, built: Built) -> None:
    """Numbers without a label beside an entry: the one on the losing side is the stop, the others are targets."""
    if built.stop is not None or built.targets or built.price is None or built.asset not in LEVELLED:
        return
    values = [scan.tokens[place].value for place in scan.draft.loose if not scan.tokens[place].unit]
    values = [value for value in values if comparable(value, built.price, 2) and value != built.price]
    if not values:
        return
    long = built.action is Action.BTO
    losing = [value for value in values if (value < built.price) == long]
    winning = [value for value in values if (value > built.price) == long]
    if len(losing) != 1:
        return
    built.stop = Level(losing[0])
    built.targets = [Level(value) for value in winning]
    built.doubt("levels_inferred")


def find_size(scan: Scan, built: Built) -> None:
    """Quantity and share of the position."""
    draft = scan.draft
    if draft.quantities:
        built.qty = draft.quantities[0][0]
        built.places.append(("qty", draft.quantities[0][1], draft.quantities[0][1] + 1))
    if draft.between is not None:
        _place_between(scan, built, draft.between)
    if built.action in CLOSING:
        _find_share(scan, built)


def _place_between(scan: Scan, built: Built, place: int) -> None:
    """The number between verb and instrument: the price where none else is, else the quantity."""
    token = scan.tokens[place]
    paired = built.asset in {AssetClass.FOREX, AssetClass.CRYPTO, AssetClass.INDEX}
    if paired and not scan.draft.prices and (not token.raw.isdigit() or token.value > _SATOSHI_FROM):
        scan.draft.prices.append(PriceFact(token.value, None, None, place, place + 1))
        built.price = token.value
        built.places.append(("price", place, place + 1))
    elif built.qty is None:
        built.qty = token.value
        built.places.append(("qty", place, place + 1))


def _find_share(scan: Scan, built: Built) -> None:
    draft = scan.draft
    hints = {hint for hint, _ in draft.hints}
    shares = [value for value, _ in draft.fractions if value >= _HUNDREDTH]
    if built.option is None and not shares:
        shares.extend(_dates_as_shares(scan, built))
    shares.extend(_SHARES[hint] for hint, _ in draft.hints if hint in _SHARES)
    everything = Hint.ALL in hints or built.verb in {Verb.FLAT, Verb.STOPPED}
    trimmed = any(verb is Verb.TRIM for verb, _ in draft.verbs) or Hint.PARTIAL in hints
    if shares:
        built.fraction = min(shares[0], _ONE).quantize(_HUNDREDTH)
        built.partial = built.fraction < _ONE
    elif built.qty is not None:
        built.partial = trimmed
    elif trimmed and not (everything and built.verb is not Verb.TRIM and Hint.PARTIAL not in hints):
        built.partial = True
        built.doubt("size_unknown")
    else:
        built.fraction = _ONE


def _dates_as_shares(scan: Scan, built: Built) -> list[Decimal]:
    """`STC HOOD 1/2 @ 40`: without a contract the date is a share of the position."""
    found: list[Decimal] = []
    for _, first, last in scan.draft.expiries:
        part, whole = scan.tokens[first], scan.tokens[last - 1]
        if last - first == 3 and part.kind is Kind.NUM and 0 < part.value < whole.value <= _MAX_PARTS:
            found.append(part.value / whole.value)
            built.doubt("fraction_or_date")
    return found


def finish_symbol(scan: Scan, built: Built) -> None:
    """Settle what the name alone left open: the quote of a coin, gold the metal or GOLD the share, the asset class."""
    fact = built.instrument
    if fact is None:
        return
    cheap = built.verb in EXPLICIT and built.price is not None and built.price < _GOLD_FROM
    if fact.tagged == "alias" and (cheap or built.option is not None):
        built.symbol = scan.tokens[fact.at].raw.lstrip("$#").upper()
        built.asset = AssetClass.OPTION if built.option else AssetClass.STOCK
        return
    if built.option is not None:
        return
    if built.asset is None:
        built.asset = AssetClass.CRYPTO if fact.tagged == "#" and _crypto_signs(scan, built) else AssetClass.STOCK
        if built.asset is AssetClass.CRYPTO:
            _quote(scan, built, fact.symbol)
        elif scan.draft.satoshi:
            built.asset = AssetClass.CRYPTO
            _quote(scan, built, fact.symbol)
    elif built.asset is AssetClass.CRYPTO and not fact.quoted:
        _quote(scan, built, fact.symbol)


def _crypto_signs(scan: Scan, built: Built) -> bool:
    draft = scan.draft
    if draft.leverage is not None or draft.satoshi or any(hint is Hint.EXCHANGE for hint, _ in draft.hints):
        return True
    return built.verb not in EXPLICIT and bool(built.zone or len(built.targets) > 1)


def _quote(scan: Scan, built: Built, base: str) -> None:
    satoshi = scan.draft.satoshi or (
        base not in MAJOR_COINS
        and built.price is not None
        and built.price >= _SATOSHI_FROM
        and built.price == built.price.to_integral()
    )
    built.symbol = f"{base}/BTC" if satoshi and base != "BTC" else f"{base}/USDT"
    built.asset = AssetClass.CRYPTO
    built.doubt("quote_inferred")


def to_intent(scan: Scan, built: Built, action: Action) -> AlertIntent:
    """Freeze what was built."""
    draft = scan.draft
    hints = {hint for hint, _ in draft.hints}
    order = OrderHint.LIMIT if Hint.LIMIT in hints else OrderHint.STOP if draft.order_stop else None
    if action in OPENING and built.price is None:
        order = OrderHint.MARKET
    return AlertIntent(
        action=action,
        asset=built.asset,
        symbol=built.symbol,
        qty=built.qty,
        price=built.price,
        stop=built.stop,
        targets=tuple(built.targets),
        option=built.option,
        fraction=built.fraction if action in CLOSING else None,
        entry_zone=built.zone,
        order=order or (OrderHint.MARKET if Hint.MARKET in hints else None),
        trail_after_target=draft.trail,
        size_hint=draft.size_hint,
        leverage=draft.leverage,
        risk=tuple(dict.fromkeys(draft.risk)),
        average=built.average,
        new_average=draft.new_average,
        partial=built.partial,
        runner=draft.runner,
        underlying_target=built.underlying_target,
        underlying_stop=built.underlying_stop,
    )
