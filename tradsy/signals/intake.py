"""The one transaction that makes a message a signal: key, row, plans, events, audit, commit; then the answer."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from tradsy.audit.canonical import JSON
from tradsy.audit.service import AuditEntry, append
from tradsy.domain.ids import SignalId, TraceId, UserId
from tradsy.follows.plans import PlannedSignal, PlansCreated
from tradsy.follows.service import read_planned
from tradsy.platform.db import Database, DbSession
from tradsy.platform.failpoints import failpoint
from tradsy.platform.ids import hash_secret, new_id
from tradsy.platform.metrics import counter
from tradsy.platform.outbox import Event, OutboxPublisher, emitted, new_event, new_hint
from tradsy.signals import repository
from tradsy.signals.errors import (
    BodySecretWrong,
    HookNotFound,
    IdempotencyKeyReused,
    SourceNotFound,
    Unreadable,
)
from tradsy.signals.fields import load_json
from tradsy.signals.model import Incoming, Reading, Receipt, SignalState, Source, SourceState
from tradsy.signals.reading import decode, expires_at, read_hook, read_native

RECEIVED = counter("tradsy_signals_received_total", "Messages stored or repeated.", ("dialect", "outcome"))

REPEAT_WINDOW = timedelta(seconds=60)
"""R-P4: how long a message without id and time keeps its copies out, counted from the first."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes messages of every interface."""

    database: Database
    outbox: OutboxPublisher

    async def take_hook(self, token: str, incoming: Incoming) -> Receipt:
        """Take a webhook posted to a source's address.

        Raises:
            HookNotFound: the token belongs to no open source of an active user.
            BodySecretWrong: the source asks for a secret in the body, and this is not it.
        """
        failpoint("signal_received")
        token_hash = hash_secret(token)
        # Read before the look-up, so that a wrong token costs as much as a right one.
        reading = read_hook(incoming.body, incoming.received_at)
        async with self.database.as_engine() as session:
            source = await repository.find_source_by_token(session, token_hash, incoming.received_at)
            if source is None:
                raise HookNotFound
            _check_body_secret(source, reading)
            receipt = await _store(session, source, incoming, reading, actor=f"source:{source.id}")
            failpoint("before_signal_commit")
        failpoint("after_signal_commit")
        self.outbox.hand_over(emitted(session))
        _count(reading, receipt)
        return receipt

    async def take_native(self, user_id: UserId, actor: str, incoming: Incoming, *, idempotency_key: str) -> Receipt:
        """Take `{source, text | order}` of a signed-in caller; `idempotency_key` is the signal's id.

        Raises:
            SourceNotFound: the caller has no open source of that id or name.
            IdempotencyKeyReused: the key came before with another body.
            Unreadable: no source can be told, so nothing can be kept.
        """
        failpoint("signal_received")
        data = read_native_body(incoming.body)
        name = data.get("source")
        if not isinstance(name, str) or not name:
            raise Unreadable("field_missing", "source")
        reading = read_native(data, incoming.body, incoming.received_at, sender_id=idempotency_key)
        async with self.database.as_engine() as session:
            source = await repository.find_source_by_name(session, user_id, name, _as_uuid(name))
            if source is None:
                raise SourceNotFound
            receipt = await _store(session, source, incoming, reading, actor=actor, same_body=True)
            failpoint("before_signal_commit")
        failpoint("after_signal_commit")
        self.outbox.hand_over(emitted(session))
        _count(reading, receipt)
        return receipt


def _count(reading: Reading, receipt: Receipt) -> None:
    RECEIVED.labels(reading.dialect.value, "duplicate" if receipt.duplicate else receipt.state.value).inc()


