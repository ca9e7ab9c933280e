"""What the parser answers: the intent, its levels and terms, the reasons and the spans."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Action(StrEnum):
    """What the alert asks for; CLOSE is a close whose side the text does not tell."""

    BTO = "BTO"
    STC = "STC"
    STO = "STO"
    BTC = "BTC"
    CLOSE = "CLOSE"
    UPDATE = "UPDATE"
    CANCEL = "CANCEL"


OPENING = frozenset({Action.BTO, Action.STO})
CLOSING = frozenset({Action.STC, Action.BTC, Action.CLOSE})


class AssetClass(StrEnum):
    """The kind of instrument the text names."""

    STOCK = "stock"
    OPTION = "option"
    CRYPTO = "crypto"
    FOREX = "forex"
    INDEX = "index"
    FUTURE = "future"


class LevelUnit(StrEnum):
    """How a stop or a target is measured; PRICE is an absolute price."""

    PRICE = ""
    PERCENT = "%"
    PIPS = "pips"
    POINTS = "pts"
    RISK = "R"
    BREAKEVEN = "breakeven"


@dataclass(frozen=True, slots=True)
class Level:
    """A stop or target: an absolute price, a distance, or the entry itself (breakeven)."""

    value: Decimal
    unit: LevelUnit = LevelUnit.PRICE

    @property
    def absolute(self) -> bool:
        """Whether the value is a price and not a distance."""
        return self.unit is LevelUnit.PRICE

    def __str__(self) -> str:
        if self.unit is LevelUnit.BREAKEVEN:
            return self.unit.value
        return f"{plain(self.value)}{self.unit.value}"


BREAKEVEN = Level(Decimal(0), LevelUnit.BREAKEVEN)


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """Strike, right and expiry of one option contract, as far as the text tells them."""

    strike: Decimal | None
    right: str | None
    """`C` or `P`."""
    expiry: str | None
    """`MM-DD` (the next such day), an ISO date, `0DTE`, `weekly` or `next_week`."""


class OrderHint(StrEnum):
    """The order type the author wrote, where one is written."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class AlertIntent:
    """One trade instruction as the author meant it; absent fields are None or empty."""

    action: Action
    asset: AssetClass | None = None
    symbol: str | None = None
    qty: Decimal | None = None
    price: Decimal | None = None
    stop: Level | None = None
    targets: tuple[Level, ...] = ()
    option: OptionTerms | None = None
    fraction: Decimal | None = None
    entry_zone: tuple[Decimal, Decimal] | None = None
    """Lower and upper end of a written price range."""
    order: OrderHint | None = None
    trail_after_target: Level | None = None
    size_hint: str | None = None
    """Advice on size that is no quantity: `5%`, `1/4`, `small`, `0.01 lot`."""
    leverage: Decimal | None = None
    risk: tuple[str, ...] = ()
    """Risk words as written: `lotto`, `high risk`, `swing`."""
    average: bool = False
    """True where the author adds to a position."""
    new_average: Decimal | None = None
    partial: bool = False
    """True for a trim, also where its size is not written."""
    runner: bool = False
    underlying_target: Decimal | None = None
    underlying_stop: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FieldSpan:
    """Where in the original text a field was read."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ParsedAlert:
    """The parser's answer for one message; without an intent there is nothing to do."""

    intent: AlertIntent | None
    confidence: float
    reasons: tuple[str, ...]
    spans: tuple[FieldSpan, ...]


def plain(value: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
