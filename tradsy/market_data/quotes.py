"""The last quote of each symbol, in memory; whoever reads one judges its age."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tradsy.domain.market import Quote

QuoteListener = Callable[[Quote], None]


class QuoteCache:
    """Quotes of one process. Listeners are called in `put` and must not block."""

    def __init__(self) -> None:
        self._quotes: dict[str, Quote] = {}
        self._listeners: tuple[QuoteListener, ...] = ()

    def put(self, quote: Quote) -> None:
        """Take a quote as the symbol's last one."""
        self._quotes[quote.symbol] = quote
        for listener in self._listeners:
            listener(quote)

    def get(self, symbol: str) -> Quote | None:
        """Return the last quote of `symbol`, however old."""
        return self._quotes.get(symbol)

    def many(self, symbols: Iterable[str]) -> list[Quote]:
        """Return the last quotes of those of `symbols` that have one."""
        found = (self._quotes.get(symbol) for symbol in symbols)
        return [quote for quote in found if quote is not None]

    def __len__(self) -> int:
        return len(self._quotes)

    def subscribe(self, listener: QuoteListener) -> Callable[[], None]:
        """Call `listener` with each quote from now on; calling the returned function ends that."""
        self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            self._listeners = tuple(known for known in self._listeners if known is not listener)

        return unsubscribe
