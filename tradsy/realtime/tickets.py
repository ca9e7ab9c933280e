"""One-time tickets for the websocket handshake, good in every process of the installation.

A browser cannot send a header with a handshake, and a long-lived token does not belong into a URL: so an
authenticated POST gets a ticket, bound to its session, good once and for thirty seconds. Only its hash is stored, in a
JetStream key-value bucket; taking it is deleting the revision that was read, which succeeds for one taker alone.
"""

# pyright: reportUnknownMemberType=false
# nats-py types its keyword arguments loosely; every value that leaves this module is typed.

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import nats.errors
import nats.js.errors
import orjson
from nats.js.api import KeyValueConfig, StorageType
from nats.js.kv import KeyValue

from tradsy.domain.ids import UserId
from tradsy.identity.model import SessionId
from tradsy.platform.bus import Bus, BusUnavailable
from tradsy.platform.clock import Clock
from tradsy.platform.ids import hash_secret, new_secret
from tradsy.realtime.errors import TicketRefused

TICKET_LIFE = timedelta(seconds=30)
_BUCKET = "TRADSY_TICKETS"
_PREFIX = "tsw"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who may open a stream."""

    user_id: UserId
    session_id: SessionId


class Tickets:
    """Gives tickets out and takes each of them once."""

    def __init__(self, bus: Bus, clock: Clock, *, replicas: int = 1) -> None:
        self._bus = bus
        self._clock = clock
        self._replicas = replicas
        self._bucket: KeyValue | None = None

    async def _open(self) -> KeyValue:
        if self._bucket is None:
            config = KeyValueConfig(
                bucket=_BUCKET, ttl=TICKET_LIFE.total_seconds(), storage=StorageType.FILE, replicas=self._replicas
            )
            self._bucket = await self._bus.js.create_key_value(config)
        return self._bucket

    async def issue(self, holder: Holder) -> tuple[str, datetime]:
        """Return a ticket and when it ends.

        Raises:
            BusUnavailable: it cannot be stored now.
        """
        ticket, now = new_secret(_PREFIX), self._clock.now()
        value = {"user": str(holder.user_id), "session": str(holder.session_id), "at": now.isoformat()}
        try:
            await (await self._open()).create(hash_secret(ticket).hex(), orjson.dumps(value))
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
            self._bucket = None
            raise BusUnavailable from error
        return ticket, now + TICKET_LIFE

    async def take(self, ticket: str) -> Holder:
        """Return whose ticket it is; it is spent.

        Raises:
            TicketRefused: it is unknown, was taken before, or is too old.
            BusUnavailable: nobody can tell now.
        """
        if not ticket.startswith(f"{_PREFIX}_") or len(ticket) > 100:
            raise TicketRefused
        key = hash_secret(ticket).hex()
        try:
            bucket = await self._open()
            entry = await bucket.get(key)
            await bucket.delete(key, last=entry.revision)
        except (nats.js.errors.KeyNotFoundError, nats.js.errors.BadRequestError) as error:
            # Not there, or another taker's delete came between our read and ours.
            raise TicketRefused from error
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
            self._bucket = None
            raise BusUnavailable from error
        value = orjson.loads(entry.value or b"{}")
        if not value or self._clock.now() - datetime.fromisoformat(value["at"]) > TICKET_LIFE:
            raise TicketRefused
        return Holder(UserId(UUID(value["user"])), SessionId(UUID(value["session"])))
