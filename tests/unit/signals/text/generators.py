"""Two seeded generators: re-worded templates, and the same messages with the slips people make."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from tests.unit.signals.text.talk import chatter
from tests.unit.signals.text.wording import ALERTS, Sample


def reworded(seed: int, count: int) -> Iterator[Sample]:
    """Messages from the templates, one in four of them chatter."""
    rng = random.Random(seed)
    for _ in range(count):
        yield chatter(rng) if rng.random() < 0.25 else rng.choice(ALERTS)(rng)


SLIPS: dict[str, tuple[str, ...]] = {
    "stop loss": ("stop los", "stoploss", "stop lose", "stop  loss"),
    "stop": ("stpo", "stopp", "Stop"),
    "take profit": ("takeprofit", "take profi", "Take-Profit"),
    "target": ("taregt", "traget", "tgt"),
    "targets": ("tragets", "target"),
    "entry": ("enrty", "entery", "Entry"),
    "buying": ("byuing", "Buying"),
    "bought": ("bougth", "Bought"),
    "short": ("shrot", "SHORT"),
    "long": ("lnog", "LONG"),
    "leverage": ("levrage", "leverge"),
    "closed": ("colsed", "CLOSED"),
    "sold": ("sodl", "SOLD"),
}
TAILS = (
    " @here",
    " <@&987654321098765432>",
    " 🔥",
    " 🚀🚀",
    " good luck all",
    " #alerts",
    "  ",
    "\n\nNot financial advice",
    " (small size)",
)
HEADS = ("🚨 ", "@everyone ", "ALERT: ", "  ", "✅ ", "**NEW** ", "\n", "Hey team, ")


def slip(rng: random.Random, text: str) -> str:
    """Misspell one label word, where one stands."""
    low = text.lower()
    present = [word for word in SLIPS if word in low]
    if not present:
        return text
    word = rng.choice(present)
    at = low.index(word)
    return text[:at] + rng.choice(SLIPS[word]) + text[at + len(word) :]


def markup(rng: random.Random, text: str) -> str:
    """Make one line bold, code or underlined."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    mark = rng.choice(["**", "`", "__", "*"])
    lines[at] = f"{mark}{lines[at]}{mark}" if lines[at].strip() and not lines[at].startswith(">") else lines[at]
    return "\n".join(lines)


def unicode_look(rng: random.Random, text: str) -> str:
    """Swap plain characters for typographic ones and strew invisible ones."""
    table = rng.choice([{"-": "–"}, {" ": "\u00a0"}, {":": "：", "@": "＠"}, {"1": "１", "2": "２"}, {"/": "⁄"}])
    swapped = "".join(table.get(char, char) for char in text)
    return swapped.replace(" ", " \u200b", 1) if rng.random() < 0.3 else swapped


def spacing(rng: random.Random, text: str) -> str:
    """Double some blanks, or drop the blank after an at sign."""
    return rng.choice(
        [text.replace(" ", "  "), text.replace("@ ", "@"), text.replace(": ", ":"), text.replace("\n", "\n\n")]
    )


def casing(rng: random.Random, text: str) -> str:
    """Shout; writing in small letters would hide bare tickers even from people."""
    return text.upper() if rng.random() < 0.7 and "~" not in text else text


def flatten(rng: random.Random, text: str) -> str:
    """Lose the line breaks, as copying out of some programs does."""
    return text if text.startswith(">") else text.replace("\n", rng.choice([" ", "  ", " | "]))


def small(rng: random.Random, text: str) -> str:
    """Write everything in small letters, tickers too."""
    return text.lower() if rng.random() < 0.6 else text


def decimal_comma(rng: random.Random, text: str) -> str:
    """Write decimals with a comma in one message."""
    return re.sub(r"(?<=\d)\.(?=\d)", ",", text) if rng.random() < 0.5 and ", " not in text else text


def glue(rng: random.Random, text: str) -> str:
    """Lose the blank between a label and its number."""
    return re.sub(r"\b(SL|TP|sl|tp|Sl|Tp|PT) (?=\d+[.,]\d)", rng.choice([r"\1", r"\1:", r"\1="]), text)


def lost_at(rng: random.Random, text: str) -> str:
    """Leave the at sign out."""
    return text.replace(" @ ", " ", 1) if rng.random() < 0.7 else text


def around(rng: random.Random, text: str) -> str:
    """Add greetings and calls before or behind."""
    if text.startswith(">"):
        return text
    return rng.choice(HEADS) + text if rng.random() < 0.5 else text + rng.choice(TAILS)


NOISES: tuple[Callable[[random.Random, str], str], ...] = (
    slip, slip, markup, unicode_look, spacing, casing, around, around, flatten, small, decimal_comma, glue, lost_at,
)  # fmt: skip


def noisy(seed: int, count: int) -> Iterator[Sample]:
    """Messages of `reworded`, each damaged once to three times."""
    rng = random.Random(seed)
    for sample in reworded(seed + 1, count):
        text = sample.text
        for noise in rng.sample(NOISES, rng.randint(1, 3)):
            text = noise(rng, text)
        yield Sample(text, sample.expected, sample.kind)
