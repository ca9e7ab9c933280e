"""What the demo's sources say: seeded, varied, and sparing enough to stay within the default limits all day."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

ENTRIES_PER_DAY = 90
"""Below R-P16's 100 orders of an account in a day, which a moderate user starts with."""
BURST = 12
"""Entries that may come close together: a new installation has something to show within minutes."""
REFILL = timedelta(minutes=15)
HOLD = timedelta(minutes=2)
"""How long a position is kept at least before its source closes it."""


class DemoSource(StrEnum):
    """The three demo sources."""

    STRATEGY = "strategy"
    """TradingView webhooks."""
    ROOM = "room"
    """People who write."""
    PROGRAM = "program"
    """Native orders."""


SYMBOLS = {
    DemoSource.STRATEGY: ("BTC/USD", "ETH/USD"),
    DemoSource.ROOM: ("SOL/USD", "LTC/USD", "AVAX/USD"),
    DemoSource.PROGRAM: ("LINK/USD", "XRP/USD"),
}
"""Apart from each other: each source closes what it opened itself."""
FIXED_QUANTITY = Decimal(2)
"""Units that the room's follow trades of each of its symbols."""

_OPENING = (
    "Long {symbol} at market, SL 5% TP 10%",
    "Buy {symbol} now, stop 4%",
    "Long {symbol} SL 3%",
    "\U0001f680 Long {symbol} at market, SL 4% TP 8%",
)
_CLOSING = ("Close {symbol} position", "Sold my {symbol}", "Closing {symbol}")
_UNSURE = "buying {symbol} and {other} now"
_CHATTER = (
    "good morning everyone",
    "what do you all think of {symbol} here?",
    "{symbol} looking heavy, might add later",
    "no trades today until the news is out",
    "nice one on {symbol}, well done",
    "watching {symbol} for a breakout, no position yet",
    "reminder: size small in this market",
)


@dataclass(frozen=True, slots=True)
class DemoAlert:
    """One message to a demo source."""

    source: DemoSource
    body: str | dict[str, Any]


class DemoScript:
    """Says what comes next; deterministic for a seed and the times that it is asked at."""

    def __init__(
        self, seed: int, now: datetime, *, held: Iterable[str] = (), entries: Iterable[tuple[datetime, str]] = ()
    ) -> None:
        """Begin with what the demo account holds and with its entries of the last day: when, and in what."""
        self._random = random.Random(seed)  # noqa: S311 - a script, not a secret
        self._entries = deque(sorted(entries))
        self._held = dict.fromkeys(held, now)
        self._tokens = float(BURST)
        self._refilled = now
        self._count = 0

    def pause(self) -> timedelta:
        """Return how long to wait before the next message."""
        return timedelta(seconds=self._random.uniform(10, 20))

    def next(self, now: datetime) -> DemoAlert:
        """Return the next message."""
        self._count += 1
        roll = self._random.random()
        if roll < 0.45 and self._may_enter(now):
            alert = self._enter(now)
            if alert is not None:
                return alert
        if roll < 0.70 and (closing := self._close(now)) is not None:
            return closing
        symbol, other = self._random.sample(SYMBOLS[DemoSource.ROOM], 2)
        text = _UNSURE if roll > 0.93 else self._random.choice(_CHATTER)
        return DemoAlert(DemoSource.ROOM, text.format(symbol=symbol, other=other))

    def _may_enter(self, now: datetime) -> bool:
        while self._entries and self._entries[0][0] <= now - timedelta(days=1):
            self._entries.popleft()
        self._tokens = min(float(BURST), self._tokens + (now - self._refilled) / REFILL)
        self._refilled = now
        return self._tokens >= 1 and len(self._entries) < ENTRIES_PER_DAY

    def _enter(self, now: datetime) -> DemoAlert | None:
        free = [(s, symbol) for s, symbols in SYMBOLS.items() for symbol in symbols if symbol not in self._held]
        if not free:
            return None
        # The least used symbol: R-P15 takes 20 fills of a source, symbol and side in a day.
        used = Counter(symbol for _, symbol in self._entries)
        source, symbol = min(free, key=lambda pair: (used[pair[1]], self._random.random()))
        self._tokens -= 1
        self._entries.append((now, symbol))
        self._held[symbol] = now
        return DemoAlert(source, self._opening(source, symbol))

    def _close(self, now: datetime) -> DemoAlert | None:
        ripe = [symbol for symbol, since in self._held.items() if now - since >= HOLD]
        if not ripe:
            return None
        symbol = self._random.choice(ripe)
        del self._held[symbol]
        source = next(s for s, symbols in SYMBOLS.items() if symbol in symbols)
        return DemoAlert(source, self._closing(source, symbol))

    def _opening(self, source: DemoSource, symbol: str) -> str | dict[str, Any]:
        if source is DemoSource.ROOM:
            return self._random.choice(_OPENING).format(symbol=symbol)
        if source is DemoSource.STRATEGY:
            return {**self._identity(), "ticker": symbol.replace("/", ""), "action": "buy"}
        order = {"symbol": symbol, "side": "buy", "type": "market", "quantity": "10", "time_in_force": "gtc"}
        return {**self._identity(), "order": order}

    def _closing(self, source: DemoSource, symbol: str) -> str | dict[str, Any]:
        if source is DemoSource.ROOM:
            return self._random.choice(_CLOSING).format(symbol=symbol)
        if source is DemoSource.STRATEGY:
            return {**self._identity(), "ticker": symbol.replace("/", ""), "action": "exit"}
        order = {"symbol": symbol, "side": "sell", "position_effect": "close", "type": "market", "time_in_force": "gtc"}
        return {**self._identity(), "order": order}

    def _identity(self) -> dict[str, str]:
        """Return an id of its own, as each alert of a strategy bears one."""
        return {"id": f"demo-{self._random.getrandbits(64):016x}-{self._count}"}
