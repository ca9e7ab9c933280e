"""States that outlive an order: reduce-only, halted, disabled; set by rules or people, lifted by people only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tradsy.audit.service import AuditEntry
from tradsy.audit.service import append as append_audit
from tradsy.domain.ids import UserId
from tradsy.identity.errors import StepUpRequired
from tradsy.platform.db import DbSession, Row
from tradsy.platform.outbox import emit, new_event
from tradsy.risk import repository
from tradsy.risk.errors import NotStopped, WrongMode
from tradsy.risk.limits import Layer, Scope
from tradsy.risk.model import ModeChange, RiskMode
from tradsy.risk.service import LimitSubject, layers_of

STATE_SCOPES = (Scope.USER, Scope.ACCOUNT, Scope.SOURCE)


@dataclass(frozen=True, slots=True)
class Modes:
    """The states that apply to an order."""

    user: RiskMode = RiskMode.NORMAL
    account: RiskMode = RiskMode.NORMAL
    source: RiskMode = RiskMode.NORMAL
    user_peak_since: datetime | None = None
    """When a person last lifted a halt: a drawdown counts peaks from then on."""
    account_peak_since: datetime | None = None


class Standing(NamedTuple):
    """What holds for orders now, as one transaction reads it."""

    layers: Mapping[LimitSubject, tuple[Layer, ...]]
    """Limits, which `combine` makes one."""
    modes: Mapping[LimitSubject, Modes]
    kills: frozenset[tuple[str, str]]
    """(scope, subject) of every active kill switch."""


async def load_standing(session: DbSession, subjects: Iterable[LimitSubject], *, now: datetime) -> Standing:
    """Return limits, states and active kill switches for all subjects, in one statement whatever their number.

    As the engine role of any users, as a request of the caller alone.
    """
    wanted = list(subjects)
    ids = list({i for subject in wanted for i in subject.ids})
    users = list({subject.user_id for subject in wanted})
    found = await repository.load_standing(session, ids, users, now)
    kills = frozenset((row.scope, row.killed) for row in found["kill"])
    return Standing(layers_of(wanted, found["layer"]), _modes_of(wanted, found["state"]), kills)


def _modes_of(wanted: Sequence[LimitSubject], rows: Sequence[Row]) -> dict[LimitSubject, Modes]:
    by_key: dict[tuple[UUID, str, UUID | None], Row] = {(r.user_id, r.scope, r.subject): r for r in rows}
    return {subject: _modes(subject, by_key) for subject in wanted}


def _modes(subject: LimitSubject, rows: dict[tuple[UUID, str, UUID | None], Row]) -> Modes:
    user = rows.get((subject.user_id, "user", subject.user_id))
    account = rows.get((subject.user_id, "account", subject.account_id))
    source = rows.get((subject.user_id, "source", subject.source_id))
    return Modes(
        user=_mode(user),
        account=_mode(account),
        source=_mode(source),
        user_peak_since=None if user is None else user.peak_since,
        account_peak_since=None if account is None else account.peak_since,
    )


def _mode(row: Row | None) -> RiskMode:
    return RiskMode.NORMAL if row is None else RiskMode(row.mode)


async def list_states(session: DbSession, user_id: UserId) -> Sequence[Row]:
    """Return every state of a user that was ever set."""
    return await repository.list_states(session, user_id)


@dataclass(frozen=True, slots=True)
class StateChange:
    """Which state is to become what, and why."""

    scope: Scope
    subject: UUID
    user_id: UserId
    mode: RiskMode
    actor: str
    reason: str
    rule: str = ""
    code: str = ""


async def stop(session: DbSession, change: StateChange, *, now: datetime) -> AuditEntry | None:
    """Make a state stricter and return the audit entry, None when it was as strict before.

    The caller appends the entry last in its transaction.

    Raises:
        LimitSubjectNotFound: the account or source is not there for this caller.
    """
    stopped = await repository.stop(
        session,
        scope=change.scope,
        subject=change.subject,
        user=change.user_id,
        mode=change.mode,
        rule=change.rule,
        code=change.code,
        reason=change.reason,
        actor=change.actor,
        now=now,
    )
    return await _tell(session, change, now) if stopped else None


async def record_changes(
    session: DbSession, subject: LimitSubject, changes: Sequence[ModeChange], *, now: datetime
) -> list[AuditEntry]:
    """Store the states that a verdict demands, in the verdict's transaction; the caller appends the entries last."""
    ids: dict[str, UUID | None] = {
        "user": subject.user_id,
        "account": subject.account_id,
        "source": subject.source_id,
    }
    entries: list[AuditEntry] = []
    for change in changes:
        target = ids[change.scope]
        if target is None:
            continue
        wanted = StateChange(
            Scope(change.scope), target, subject.user_id, change.mode, "engine", change.code, change.rule, change.code
        )
        entry = await stop(session, wanted, now=now)
        if entry is not None:
            entries.append(entry)
    return entries


async def set_mode(session: DbSession, change: StateChange, *, now: datetime) -> Row:
    """Stop by hand, audited, and return the state, which may have been stricter before.

    Raises:
        WrongMode: sources are disabled, users and accounts are not.
        LimitSubjectNotFound: the account or source is not there for this caller.
    """
    if change.mode is RiskMode.NORMAL or (change.mode is RiskMode.DISABLED) != (change.scope is Scope.SOURCE):
        raise WrongMode
    entry = await stop(session, change, now=now)
    row = await _get(session, change)
    if entry is not None:
        await append_audit(session, [entry], at=now)
    return row


async def enable(session: DbSession, change: StateChange, *, stepped_up: bool, now: datetime) -> Row:
    """Lift a state, audited, and return it. The day's loss still counts; the drawdown is measured from here.

    Raises:
        StepUpRequired: the caller did not prove who is there.
        NotStopped: nothing is stopped, or it is another tenant's.
    """
    if not stepped_up:
        raise StepUpRequired
    if (await _get(session, change)).mode == RiskMode.NORMAL:
        raise NotStopped
    await repository.enable(
        session,
        scope=change.scope,
        subject=change.subject,
        user=change.user_id,
        reason=change.reason,
        actor=change.actor,
        now=now,
    )
    row = await _get(session, change)
    await append_audit(session, [await _tell(session, change, now)], at=now)
    return row


async def _get(session: DbSession, change: StateChange) -> Row:
    row = await repository.find_state(session, change.scope, change.subject, change.user_id)
    if row is None:
        raise NotStopped
    return row


async def _tell(session: DbSession, change: StateChange, now: datetime) -> AuditEntry:
    """Emit the event of a changed state and return its audit entry."""
    facts = {
        "scope": str(change.scope),
        "subject": str(change.subject),
        "mode": str(change.mode),
        "rule": change.rule,
        "code": change.code,
        "reason": change.reason,
    }
    await emit(session, [new_event("risk.state_changed", facts, at=now, user_id=change.user_id)])
    return AuditEntry(change.user_id, change.actor, "risk.state_changed", f"{change.scope}:{change.subject}", facts)
