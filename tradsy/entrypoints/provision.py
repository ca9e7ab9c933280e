"""Users that the installation itself makes: the demo user, and the one that `tradsy up --check` trades as."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from tradsy.connections import service as connections
from tradsy.connections.model import AccountRecord, NewPaperConnection
from tradsy.domain.ids import UserId
from tradsy.entrypoints.container import Container
from tradsy.identity import api_keys, onboarding
from tradsy.identity import service as identity
from tradsy.identity.model import Role, Scope
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import emitted
from tradsy.risk import service as risk
from tradsy.risk.limits import Tolerance

ALL_SCOPES = (Scope.READ, Scope.TRADE, Scope.SIGNALS_WRITE)


@dataclass(frozen=True, slots=True)
class NewTrader:
    """Whom to make."""

    email: str
    name: str
    actor: str
    """Who accepts the texts for them, as the audit log names it."""
    cash: Decimal
    is_demo: bool = False
    tolerance: Tolerance = Tolerance.MODERATE


@dataclass(frozen=True, slots=True)
class Trader:
    """A user without a password, with a paper account, who may trade."""

    user_id: UserId
    account: AccountRecord
    api_key: str = field(repr=False)


async def make_trader(container: Container, wanted: NewTrader) -> Trader:
    """Make a user with consents, starting limits, a paper account and an API key."""
    user_id, now = UserId(new_id()), container.clock.now()
    async with container.database.as_engine() as session:
        await identity.create_user(
            session, user_id=user_id, email=wanted.email, display_name=wanted.name, at=now, is_demo=wanted.is_demo,
            actor=wanted.actor,
        )  # fmt: skip
        await onboarding.accept_current_documents(session, user_id, at=now, actor=wanted.actor)
    async with container.database.as_user(user_id) as session:
        await risk.choose_starting_limits(session, user_id, wanted.tolerance, actor=wanted.actor, now=now)
    account = await _open_paper_account(container, user_id, wanted)
    key = await make_key(container, user_id, name="command line", actor=wanted.actor)
    return Trader(user_id, account, key)


async def _open_paper_account(container: Container, user_id: UserId, wanted: NewTrader) -> AccountRecord:
    (login,) = await container.paper.open_logins(1, cash=wanted.cash)
    async with container.database.as_engine() as session:
        record = await connections.open_paper_connection(
            session,
            container.vault,
            NewPaperConnection(user_id, "Paper", login, is_demo=wanted.is_demo),
            partitions=container.settings.partitions,
            actor=wanted.actor,
            at=container.clock.now(),
        )
        events = emitted(session)
    container.outbox.hand_over(events)
    return record.accounts[0]


async def make_key(
    container: Container, user_id: UserId, *, name: str, actor: str, scopes: tuple[Scope, ...] = ALL_SCOPES
) -> str:
    """Return a new API key of a user."""
    async with container.database.as_user(user_id) as session:
        _, key = await api_keys.create_api_key(
            session, user_id, Role.USER, name=name, scopes=scopes, at=container.clock.now(), actor=actor
        )
    return key
