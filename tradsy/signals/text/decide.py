"""Which action a message asks for."""

from __future__ import annotations

from tradsy.signals.text.assemble import CLOSERS, LEVELLED, OPEN_LONG, WEAK, Built, choose_verb
from tradsy.signals.text.lexicon import EXPLICIT, Field, Hint, Verb
from tradsy.signals.text.model import OPENING, Action, AssetClass, Level
from tradsy.signals.text.scan import LevelFact, PriceFact, Scan

_DIRECT = {Verb.BTO: Action.BTO, Verb.STO: Action.STO, Verb.STC: Action.STC, Verb.BTC: Action.BTC}


def decide(scan: Scan, built: Built) -> None:
    """Set the action from the verbs, the levels and the kind of instrument; leave it open where nothing asks."""
    if _cancels(scan, built):
        built.action = Action.CANCEL
        return
    chosen = choose_verb(scan)
    moves = _moves_levels(scan)
    if moves is not None and (chosen is None or _yields(scan, chosen[0])):
        built.action, built.verb, built.verb_at = Action.UPDATE, Verb.MOVE, moves
        return
    if chosen is not None:
        built.verb, built.verb_at = chosen
        built.action = _of_verb(scan, built, chosen[0])
        return
    _without_verb(scan, built)


def _cancels(scan: Scan, built: Built) -> bool:
    for order, (verb, place) in enumerate(scan.draft.verbs):
        if verb is not Verb.CANCEL:
            continue
        about_last = any(hint is Hint.LAST for hint, _ in scan.draft.hints) or any(
            scan.tokens[step].text in {"alert", "order", "trade", "signal", "that", "limit", "setup", "orders", "all"}
            for step in range(place + 1, min(place + 5, scan.count))
        )
        struck = scan.tokens[0].text == "~~"
        if struck or (order == 0 and (about_last or built.instrument is not None)):
            built.verb, built.verb_at = Verb.CANCEL, place
            return True
    return False


def _moves_levels(scan: Scan) -> int | None:
    """Where a stop or a target is moved: `move SL to BE`, `raise stop on X to 4.50`."""
    draft = scan.draft
    levels = draft.stops or draft.targets or draft.pending_stop
    breakeven = any(fact.level.unit.value == "breakeven" for fact in draft.stops)
    for verb, place in draft.verbs:
        if verb is Verb.MOVE and levels:
            return place
    if breakeven or (
        any(hint is Hint.BREAKEVEN for hint, _ in draft.hints) and (draft.target_hit or draft.pending_stop)
    ):
        return draft.stops[0].at if draft.stops else 0
    if any(hint is Hint.UPDATE for hint, _ in draft.hints) and (draft.stops or draft.targets):
        return 0
    return None


def _yields(scan: Scan, verb: Verb) -> bool:
    """Whether a trade verb gives way to the move of a level in the same message."""
    if verb in EXPLICIT or (scan.draft.prices and verb in OPEN_LONG | {Verb.SELL, Verb.SHORT}):
        return False
    if verb in CLOSERS:
        return False
    return not any(fact.label in {Field.ENTRY, Field.AT} for fact in scan.draft.prices)


def _of_verb(scan: Scan, built: Built, verb: Verb) -> Action | None:
    direct = _DIRECT.get(verb)
    if direct is not None:
        return direct
    if verb in WEAK:
        built.doubt("weak_verb")
    built.doubt("natural_verb")
    words = [other for other, _ in scan.draft.verbs]
    if verb in CLOSERS:
        return _closing(scan, built, verb, words)
    if verb is Verb.SHORT:
        return Action.STO
    if verb is Verb.SELL:
        return _selling(scan, built, words)
    built.average = verb is Verb.ADD
    if verb in {Verb.ENTER, Verb.ADD, Verb.IN, Verb.REENTER} and _first_side(words) is Verb.SHORT:
        return Action.STO
    return Action.BTO


def _first_side(words: list[Verb]) -> Verb | None:
    """`closed the long, now short LYFT`: the side named first is the one of this order."""
    return next((word for word in words if word in {Verb.LONG, Verb.SHORT}), None)


def _closing(scan: Scan, built: Built, verb: Verb, words: list[Verb]) -> Action:
    side = _first_side(words)
    if verb is Verb.COVER or side is Verb.SHORT:
        return Action.BTC
    if side is Verb.LONG or Verb.SELL in words or verb is Verb.SOLD:
        return Action.STC
    if Verb.BUY in words:
        return Action.BTC
    if built.asset in {AssetClass.STOCK, AssetClass.OPTION} or (built.asset is None and built.symbol is not None):
        return Action.STC
    return Action.CLOSE


