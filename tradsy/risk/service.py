"""Limits: load them for the hot path, show them, change them (R-P25)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from tradsy.audit.service import SYSTEM_CHAIN, AuditEntry
from tradsy.audit.service import append as append_audit
from tradsy.domain.ids import AccountId, SourceId, UserId
from tradsy.identity.errors import StepUpRequired
from tradsy.platform.db import DbSession, Row
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import emit, new_event
from tradsy.risk import repository
from tradsy.risk.changes import RAISE_DELAY, split_change
from tradsy.risk.codec import limits_from_json, limits_to_json, require_within
from tradsy.risk.errors import LimitsExist, LimitSubjectNotFound
from tradsy.risk.limits import (
    FIELDS,
    PLATFORM_CAPS,
    STARTING_LIMITS,
    EffectiveLimits,
    Layer,
    LimitSet,
    Scope,
    Tolerance,
    combine,
    tightest,
)
from tradsy.risk.repository import INSTALLATION

SHARED = frozenset({Scope.PLATFORM, Scope.OPERATOR})
"""Layers of the whole installation."""
TOLERANCES: Mapping[str, Tolerance] = {
    "cautious": Tolerance.CONSERVATIVE,
    "balanced": Tolerance.MODERATE,
    "bold": Tolerance.AGGRESSIVE,
    **{str(tolerance): tolerance for tolerance in Tolerance},
}
"""The words of onboarding, and our own."""


@dataclass(frozen=True, slots=True)
class LimitSubject:
    """Whose limits: one account of one user, and the source that the order comes from."""

    user_id: UserId
    account_id: AccountId | None = None
    source_id: SourceId | None = None

    @property
    def ids(self) -> tuple[UUID, ...]:
        """The subjects of its layers."""
        return tuple(i for i in (self.user_id, self.account_id, self.source_id) if i is not None)


@dataclass(frozen=True, slots=True)
class LayerView:
    """One stored layer."""

    scope: Scope
    subject: UUID
    limits: LimitSet
    """In force now."""
    version: int
    changed_at: datetime
    pending: LimitSet | None = None
    """In force from `pending_at`."""
    pending_at: datetime | None = None
    raised_at: datetime | None = None
    """When a raise of it came into force, unless it was changed since."""

    @property
    def layer(self) -> Layer:
        """The layer as `combine` takes it."""
        return Layer(self.scope, self.limits, self.raised_at)


@lru_cache(maxsize=4096)
def _parse(text: str) -> LimitSet:
    """Layers of one text are one object: most people share their starting limits."""
    return limits_from_json(orjson.loads(text))


def _view(row: Row) -> LayerView:
    scope, current = Scope(row.scope), _parse(row.values_text)
    if row.pending_text is None:
        return LayerView(scope, row.subject, current, row.version, row.effective_at)
    pending = _parse(row.pending_text)
    if row.due:
        return LayerView(scope, row.subject, pending, row.version, row.pending_at, raised_at=row.pending_at)
    return LayerView(scope, row.subject, current, row.version, row.effective_at, pending, row.pending_at)


def layers_of(wanted: Sequence[LimitSubject], rows: Sequence[Row]) -> dict[LimitSubject, tuple[Layer, ...]]:
    """Return the layers of each subject among rows of all."""
    views = [(_view(row), row.user_id) for row in rows]
    shared = tuple(view.layer for view, user in views if user is None)
    own: dict[tuple[UserId, UUID, Scope], Layer] = {
        (user, view.subject, view.scope): view.layer for view, user in views if user is not None
    }
    return {subject: shared + tuple(own[key] for key in _keys(subject) if key in own) for subject in wanted}


def _keys(subject: LimitSubject) -> Iterable[tuple[UserId, UUID, Scope]]:
    """The layers that a subject may have, widest first."""
    for scope, target in (
        (Scope.USER, subject.user_id),
        (Scope.ACCOUNT, subject.account_id),
        (Scope.SOURCE, subject.source_id),
    ):
        if target is not None:
            yield subject.user_id, target, scope


def _keys_of(subjects: Sequence[LimitSubject]) -> tuple[list[UUID], list[UserId]]:
    ids = list({i for subject in subjects for i in subject.ids})
    return ids, list({subject.user_id for subject in subjects})


@dataclass(frozen=True, slots=True)
class LimitsView:
    """What holds for one subject, and the layers that it comes from."""

    effective: EffectiveLimits
    layers: tuple[LayerView, ...]


async def get_limits(
    session: DbSession, subject: LimitSubject, *, now: datetime, symbol: str | None = None
) -> LimitsView:
    """Return the limits that hold for `subject`, with the layers behind them."""
    views = [_view(row) for row in await repository.load_layers(session, *_keys_of([subject]), now)]
    order = list(Scope)
    layers = tuple(sorted(views, key=lambda view: order.index(view.scope)))
    return LimitsView(combine(tuple(view.layer for view in layers), symbol), layers)


async def require_visible(session: DbSession, subject: LimitSubject) -> None:
    """Check that the request's user may see the account and the source.

    Raises:
        LimitSubjectNotFound: one of them does not exist, or is another tenant's.
    """
    if not await repository.is_visible(session, subject.account_id, subject.source_id):
        raise LimitSubjectNotFound


async def list_changes(session: DbSession, user_id: UserId, *, before: UUID | None, limit: int) -> Sequence[Row]:
    """Return the history of the user's limits, newest first."""
    return await repository.list_changes(session, user_id, before, limit)


