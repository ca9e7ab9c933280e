"""Tell talk from orders: negations, questions, intentions, reports, brags, quotations."""

from __future__ import annotations

from tradsy.signals.text.lexicon import EXPLICIT, Field, Hint, Meaning, Verb
from tradsy.signals.text.scan import Scan, meanings_of
from tradsy.signals.text.tokens import Kind, Token

_BOUNDARY = frozenset({".", "!", "?", ";"})
_WHOLE_MESSAGE = {Hint.PAPER: "paper_trade", Hint.RECAP: "recap", Hint.WATCHLIST: "watchlist"}
_BEFORE_VERB: dict[Meaning, str] = {
    Hint.NEGATION: "negated",
    Hint.INTENTION: "intention",
    Hint.CONDITION: "conditional",
    Hint.QUESTION: "question",
    Hint.THIRD_PARTY: "third_party",
    Hint.PAPER: "paper_trade",
    Hint.EXAMPLE: "example",
    Hint.EXPLAIN: "explanation",
    Hint.RECAP: "recap",
    Hint.WATCHLIST: "watchlist",
    Hint.HOLDING: "holding",
    Hint.PAST: "past_report",
    Hint.NEWS: "news",
}
_AFTER_VERB: dict[Meaning, str] = {
    Hint.PAST: "past_report",
    Hint.EXPLAIN: "explanation",
    Hint.NEWS: "news",
    Hint.BRAG: "brag",
    Hint.CONDITION: "conditional",
    Hint.PAPER: "paper_trade",
    Hint.WATCHLIST: "watchlist",
}
_STRICT_VERBS = frozenset(
    {
        Verb.BUY,
        Verb.SELL,
        Verb.LONG,
        Verb.SHORT,
        Verb.BOUGHT,
        Verb.SOLD,
        Verb.ADD,
        Verb.ENTER,
        Verb.IN,
        Verb.REENTER,
        Verb.COVER,
    }
)


def sentence(scan: Scan, index: int) -> tuple[int, int]:
    """First and last place of the sentence around a token; lines, pictures and mentions end one too."""
    first = index
    while first > 0 and not _ends(scan, first - 1):
        first -= 1
    last = index
    while last < scan.count and not _ends(scan, last):
        last += 1
    return first, last


def _ends(scan: Scan, index: int) -> bool:
    token = scan.tokens[index]
    if token.kind is Kind.NEWLINE or token.kind is Kind.EMOJI:
        return True
    if token.kind is not Kind.PUNCT or token.text not in _BOUNDARY:
        return False
    following = scan.at(index + 1)
    return not following.glued or following.kind is Kind.PUNCT


def talk_reason(scan: Scan, verb: Verb, index: int, *, structured: bool) -> str | None:
    """The code that makes the verb at a place talk; None where it stands as an order."""
    first, last = sentence(scan, index)
    code = _before(scan, first, index, verb) or _after(scan, verb, index, last, structured=structured)
    if code is not None:
        return code
    if _quoted(scan, index):
        return "quoted"
    for hint, place in scan.draft.hints:
        if hint in _WHOLE_MESSAGE and (not structured or place < index):
            return _WHOLE_MESSAGE[hint]
    return None


_PAST_VERBS = frozenset({Verb.BOUGHT, Verb.SOLD, Verb.ADD, Verb.ENTER})
"""Verbs that tell what somebody did; a noun before them is that somebody."""
_NEAR_ONLY = frozenset({"third_party", "holding", "news", "past_report", "explanation"})
"""Words that turn an order code into talk only from close by: the author may tell a story and then give the alert."""
_NEAR = 3
_OWNERS = frozenset(
    [
        "my",
        "your",
        "his",
        "her",
        "their",
        "that",
        "this",
        "the",
        "our",
        "every",
        "each",
        "last",
        "previous",
        "which",
        "a",
    ]
)


def _before(scan: Scan, first: int, index: int, verb: Verb) -> str | None:
    explicit = verb in EXPLICIT
    if explicit and index > first and scan.tokens[index - 1].text in _OWNERS:
        return "unclear_subject"
    for place in range(index - 1, first - 1, -1):
        token = scan.tokens[place]
        code = _code_of(token, _BEFORE_VERB)
        if code is None or (code == "negated" and token.text in {"no", "nor"} and place < index - 1):
            continue
        if code in _NEAR_ONLY and explicit and index - place > _NEAR:
            continue
        if code == "conditional" and token.text in {"after", "после", "nach"}:
            continue
        if code == "explanation" and token.text in {"rule", "tip", "tips", "vs"} and explicit:
            continue
        return code
    return None


def _code_of(token: Token, table: dict[Meaning, str]) -> str | None:
    if token.kind is not Kind.MEANT and token.kind is not Kind.WORD:
        return None
    meanings = meanings_of(token)
    if Hint.SUBJECT in meanings and token.meaning is not Hint.THIRD_PARTY:
        return None
    if token.meaning is not None and token.meaning in table:
        return table[token.meaning]
    return next((code for meaning, code in table.items() if meaning in _ALSO and meaning in meanings), None)


_ALSO = frozenset(
    {Hint.CONDITION, Hint.QUESTION, Hint.NEGATION, Hint.INTENTION, Hint.RECAP, Hint.WATCHLIST, Hint.HOLDING}
)


