"""Questions that only the owner of an account can answer, put to all workers over the bus.

A plain NATS request: the owner answers, the others stay silent. Nothing is stored or sent on, so a lost question costs
nothing but itself.
"""

# pyright: reportUnknownMemberType=false
# nats-py types its client loosely.

from __future__ import annotations

from typing import Any

import nats.errors
import orjson

from tradsy.domain.errors import Unavailable
from tradsy.platform.bus import Bus, BusUnavailable

PATIENCE = 3.0
"""Seconds that a person waits for the owner's answer."""


class OwnerSilent(Unavailable):
    """Nobody owns the account now, or its owner has not opened it yet."""

    code = "account_not_open"
    title = "The account is being opened: try again in a moment"


async def put_question(bus: Bus, subject: str, body: bytes) -> dict[str, Any]:
    """Return the owner's answer.

    Raises:
        OwnerSilent: nobody answered in time.
        BusUnavailable: the question could not be asked.
    """
    try:
        answer = await bus.client.request(subject, body, timeout=PATIENCE)
    except (nats.errors.TimeoutError, nats.errors.NoRespondersError) as error:
        raise OwnerSilent(retry_after=1) from error
    except (nats.errors.Error, OSError) as error:
        raise BusUnavailable from error
    return orjson.loads(answer.data)