@dataclass(frozen=True, slots=True)
class LimitChange:
    """Whose layer is to become what, and by whom."""

    scope: Scope
    subject: UUID
    user_id: UserId | None
    """None for the layers of the installation."""
    limits: LimitSet
    actor: str
    stepped_up: bool


async def set_limits(session: DbSession, change: LimitChange, *, now: datetime) -> LayerView:
    """Replace one layer: what tightens holds at once, what loosens after ten minutes and with a notice (R-P25).

    Audited; the audit entry is the transaction's last statement.

    Raises:
        LimitAboveCap: a value is looser than the installation allows.
        StepUpRequired: it loosens something and the caller did not prove who is there.
        LimitSubjectNotFound: the account or source is not there for this caller.
        LimitsChangedMeanwhile: the layer was made at the same moment.
    """
    if change.scope not in SHARED:
        require_within(change.limits, await _caps(session, now))
    elif change.scope is Scope.OPERATOR:
        require_within(change.limits, PLATFORM_CAPS.given())
    row = await repository.find_layer(session, change.scope, change.subject, change.user_id, now)
    old = LimitSet() if row is None else _view(row).limits
    split = split_change(change.scope, old, change.limits)
    if split.raised and not change.stepped_up:
        raise StepUpRequired(raised=list(split.raised))
    version = await _save(session, change, split.at_once, now=now, exists=row is not None, is_raise=bool(split.raised))
    await _tell(session, change, old, split.raised, version, now)
    if not split.raised:
        return LayerView(change.scope, change.subject, change.limits, version, now)
    return LayerView(change.scope, change.subject, split.at_once, version, now, change.limits, now + RAISE_DELAY)


async def choose_starting_limits(
    session: DbSession, user_id: UserId, tolerance: Tolerance, *, actor: str, now: datetime
) -> LayerView:
    """Give a new person the starting limits of their tolerance: once, at once; later changes follow R-P25.

    Raises:
        LimitsExist: the person has limits.
    """
    if await repository.find_layer(session, Scope.USER, user_id, user_id, now) is not None:
        raise LimitsExist
    limits = STARTING_LIMITS[tolerance]
    change = LimitChange(Scope.USER, user_id, user_id, limits, actor, stepped_up=False)
    version = await _save(session, change, limits, now=now, exists=False, is_raise=False)
    await _tell(session, change, LimitSet(), (), version, now)
    return LayerView(Scope.USER, user_id, limits, version, now)


async def _caps(session: DbSession, now: datetime) -> dict[str, Any]:
    """The tightest of the built-in caps and the installation's layers."""
    caps: dict[str, Any] = PLATFORM_CAPS.given()
    for row in await repository.load_layers(session, [], [], now):
        for name, value in _view(row).limits.given().items():
            caps[name] = tightest(name, caps[name], value) if name in caps else value
    return {name: caps[name] for name in FIELDS if name in caps}


async def _save(
    session: DbSession, change: LimitChange, at_once: LimitSet, *, now: datetime, exists: bool, is_raise: bool
) -> int:
    return await repository.save_layer(
        session,
        change.scope,
        change.subject,
        change.user_id,
        exists=exists,
        values=limits_to_json(at_once),
        pending=limits_to_json(change.limits) if is_raise else None,
        pending_at=now + RAISE_DELAY if is_raise else None,
        actor=change.actor,
        now=now,
    )


async def _tell(
    session: DbSession, change: LimitChange, old: LimitSet, raised: tuple[str, ...], version: int, now: datetime
) -> None:
    """History, event and audit entry of one change."""
    since = now + RAISE_DELAY if raised else now
    before, after = limits_to_json(old), limits_to_json(change.limits)
    await repository.add_change(
        session,
        id=new_id(),
        user=change.user_id,
        scope=change.scope,
        subject=change.subject,
        old=before,
        new=after,
        is_raise=bool(raised),
        version=version,
        actor=change.actor,
        now=now,
        effective_at=since,
    )
    facts: dict[str, Any] = {
        "scope": str(change.scope),
        "subject": str(change.subject),
        "version": version,
        "raised": list(raised),
        "effective_at": since.isoformat(),
    }
    name = "limits.raise_requested" if raised else "limits.changed"
    await emit(session, [new_event(name, facts, at=now, user_id=change.user_id)])
    entry = AuditEntry(
        chain_id=change.user_id or SYSTEM_CHAIN,
        actor=change.actor,
        action=name,
        subject=f"{change.scope}:{change.subject}",
        data={**facts, "old": before, "new": after},
    )
    await append_audit(session, [entry], at=now)


async def set_installation_limits(
    session: DbSession, scope: Scope, limits: LimitSet, *, actor: str, now: datetime
) -> LayerView:
    """Replace the platform's or the operator's layer, as the engine role; loosening waits like any raise.

    Raises:
        LimitAboveCap: a value is looser than the built-in caps.
    """
    require_within(limits, PLATFORM_CAPS.given())
    change = LimitChange(scope, INSTALLATION, None, limits, actor, stepped_up=True)
    return await set_limits(session, change, now=now)