def _selling(scan: Scan, built: Built, words: list[Verb]) -> Action:
    """`sell` opens a short in pairs and futures with levels, and closes a share or a contract."""
    draft = scan.draft
    partial = bool(draft.fractions) or any(hint in {Hint.HALF, Hint.PARTIAL, Hint.ALL} for hint, _ in draft.hints)
    if Verb.ENTER in words:
        return Action.STO
    if built.asset in LEVELLED:
        if built.asset is AssetClass.FOREX and not partial:
            return Action.STO
        if draft.stops or draft.targets:
            return Action.STO
        if Verb.CLOSE in words or partial:
            return Action.STC
        built.doubt("side_ambiguous")
        return (
            Action.STO if built.asset in {AssetClass.INDEX, AssetClass.FUTURE} or len(draft.loose) > 1 else Action.STC
        )
    price = draft.prices[0].value if draft.prices else None
    above = price is not None and any(fact.level.absolute and fact.level.value > price for fact in draft.stops)
    below = price is not None and any(fact.level.absolute and fact.level.value < price for fact in draft.targets)
    if above or below:
        return Action.STO
    return Action.STC


def _without_verb(scan: Scan, built: Built) -> None:
    draft = scan.draft
    side = _side_of_levels(scan)
    hinted = {hint for hint, _ in draft.hints} & {Hint.BULL, Hint.BEAR}
    if side is not None and draft.prices:
        built.action = side
        built.doubt("side_inferred")
    elif len(hinted) == 1 and built.instrument is not None and (draft.stops or draft.targets) and draft.prices:
        built.action = Action.BTO if Hint.BULL in hinted else Action.STO
        built.doubt("side_inferred")
    elif _bare_contract(scan, built):
        built.action = Action.BTO
        built.doubt("implied_open")
    elif (draft.stops or draft.targets) and not draft.prices and _only_levels(scan, built):
        built.action = Action.UPDATE
        built.verb_at = (draft.stops or draft.targets)[0].at


def _side_of_levels(scan: Scan) -> Action | None:
    """Long where stop, entry and target rise in that order; short where they fall."""
    draft = scan.draft
    prices = [fact for fact in draft.prices if fact.label in {Field.ENTRY, Field.PRICE, Field.AT}]
    if not prices or not draft.stops or not draft.targets or not draft.stops[0].level.absolute:
        return None
    stop, price, target = draft.stops[0].level.value, prices[0].value, draft.targets[0].level
    if not target.absolute:
        return None
    if stop < price < target.value:
        return Action.BTO
    return Action.STO if stop > price > target.value else None


def _only_levels(scan: Scan, built: Built) -> bool:
    """A message of little more than levels: `SL 41.5`, `Target 44 stop 39`."""
    return len(scan.draft.unknown) <= (2 if built.instrument is not None else 1) and bool(scan.draft.labels)


def _bare_contract(scan: Scan, built: Built) -> bool:
    """`$abc 15 mar 24 $12.5c $3.35`: the whole message is a cashtag, a dated contract and its price."""
    draft, option = scan.draft, built.option
    if option is None or option.strike is None or option.right is None or option.expiry is None:
        return False
    dollar = built.instrument is not None and built.instrument.tagged == "$"
    clean = (
        not any(token.meaning is Field.NOISE for token in scan.tokens)
        and not draft.unknown
        and not draft.hints
        and not draft.loose
        and not draft.verbs
        and not draft.gain
    )
    return dollar and clean and len(draft.prices) == 1 and draft.prices[0].second is None


def split_targets(scan: Scan, built: Built) -> None:
    """In an entry, the price behind a trim (`scale 1/2 at 2195`) is a target, not an entry."""
    if built.action not in OPENING:
        return
    trims = [place for verb, place in scan.draft.verbs if verb is Verb.TRIM and place > built.verb_at]
    if not trims:
        return
    kept: list[PriceFact] = []
    for fact in scan.draft.prices:
        if fact.at > trims[0] and kept and fact.label is Field.AT:
            _as_target(scan, fact)
        else:
            kept.append(fact)
    scan.draft.prices = kept


def _as_target(scan: Scan, fact: PriceFact) -> None:
    scan.draft.targets.append(LevelFact(Level(fact.value), fact.at, fact.end))
