"""The way in: one message text to one parsed alert."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from tradsy.signals.text import assemble
from tradsy.signals.text.chatter import is_result, names_gain, talk_reason, tells_result, unclear_subject
from tradsy.signals.text.decide import decide, split_targets
from tradsy.signals.text.fold import MAX_LENGTH, fold
from tradsy.signals.text.grammar import read
from tradsy.signals.text.lexicon import EXPLICIT, Field, Hint, Verb
from tradsy.signals.text.model import BREAKEVEN, OPENING, Action, AlertIntent, FieldSpan, Level, ParsedAlert, plain
from tradsy.signals.text.prepare import prepare
from tradsy.signals.text.reasons import confidence
from tradsy.signals.text.scan import Scan
from tradsy.signals.text.tokens import Kind
from tradsy.signals.text.validate import doubts, refusal


def parse_alert(text: str, received_at: datetime | None = None) -> ParsedAlert:
    """Read one message.

    Args:
        text: The message as it came, with its markup.
        received_at: When it came; for callers that resolve relative expiries; the grammar is timeless.

    Returns:
        The intent with its confidence, or no intent and the reasons why not.
    """
    del received_at
    if len(text) > MAX_LENGTH:
        return _nothing("too_long")
    folded, origin = fold(text)
    prepared = prepare(folded)
    scan = Scan(folded, prepared.tokens)
    read(scan)
    built = assemble.Built()
    assemble.find_instrument(scan, built)
    assemble.find_option(scan, built)
    decide(scan, built)
    code = _build(scan, built) if built.action is not None else _idle_code(scan)
    if code is not None or built.action is None:
        return _nothing(code or "no_action")
    doubts(scan, built)
    if prepared.edited:
        built.doubt("edited")
    if prepared.more:
        built.doubt("multiple_alerts")
    reasons = tuple(built.reasons)
    spans = _spans(scan, built, origin)
    return ParsedAlert(assemble.to_intent(scan, built, built.action), confidence(reasons), reasons, spans)


def _idle_code(scan: Scan) -> str:
    """Why there is no action: plain talk, or an exit quoted without its verb (`IN 2210 OUT 2235`)."""
    return "no_verb" if any(fact.label is Field.EXIT_PRICE for fact in scan.draft.prices) else "no_action"


def _nothing(code: str) -> ParsedAlert:
    return ParsedAlert(None, 0.0, (code,), ())


def _build(scan: Scan, built: assemble.Built) -> str | None:
    """Fill the fields of the decided action; the code of a refusal where it must not be acted on."""
    split_targets(scan, built)
    assemble.find_price(scan, built)
    assemble.find_size(scan, built)
    assemble.find_levels(scan, built)
    assemble.finish_symbol(scan, built)
    if built.action in OPENING:
        built.average = built.average or any(verb is Verb.ADD for verb, _ in scan.draft.verbs)
        return _open_refusal(scan, built)
    return _other_refusal(scan, built)


def _structured(scan: Scan, built: assemble.Built) -> bool:
    """Whether the message has the shape of a signal: labelled levels beside an instrument."""
    return scan.draft.labels > 0 and built.symbol is not None


def _open_refusal(scan: Scan, built: assemble.Built) -> str | None:
    structured = _structured(scan, built)
    if built.verb is not None and (code := talk_reason(scan, built.verb, built.verb_at, structured=structured)):
        return code
    if built.verb is not None and unclear_subject(scan, built.verb, built.verb_at, structured=structured):
        return "unclear_subject"
    if not structured and (is_result(scan) or _closed_too(scan, built)):
        return "brag"
    if not structured and names_gain(scan):
        return "brag"
    if built.stop is None and built.verb not in EXPLICIT and (tells_result(scan) or _closed_later(scan, built)):
        return "brag"
    assemble.infer_levels(scan, built)
    return refusal(scan, built)


def _closed_later(scan: Scan, built: assemble.Built) -> bool:
    """`sell 1.0850 closed manually`: the same line says that it is over."""
    return any(
        verb in {Verb.CLOSE, Verb.STOPPED} and built.verb_at < place and _same_line(scan, built.verb_at, place)
        for verb, place in scan.draft.verbs
    )


def _closed_too(scan: Scan, built: assemble.Built) -> bool:
    """`bought at 3 and sold at 5`: both ends are told, so it is over."""
    if built.verb in EXPLICIT and built.verb_at >= 0:
        return any(
            verb in {Verb.STC, Verb.SOLD}
            for verb, place in scan.draft.verbs
            if place > built.verb_at and _same_line(scan, built.verb_at, place)
        )
    return any(verb in {Verb.SOLD, Verb.STC} for verb, _ in scan.draft.verbs)


def _same_line(scan: Scan, first: int, last: int) -> bool:
    return not any(scan.tokens[step].kind is Kind.NEWLINE for step in range(first, last))


def _other_refusal(scan: Scan, built: assemble.Built) -> str | None:
    draft = scan.draft
    code = None if built.verb is None else talk_reason(scan, built.verb, built.verb_at, structured=False)
    if code is not None and not (code == "conditional" and built.action is Action.UPDATE):
        return code
    if built.action is Action.UPDATE:
        return _update_refusal(scan, built)
    if built.action is Action.CANCEL:
        if built.symbol is None and _closes_all(scan):
            built.symbol = "ALL"
        return None
    if built.symbol is None:
        return _follow_up(scan, built)
    if built.verb not in EXPLICIT and unclear_subject(scan, built.verb or Verb.CLOSE, built.verb_at, structured=False):
        return "unclear_subject"
    if draft.signed_price:
        return "negative_price"
    if draft.spread:
        return "multi_leg"
    return None


def _update_refusal(scan: Scan, built: assemble.Built) -> str | None:
    draft = scan.draft
    if any(hint is Hint.NEWS for hint, _ in draft.hints):
        return "news"
    if built.stop is None and draft.pending_stop:
        _pending_stop(scan, built)
    if built.stop is None and not built.targets:
        return "no_action"
    if built.symbol is None and len(draft.unknown) > 8:
        return "unclear_subject"
    return None


def _pending_stop(scan: Scan, built: assemble.Built) -> None:
    """`raise stop on ROKU 60C to 2.90`: the level stands apart from its label."""
    draft = scan.draft
    if any(hint is Hint.BREAKEVEN for hint, _ in draft.hints):
        built.stop = BREAKEVEN
    elif draft.loose:
        built.stop = Level(scan.tokens[draft.loose[0]].value)
    elif draft.prices:
        built.stop = Level(draft.prices[0].value)


def _follow_up(scan: Scan, built: assemble.Built) -> str | None:
    """A close without a symbol: taken where the message is short and plain."""
    draft = scan.draft
    if _closes_all(scan):
        built.symbol = "ALL"
        return None
    short = len(draft.unknown) <= (4 if built.verb in EXPLICIT else 2)
    weak = built.verb in {Verb.OUT, Verb.FLAT, Verb.SELL, Verb.COVER, Verb.CLOSE} and not (
        built.price is not None or built.fraction is not None
    )
    return None if short and not weak else "no_instrument"


def _closes_all(scan: Scan) -> bool:
    """`closed all shorts`, `close everything`, `flatten all`."""
    words = [token.text for token in scan.tokens]
    for place, word in enumerate(words):
        if word in {"all", "everything", "все", "всё", "alle", "todo", "todas"}:
            after = words[place + 1] if place + 1 < len(words) else ""
            if word == "everything" or after in {
                "shorts",
                "longs",
                "short",
                "long",
                "positions",
                "trades",
                "position",
                "open",
                "orders",
            }:
                return True
    return False


def _spans(scan: Scan, built: assemble.Built, origin: list[int] | None) -> tuple[FieldSpan, ...]:
    places = list(built.places)
    if built.verb_at >= 0 and built.verb is not None:
        places.append(("action", built.verb_at, built.verb_at + 1))
    spans: list[FieldSpan] = []
    for name, first, last in sorted(places, key=lambda place: (place[1], place[2])):
        start, end = scan.tokens[first].start, scan.tokens[min(last, scan.count) - 1].end
        if origin is not None:
            start, end = origin[start], origin[end - 1] + 1
        spans.append(FieldSpan(name, start, end))
    return tuple(spans)


def to_expected(alert: ParsedAlert) -> dict[str, Any] | None:
    """The wire shape of an intent: numbers as JSON numbers, levels as number or text such as `50%`."""
    intent = alert.intent
    if intent is None:
        return None
    option = intent.option
    return {
        "action": intent.action.value,
        "asset": intent.asset.value if intent.asset else None,
        "symbol": intent.symbol,
        "qty": _number(intent.qty),
        "price": _number(intent.price),
        "stop": _level(intent.stop),
        "targets": [_level(level) for level in intent.targets],
        "option": None
        if option is None
        else {"strike": _number(option.strike), "right": option.right, "expiry": option.expiry},
        "fraction": _number(intent.fraction),
    }


def _number(value: Decimal | None) -> int | float | None:
    """The JSON number of a decimal, read back from its digits so that nothing is rounded on the way."""
    return None if value is None else json.loads(plain(value))


def _level(level: Level | None) -> int | float | str | None:
    if level is None:
        return None
    return _number(level.value) if level.absolute else str(level)


__all__ = ["AlertIntent", "ParsedAlert", "parse_alert", "to_expected"]
