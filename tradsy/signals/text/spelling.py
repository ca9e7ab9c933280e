"""Misspellings of the words that matter: swapped neighbours, a doubled letter, a lost letter in a long word."""

from __future__ import annotations

from tradsy.signals.text.lexicon import WORDS

_WATCHED = (
    "stop stops loss target targets entry profit short long bought sold buying selling closed close closing leverage "
    "limit market calls trim trimmed trimming shorting shorted covered covering cancel cancelled added adding "
    "breakeven partial stoploss takeprofit expiry ticker strike trailing entered direction opened sell"
)
_LONG_ENOUGH = 6
"""Shorter words lose a letter and become other words."""
_REAL = frozenset({"log", "lose", "entry", "cloned", "losed", "longs", "loong", "tops", "calls"})


def _slips(word: str) -> set[str]:
    swapped = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)}
    doubled = {word[: at + 1] + word[at:] for at in range(len(word))}
    lost = {word[:at] + word[at + 1 :] for at in range(1, len(word))} if len(word) >= _LONG_ENOUGH else set[str]()
    return swapped | doubled | lost


def _build() -> dict[str, str]:
    found: dict[str, str] = {}
    for word in _WATCHED.split():
        for slip in _slips(word):
            if slip != word and slip not in WORDS and slip not in _REAL and len(slip) > 3:
                found.setdefault(slip, word)
    return found


MEANT_WORD = _build()
"""What a misspelt word was meant to be."""
