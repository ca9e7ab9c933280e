"""Chatter in our own wordings: messages that are no alert, and alerts that must be refused."""

from __future__ import annotations

import random
from decimal import Decimal

from tests.unit.signals.text.wording import STOCKS, Sample, contract, forex

CHATTER: tuple[str, ...] = (
    "Please don't BTO {opt} @ {p}, spreads are awful",
    "Nobody should buy {tick} at {p}",
    "Would you BTO {opt} at {p}?",
    "Is it smart to go long {pair} at {fx} with a stop at {fx2}?",
    "Thinking of going long {tick} near {p}",
    "I might buy {tick} @ {p} later",
    "If {tick} clears {p} then I would go long",
    "My BTO from last week on {opt} is up 80%",
    "{opt} from {p} to {p2}, what a ride",
    "{tick} calls ran from {p} to {p2} 🔥🔥",
    "Still holding {opt} from {p}",
    "Watching {tick} over {p} and {tick2} under {p2}",
    "Watchlist: {tick} {p}, {tick2} {p2}",
    "Recap of today: bought {tick} {p}, sold {p2}, +{pct}%",
    "{tick} bid {p} ask {p2}",
    "{opt} {p} x {p2}",
    "09:45 {tick} {p} {tick2} {p2}",
    "Analysts at Citi raise the {tick} price target to {p2} from {p}",
    "A fund bought 2,000,000 {tick} shares at {p}",
    "He sold {tick} at {p} and regrets it",
    "On paper I would be long {tick} at {p}",
    "Demo account: long {pair} {fx}, sl {fx2}",
    "Example of an alert: BTO {opt} @ {p}",
    "BTO stands for buy to open, e.g. BTO {opt} @ {p}",
    "TP1 hit on {pair} +{pct} pips ✅",
    "{pair} closed in profit, +{pct} pips",
    "Signal results: {pair} buy {fx} ✅, {tick} ❌",
    "{pair} looks heavy below {fx}, waiting for a retest before any sell",
    "{pair} sellers defend {fx}, buyers at {fx2}",
    "always use a stop loss, risk {pct}% at most",
    "gm everyone, coffee first",
    "who is in for the call at 10:30?",
    "Earnings of {tick} after the bell, implied move {pct}%",
    "> BTO {opt} @ {p}\ngreat entry!",
    "Missed the BTO on {opt} at {p}, no chase",
    "Did not take the {pair} short at {fx}",
    "Жду {pair} на {fx}, пока без позиций",
    "Не покупаем {tick} по {p}",
    "{tick} nicht kaufen, {p} ist zu teuer",
    "STO {tick} 100/105/110/115 condor @ {p} credit",
    "BTO {tick} 100/105c {date} @ {p}",
)


def chatter(rng: random.Random) -> Sample:
    """A message that is no alert, or one that must be refused."""
    c, t = contract(rng), forex(rng)
    form = rng.choice(CHATTER)
    text = form.format(
        opt=f"{c.ticker} {c.strike}{c.right} {rng.randint(1, 12)}/{rng.randint(1, 28)}",
        tick=c.ticker, tick2=rng.choice(STOCKS), p=c.price, p2=f"{Decimal(c.price) * 2:.2f}", pct=rng.randint(5, 95),
        pair=t.symbol, fx=t.price, fx2=t.stop, date=f"{rng.randint(1, 12)}/{rng.randint(1, 28)}",
    )  # fmt: skip
    return Sample(text, None, "chatter")