def _after(scan: Scan, verb: Verb, index: int, last: int, *, structured: bool) -> str | None:
    if scan.at(last).text == "?":
        return "question"
    if not structured and any(scan.tokens[place].text.startswith("still") for place in range(index + 1, last)):
        return "holding"
    if not structured and verb not in EXPLICIT and _doubtful(scan, index, last):
        return "intention"
    if any(
        hint is Hint.HOLDING and " " in scan.tokens[place].text for hint, place in scan.draft.hints if place > index
    ):
        return "holding"
    for hint, place in scan.draft.hints:
        if index < place < last and hint in _AFTER_VERB and not (structured and hint in {Hint.EXPLAIN, Hint.BRAG}):
            if hint is Hint.CONDITION and (structured or scan.tokens[place].text in {"after", "после"}):
                continue
            return _AFTER_VERB[hint]
    if scan.at(index + 1).meaning is Hint.EXPLAIN or scan.at(index + 1).text == "=":
        return "explanation"
    if not structured and verb not in {Verb.CANCEL, Verb.MOVE}:
        return _conditional_price(scan, index, last)
    return None


_MAYBE = frozenset(
    [
        "maybe",
        "tomorrow",
        "could",
        "would",
        "might",
        "perhaps",
        "possibly",
        "vielleicht",
        "может",
        "возможно",
        "potentially",
        "quizás",
        "morgen",
        "завтра",
    ]
)


def _doubtful(scan: Scan, index: int, last: int) -> bool:
    """`long at 190 tomorrow maybe`: the doubt comes behind the verb, and no other verb takes it."""
    for place in range(index + 1, last):
        if scan.tokens[place].text in _MAYBE:
            return not any(isinstance(scan.at(place + step).meaning, (Verb, Field)) for step in (1, 2, 3))
    return False


def _conditional_price(scan: Scan, index: int, last: int) -> str | None:
    """`long TSLA above 250`: the price is a trigger, not an entry."""
    for place in range(index + 1, min(last, scan.count)):
        token = scan.tokens[place]
        if Hint.BEYOND in meanings_of(token) and scan.at(place + 1).kind is Kind.NUM and not _in_stop(scan, place):
            return "conditional"
        if token.text in {"if", "when", "once"} and not _in_stop(scan, place):
            return "conditional"
    return None


def _in_stop(scan: Scan, place: int) -> bool:
    return any(fact.at < place < fact.end for fact in scan.draft.stops) or any(
        fact.at < place < fact.end for fact in scan.draft.targets
    )


def _quoted(scan: Scan, index: int) -> bool:
    """Whether an odd number of double quotes stands before the verb and one more after it, with talk outside."""
    before = [place for place in range(index) if scan.tokens[place].text == '"']
    after = [place for place in range(index + 1, scan.count) if scan.tokens[place].text == '"']
    if len(before) % 2 == 0 or not after:
        return False
    return before[-1] > 0 or after[0] < scan.count - 1


def unclear_subject(scan: Scan, verb: Verb, index: int, *, structured: bool) -> bool:
    """Whether an everyday verb follows words that no alert would put before it."""
    if verb in EXPLICIT or verb not in _STRICT_VERBS or structured:
        return False
    first, _ = sentence(scan, index)
    if verb is Verb.IN and index > first and Hint.SUBJECT not in meanings_of(scan.tokens[index - 1]):
        return True
    if verb in _PAST_VERBS and index > first and scan.tokens[index - 1].kind is Kind.WORD and _unknown(scan, index - 1):
        return True
    odd = 0
    for place in range(first, index):
        token = scan.tokens[place]
        if token.kind is Kind.WORD and _unknown(scan, place):
            odd += 1
        elif token.text in {"my", "the", "your", "their", "a", "of", "to"} and place == index - 1:
            odd += 2
    return odd >= 2


def _unknown(scan: Scan, place: int) -> bool:
    return place in scan.draft.unknown


def is_result(scan: Scan) -> bool:
    """`from 3.20 to 5.40`, `up 4.50 from 1.75`, `+68%` without any label: a result is shown."""
    for place, token in enumerate(scan.tokens):
        if token.text == "from" and token.kind is Kind.MEANT:
            number = scan.skip(place + 1, newlines=0, words=0)
            if scan.at(number).kind is not Kind.NUM:
                continue
            onward = scan.at(number + 1)
            if onward.text in {"to", "-", ">"} and scan.at(scan.skip(number + 2, newlines=0, words=0)).kind is Kind.NUM:
                return onward.text != "-" or any(t.text in {"up", "ran", "went"} for t in scan.tokens)
            if any(scan.at(step).text in {"up", "ran", "went", "down"} for step in range(max(0, place - 4), place)):
                return True
        elif token.text in {"up", "ran", "down"} and scan.at(place + 1).unit == "%":
            return True
    return False


def tells_result(scan: Scan) -> bool:
    """`5310 > 5320`, `long 5310 to 5320`, `+100 pips`, `done`: both ends or the gain of a trade that is over."""
    for place, token in enumerate(scan.tokens):
        if token.kind is not Kind.NUM:
            continue
        if token.sign and (token.sign == "+" or scan.unit(place)[0].value):
            return True
        if scan.at(place - 1).text in {"up", "made", "gained", "down"} and scan.unit(place)[0].value:
            return True
        after = scan.at(place + 1)
        if after.text in {">", "to"} and scan.at(scan.skip(place + 1, newlines=0)).kind is Kind.NUM:
            return True
    return any(hint is Hint.HIT for hint, _ in scan.draft.hints) or scan.draft.target_hit or scan.draft.stop_hit


def names_gain(scan: Scan) -> bool:
    """Whether the message shows a gain: `+68%`, `60% gain`, `🔥 120%`."""
    for place, token in enumerate(scan.tokens):
        if token.kind is Kind.NUM and token.unit == "%":
            after = scan.at(place + 1)
            if (
                token.sign == "+"
                or Hint.GAIN in meanings_of(after)
                or after.kind is Kind.EMOJI
                or after.text in {"up", "profit"}
            ):
                return True
        elif token.text in {"bagger", "baggers"}:
            return True
    return False
