"""The reason codes: what each one says, whether it refuses the alert, and how much confidence it costs."""

from __future__ import annotations

from dataclasses import dataclass

BASE = 98
"""Confidence, in hundredths, of an alert with an explicit verb and nothing to doubt."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One code of the table; `cost` is in hundredths and does not matter where the code refuses."""

    meaning: str
    cost: int = 0
    refuses: bool = False


def _refusal(meaning: str) -> Reason:
    return Reason(meaning, refuses=True)


REASONS: dict[str, Reason] = {
    "too_long": _refusal("The text is longer than any alert."),
    "no_action": _refusal("Nothing in the text asks for a trade."),
    "no_instrument": _refusal("An entry without an instrument."),
    "no_price": _refusal("An entry in a bare name: no price, no market word, no stop and no target."),
    "negated": _refusal("The action is negated."),
    "question": _refusal("The action stands in a question."),
    "intention": _refusal("The author speaks of what may be done, not of what is done."),
    "conditional": _refusal("The action depends on a condition a person must watch."),
    "watchlist": _refusal("A list of names to watch."),
    "holding": _refusal("The author speaks of a position already held."),
    "past_report": _refusal("The trade happened earlier: a report, not an alert."),
    "recap": _refusal("A summary of results."),
    "brag": _refusal("A result is shown off; nothing is to be done."),
    "third_party": _refusal("Somebody else trades."),
    "quoted": _refusal("The action stands inside a quotation."),
    "paper_trade": _refusal("The author trades this on paper only."),
    "example": _refusal("An example or a test message."),
    "explanation": _refusal("Terms are explained."),
    "news": _refusal("News or an analyst's opinion."),
    "multi_leg": _refusal("An option spread or a roll; only single contracts are taken."),
    "stop_on_wrong_side": _refusal("The stop lies on the winning side of the entry."),
    "target_on_wrong_side": _refusal("A target lies on the losing side of the entry."),
    "misplaced_decimal": _refusal("A level is off by an order of magnitude."),
    "negative_price": _refusal("A price is negative or zero."),
    "zero_size": _refusal("The size is zero."),
    "no_verb": _refusal("An event without its verb: entry and exit are quoted, the action is not."),
    "unclear_subject": _refusal("Ordinary words around the verb make it talk, not an order."),
    "side_inferred": Reason("No word names the side; it follows from the order of stop, entry and target.", 20),
    "levels_inferred": Reason("Stop or targets have no label; their side of the entry tells which they are.", 12),
    "side_ambiguous": Reason("`sell` could close a position as well as open a short one.", 22),
    "implied_open": Reason("Contract and price without a verb, read as an entry.", 35),
    "natural_verb": Reason("The verb is an everyday word (`buy`, `in`), not an order code.", 4),
    "weak_verb": Reason("The verb is a word with many uses (`in`, `took`, `added`).", 10),
    "multiple_alerts": Reason("More than one alert in the message; the first is read.", 20),
    "other_symbol": Reason("Another instrument is named as well.", 8),
    "no_stop": Reason("A pair or future without a stop.", 4),
    "no_symbol": Reason("A follow-up without a symbol: the context must name the position.", 10),
    "no_strike": Reason("An option without its strike.", 25),
    "no_expiry": Reason("An option without its expiry.", 8),
    "bare_symbol": Reason("The instrument is recognised by its place in the sentence only.", 4),
    "quote_inferred": Reason("The quote currency is not written.", 6),
    "market_order": Reason("No price is written: market.", 4),
    "stop_inside_zone": Reason("The stop lies inside the entry range.", 15),
    "size_unknown": Reason("A partial close without its share.", 8),
    "unknown_words": Reason("Many words the grammar does not know.", 6),
    "long_talk": Reason("The alert is buried in ordinary talk.", 12),
    "result_named": Reason("A stop or target is reported as reached in the same message.", 12),
    "thousands_or_decimal": Reason("A number such as 12,345 of a coin could mean 12345 or 12.345.", 20),
    "misspelt": Reason("A word of the alert is misspelt.", 8),
    "edited": Reason("The text says that it was edited.", 6),
    "repaired_number": Reason("A slip inside a number was repaired.", 10),
    "fraction_or_date": Reason("A number such as 1/3 could be a share or a date.", 15),
    "averaging": Reason("An addition to a position.", 2),
}


def confidence(codes: tuple[str, ...]) -> float:
    """The base less the cost of every code, never below 0.05: each further doubt can only lower it."""
    cost = sum(REASONS[code].cost for code in codes)
    return max(BASE - cost, 5) / 100
