"""What risk is told about one order, and what it answers.

Every fact that may be unavailable is optional, and None means *unknown*: the rule that needs it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from tradsy.brokers.capabilities import Capabilities
from tradsy.domain.ids import AccountId, SourceId
from tradsy.domain.instruments import AssetClass, Instrument
from tradsy.domain.market import Quote
from tradsy.domain.money import ZERO, format_decimal
from tradsy.domain.orders import OrderRole, OrderTerms, OrderType, Side
from tradsy.risk.limits import EffectiveLimits, format_value

RISK_UNAVAILABLE = "RISK_UNAVAILABLE"
"""Code of a rule that could not be judged: it refuses."""


class Origin(StrEnum):
    """Who asked for the order."""

    AUTOMATIC = "automatic"
    """A signal, a schedule or the product itself; nobody is at the screen."""
    PERSON = "person"
    """A signed-in person, by ticket or by approving a plan."""


class KillScope(StrEnum):
    """What a kill switch stops."""

    SITE = "site"
    BROKER = "broker"
    USER = "user"
    ACCOUNT = "account"
    STRATEGY = "strategy"
    SOURCE = "source"


class RiskMode(StrEnum):
    """State of a user, an account or a source; stays until it is lifted."""

    NORMAL = "normal"
    REDUCE_ONLY = "reduce_only"
    HALTED = "halted"
    """Accounts and users: nothing but reduce-only orders; ends by a person's act."""
    DISABLED = "disabled"
    """Sources: no orders until a person enables it again."""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What the broker last said about the account, in `currency`."""

    equity: Decimal
    cash: Decimal
    buying_power: Decimal
    snapshot_at: datetime
    day_start_equity: Decimal
    peak_equity: Decimal
    trading_blocked: bool = False
    is_live: bool = False
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class EquityFacts:
    """Equity of all accounts of the user together, every broker: the daily guard of X6."""

    equity: Decimal
    day_start_equity: Decimal
    peak_equity: Decimal


@dataclass(frozen=True, slots=True)
class PositionsFacts:
    """All positions of the account, also those that Tradsy did not open, in account currency."""

    count: int
    gross_notional: Decimal
    by_symbol: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    """Absolute notional by canonical symbol."""


@dataclass(frozen=True, slots=True)
class OpenOrderFacts:
    """One order that rests or may rest, on any account of the user."""

    account_id: AccountId
    symbol: str
    side: Side
    order_type: OrderType
    leaves_quantity: Decimal
    notional: Decimal | None
    """Of what is left, in account currency; None is unknown."""
    limit_price: Decimal | None = None
    role: OrderRole = OrderRole.ENTRY
    reduce_only: bool = False
    unproved: bool = False
    """Submitting, unknown or quarantined: it counts as resting."""


@dataclass(frozen=True, slots=True)
class RecentOrder:
    """An order of the account that was sent lately, whatever its source."""

    terms: OrderTerms
    """As asked for, or as sent."""
    at: datetime
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Counters:
    """Counts without the order at hand; None is unknown. Rejected and replaced orders count as messages."""

    account_messages_10s: int | None = None
    account_messages_60s: int | None = None
    source_messages_60s: int | None = None
    broker_messages_60s: int | None = None
    """All calls of the connection's budget in the last minute."""
    repeat_fills_5min: int | None = None
    """Filled orders of the same source, symbol and side."""
    repeat_fills_today: int | None = None
    orders_today: int | None = None
    source_rejects_60s: int | None = None
    account_rejects_5min: int | None = None


@dataclass(frozen=True, slots=True)
class ParentFacts:
    """The quantity that this order is part of (R-P22): the plan's, the ticket's, the copied order's."""

    quantity: Decimal
    children: Decimal = ZERO
    """Sum of the other children: what they filled and what of them still rests or may rest."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """Whether this process may submit at all (R-P27)."""

    holds_lease: bool | None = None
    epoch_current: bool | None = None
    build_current: bool | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a signed-in person typed to let a soft breach pass."""

    symbol: str
    notional: Decimal
    reason: str
    stepped_up: bool = False
    """The person proved a second factor within the last five minutes."""