def read_native_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a native request.

    Raises:
        Unreadable: it is none.
    """
    data = load_json(decode(body))
    if not isinstance(data, dict):
        raise Unreadable("unknown_shape")
    return cast("dict[str, Any]", data)


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _check_body_secret(source: Source, reading: Reading) -> None:
    if source.body_secret_hash is None:
        return
    offered = hash_secret(reading.envelope.secret or "")
    if not hmac.compare_digest(offered, source.body_secret_hash):
        raise BodySecretWrong


def dedupe_key(reading: Reading, body: bytes, received_at: datetime) -> tuple[bytes, datetime | None]:
    """Return the key within its source that keeps copies out, and until when (None: for ever), R-P4.

    The sender's own id counts alone. A time inside the message makes its bytes unique; without both, equal bytes
    within a minute of the first are a resend.
    """
    if reading.envelope.sender_id is not None:
        return hashlib.sha256(b"id\0" + reading.envelope.sender_id.encode()).digest(), None
    digest = hashlib.sha256(b"body\0" + body).digest()
    if reading.envelope.signal_at is not None:
        return digest, None
    return digest, received_at + REPEAT_WINDOW


async def _store(
    session: DbSession,
    source: Source,
    incoming: Incoming,
    reading: Reading,
    *,
    actor: str,
    same_body: bool = False,
) -> Receipt:
    signal = new_signal(source, incoming, reading)
    stored = await _insert(session, signal)
    if stored is None:
        return await repeat(session, signal, same_body=same_body)
    planned, events = stored
    entry = received_entry(signal, actor, plans=planned.count, approved=planned.approved)
    await append(session, [entry], at=incoming.received_at, events=events)
    return Receipt(
        signal.id,
        signal.trace_id,
        duplicate=False,
        state=signal.reading.state,
        reasons=signal.reading.reasons,
        field=reading.field,
        plans=planned.count,
    )


def new_signal(source: Source, incoming: Incoming, reading: Reading) -> repository.NewSignal:
    """Return the row of a message, with the key that keeps its copies out."""
    key, key_expires_at = dedupe_key(reading, incoming.body, incoming.received_at)
    base = reading.envelope.signal_at or incoming.received_at
    if source.state is SourceState.PAUSED and reading.state is SignalState.ACCEPTED:
        reading = _set_aside(reading)
    return repository.NewSignal(
        id=SignalId(new_id()),
        trace_id=TraceId(new_id()),
        source=source,
        key=key,
        key_expires_at=key_expires_at,
        incoming=incoming,
        raw_hash=hashlib.sha256(incoming.body).digest(),
        reading=reading,
        expires_at=None if reading.intent is None else expires_at(reading.intent, base),
    )


def _set_aside(reading: Reading) -> Reading:
    return replace(reading, state=SignalState.IGNORED, reasons=("source_paused", *reading.reasons))


async def repeat(session: DbSession, signal: repository.NewSignal, *, same_body: bool) -> Receipt:
    """Return the first one's ids for a copy.

    Raises:
        IdempotencyKeyReused: the bodies must be the same, and are not.
    """
    known = await repository.get_known_signal(session, signal.source.id, signal.key)
    if same_body and known.raw_hash != signal.raw_hash:
        raise IdempotencyKeyReused
    return Receipt(
        SignalId(known.signal_id),
        TraceId(known.trace_id),
        duplicate=True,
        state=known.state,
        reasons=known.reasons,
    )


_NO_PLANS = PlansCreated(0, 0, ())


async def _insert(session: DbSession, signal: repository.NewSignal) -> tuple[PlansCreated, list[Event]] | None:
    """Store a signal, planned if it is accepted; return what happened, to be emitted, or None for a copy."""
    reading, incoming = signal.reading, signal.incoming
    planned, events = _NO_PLANS, list[Event]()
    if reading.state is SignalState.ACCEPTED and reading.intent is not None and signal.expires_at is not None:
        to_plan = PlannedSignal(
            signal.id,
            signal.trace_id,
            signal.source.id,
            reading.intent,
            reading.hold_reason,
            incoming.received_at,
        )
        rows = await repository.insert_and_plan(session, signal, to_plan)
        if rows is None:
            return None
        planned, events = read_planned(rows, to_plan)
    elif not await repository.insert_signal(session, signal):
        return None
    ids = {"signal_id": str(signal.id), "trace_id": str(signal.trace_id)}
    if planned.approved:
        # Planners sweep too: this only spares the order the wait for it.
        accepted = {**ids, "partitions": list(planned.partitions)}
        events.insert(0, new_hint("signals.accepted", accepted, at=incoming.received_at))
    received = {**ids, "source_id": str(signal.source.id), "state": reading.state.value, "plans": planned.count}
    events.append(new_event("signals.received", received, at=incoming.received_at, user_id=signal.source.user_id))
    return planned, events


def received_entry(signal: repository.NewSignal, actor: str, *, plans: int, approved: int) -> AuditEntry:
    """Return the audit entry of a stored message."""
    reading = signal.reading
    data: dict[str, JSON] = {
        "trace_id": str(signal.trace_id),
        "source_id": str(signal.source.id),
        "dialect": reading.dialect.value,
        "raw_sha256": signal.raw_hash.hex(),
        "state": reading.state.value,
        "confidence": str(reading.confidence),
        "reasons": list(reading.reasons),
        "intent": None if reading.intent is None else reading.intent.to_json(),
        "plans": plans,
        "approved": approved,
    }
    return AuditEntry(signal.source.user_id, actor, "signal.received", f"signal:{signal.id}", data)
