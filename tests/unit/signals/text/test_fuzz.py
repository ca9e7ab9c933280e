"""Whatever the text, the parser answers, and its answer makes sense."""

from __future__ import annotations

import random
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.signals.text.generators import noisy, reworded
from tradsy.signals.reading import MAX_ALERT
from tradsy.signals.text.lexicon import PHRASES, WORDS
from tradsy.signals.text.model import OPENING, Action, Level, LevelUnit, ParsedAlert
from tradsy.signals.text.parser import parse_alert, to_expected
from tradsy.signals.text.reasons import REASONS, confidence

SAMPLES = (
    "AAPL|$TSLA|#BTC/USDT|EURUSD|GOLD|ES|190C|6/21|@|3.20|50%|1,234.5|2 of 5|1/3|-|/|:|(|)|~~|\n|🛑|🎯|20x|0|-5|1e9"
    "|0DTE|21JUN|'|\""
)
PIECES = [*WORDS, *PHRASES, *SAMPLES.split("|")]
alert_like = st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join)


def check(alert: ParsedAlert) -> None:
    """The invariants of every answer."""
    assert 0 <= alert.confidence <= 1
    assert set(alert.reasons) <= set(REASONS)
    intent = alert.intent
    if intent is None:
        assert alert.confidence == 0
        assert alert.reasons
        return
    numbers = [intent.qty, intent.price, intent.fraction, intent.leverage]
    levels = [level for level in (intent.stop, *intent.targets) if level is not None]
    for value in [*(number for number in numbers if number is not None), *(level.value for level in levels)]:
        assert value.is_finite()
    assert intent.fraction is None or 0 < intent.fraction <= 1
    if intent.action in OPENING:
        assert intent.symbol
        assert intent.fraction is None
        assert intent.price is None or intent.price > 0
        assert intent.qty is None or intent.qty > 0
        check_sides(intent.action, intent.entry_zone, intent.price, intent.stop, intent.targets)
    answer = to_expected(alert)
    assert answer is not None
    assert answer["action"] == intent.action.value


def check_sides(
    action: Action,
    zone: tuple[Decimal, Decimal] | None,
    price: Decimal | None,
    stop: Level | None,
    targets: tuple[Level, ...],
) -> None:
    """No stop on the winning and no target on the losing side."""
    if price is None:
        return
    low, high = zone or (price, price)
    sign = 1 if action is Action.BTO else -1
    worst_entry, best_entry = (high, low) if sign > 0 else (low, high)
    if stop is not None and stop.unit is LevelUnit.PRICE:
        assert (worst_entry - stop.value) * sign > 0
    for target in targets:
        if target.unit is LevelUnit.PRICE:
            assert (target.value - best_entry) * sign > 0


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    check(parse_alert(text))


@settings(max_examples=600, deadline=None)
@given(alert_like)
def test_any_row_of_alert_words_is_answered(text: str) -> None:
    check(parse_alert(text))


@settings(max_examples=200, deadline=None)
@given(alert_like)
def test_same_text_same_answer(text: str) -> None:
    assert parse_alert(text) == parse_alert(text)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["  {}  ", "\n{}\n", "**{}**", "`{}`", "{}\u200b", "{} @here"]))
def test_blanks_and_markup_around_a_message_change_nothing(seed: int, frame: str) -> None:
    text = next(reworded(seed, 1)).text
    if text.startswith(">"):
        return
    plain, framed = parse_alert(text), parse_alert(frame.format(text))

    assert framed.intent == plain.intent
    assert framed.confidence == plain.confidence


@settings(max_examples=200, deadline=None)
@given(alert_like)
def test_spans_lie_inside_the_text(text: str) -> None:
    for span in parse_alert(text).spans:
        assert 0 <= span.start < span.end <= len(text)


@given(st.lists(st.sampled_from([code for code in REASONS if not REASONS[code].refuses]), unique=True, min_size=1))
def test_each_further_reason_lowers_confidence_or_keeps_it(codes: list[str]) -> None:
    assert confidence(tuple(codes)) <= confidence(tuple(codes[1:]))


def mutate(rng: random.Random, text: str) -> str:
    """Cut, repeat, swap and overwrite parts of a message."""
    chars = list(text)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(chars) + 1)
        edit = rng.randrange(4)
        if edit == 0:
            chars[at : at + rng.randint(1, 6)] = []
        elif edit == 1:
            chars[at:at] = chars[at : at + rng.randint(1, 12)]
        elif edit == 2:
            chars.insert(at, chr(rng.choice([rng.randrange(32, 127), rng.randrange(0x20, 0x2FFF), 0x1F680])))
        elif chars:
            rng.shuffle(chars[at : at + 4])
    return "".join(chars)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_alerts_are_answered(seed: int) -> None:
    rng = random.Random(seed)
    for sample in noisy(seed, 500):
        check(parse_alert(mutate(rng, sample.text)))


@pytest.mark.parametrize(
    "text", ["(" * 4000, "1/" * 4000, "BTO " * 2000, "1," * 4000, '"' * 7999, "TP 1 " * 1500, "a." * 3900, "9" * 8000]
)
def test_hostile_text_costs_little_more_than_its_length(text: str) -> None:
    text = text[:MAX_ALERT]
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        parsed = parse_alert(text)
    finally:
        sys.setprofile(None)
    check(parsed)
    # Calls and returns: some 40 a character of common alerts, and at most seven times as many of the worst.
    assert calls < 300 * len(text)