@dataclass(frozen=True, slots=True)
class RiskInput:
    """All facts about one order; built by `execution` from rows it read, judged by `engine.evaluate`."""

    now: datetime
    account_id: AccountId
    order: OrderTerms
    role: OrderRole
    origin: Origin
    limits: EffectiveLimits
    capabilities: Capabilities | None
    instrument: Instrument | None
    quote: Quote | None
    account: AccountFacts | None
    user_equity: EquityFacts | None
    position: Decimal | None
    """Signed quantity held of the symbol."""
    positions: PositionsFacts | None
    open_orders: tuple[OpenOrderFacts, ...] | None
    """All open orders of the user, other accounts included (R-P18)."""
    recent_orders: tuple[RecentOrder, ...] | None
    """The account's orders of at least the duplicate window."""
    counters: Counters
    parent: ParentFacts | None
    kills: frozenset[KillScope] | None
    """Active kill switches that apply; the committing statement reads them again."""
    account_mode: RiskMode | None
    user_mode: RiskMode | None
    source_mode: RiskMode | None = None
    """Needed when the order has a source."""
    source_id: SourceId | None = None
    signal_at: datetime | None = None
    """The time that the signal bears, else when it was received; for an approved plan, the approval."""
    deduplicated: bool | None = None
    """Whether intake looked for an earlier signal like this one."""
    duplicate_of: UUID | None = None
    reconciled_at: datetime | None = None
    open_breaks: int | None = None
    unknown_in_symbol: bool | None = None
    database_clock_offset: timedelta | None = None
    venue_clock_offset: timedelta | None = None
    engine: EngineFacts = EngineFacts()
    link: str | None = None
    """What this order belongs to, such as the entry whose position it closes; tells two equal exits apart."""
    confirmation: Confirmation | None = None
    fx_rate: Decimal | None = None
    """Account currency per unit of the instrument's currency; needed where they differ."""
    paper: bool = False
    started: float | None = None
    """Monotonic seconds when the gathering of facts began; None counts the evaluation alone."""


class Outcome(StrEnum):
    """How one rule judged."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    SOFT = "soft"
    """Needs a typed confirmation; without a person at the screen the plan is held for approval."""
    REFUSE = "refuse"
    UNAVAILABLE = "unavailable"
    """A fact was missing or the rule failed: refuses."""
    SKIPPED = "skipped"


Number = Decimal | int | timedelta | str | None
"""A figure of a check; times are spans."""


class Check(NamedTuple):
    """One rule's judgment with its numbers."""

    rule: str
    code: str
    outcome: Outcome
    limit: Number = None
    value: Number = None
    unit: str = ""
    detail: str = ""

    @property
    def text(self) -> str:
        """The judgment as a sentence for people."""
        words = self.code.replace("_", " ").lower()
        figures = f": {_shown(self.value)} against a limit of {_shown(self.limit)} {self.unit}".rstrip()
        shown = figures if self.limit is not None and self.value is not None else ""
        return f"{self.rule} {self.outcome}, {words}{shown}" + (f" ({self.detail})" if self.detail else "")


def _shown(value: Number) -> str | int | None:
    """Return a figure for people: no more places than anybody reads; `numbers` has all of them."""
    if isinstance(value, Decimal) and value.is_finite():
        return format_decimal(round(value, _SHOWN_PLACES))
    return format_number(value)


_SHOWN_PLACES = 6


@dataclass(frozen=True, slots=True)
class ModeChange:
    """A state that a rule demands and that must outlive this order."""

    scope: str
    """`user`, `account` or `source`."""
    mode: RiskMode
    rule: str
    code: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: every rule's check, in the fixed order of the rules."""

    approved: bool
    checks: tuple[Check, ...]
    reasons: tuple[str, ...]
    """Codes of the rules that refuse."""
    soft: tuple[str, ...]
    """Codes of soft breaches that nobody confirmed."""
    config_hash: str
    changes: tuple[ModeChange, ...] = ()
    """States to be stored in the same transaction as the verdict."""

    @property
    def held(self) -> bool:
        """Whether nothing refuses and only a person's confirmation is missing."""
        return bool(self.soft) and not self.reasons

    @property
    def refusals(self) -> tuple[Check, ...]:
        """The checks that refuse."""
        return tuple(c for c in self.checks if c.outcome in {Outcome.REFUSE, Outcome.UNAVAILABLE})


def format_number(value: Number) -> str | int | None:
    """Return a figure as JSON: decimals and seconds as strings."""
    if isinstance(value, Decimal) and not value.is_finite():
        return str(value)
    if isinstance(value, Decimal | timedelta):
        return str(format_value(value))
    return value


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as it is stored and served: decimals as strings, seconds as strings."""
    return {
        "approved": verdict.approved,
        "held": verdict.held,
        "reasons": list(verdict.reasons),
        "soft": list(verdict.soft),
        "config_hash": verdict.config_hash,
        "changes": [{"scope": c.scope, "mode": str(c.mode), "rule": c.rule, "code": c.code} for c in verdict.changes],
        "checks": [check_to_json(check) for check in verdict.checks],
    }


def check_to_json(check: Check) -> dict[str, Any]:
    """Return one check with its numbers; keys without a value are left out."""
    numbers = {"limit": format_number(check.limit), "value": format_number(check.value), "unit": check.unit}
    return {
        "rule": check.rule,
        "code": check.code,
        "outcome": str(check.outcome),
        "numbers": {key: value for key, value in numbers.items() if value not in (None, "")},
        "text": check.text,
    }


UNITS_OF_CONTRACTS = frozenset({AssetClass.OPTION, AssetClass.FUTURE})
"""Asset classes whose unit is a contract."""
