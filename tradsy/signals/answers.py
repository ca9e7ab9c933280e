"""What both intake interfaces read from a request and answer."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Request, Response

from tradsy.domain.errors import TooLarge
from tradsy.platform.clock import Clock
from tradsy.platform.web import problem_response
from tradsy.signals.errors import PROBLEMS, UnreadableSignal
from tradsy.signals.model import Incoming, Receipt, SignalState

MAX_BODY = 64 * 1024
_MAX_TYPE = 100


async def read_incoming(request: Request, clock: Clock) -> Incoming:
    """Return the message and the time at which the request reached us.

    Raises:
        TooLarge: the body is longer than 64 KB.
    """
    received_at = clock.now()
    body = await request.body()
    if len(body) > MAX_BODY:
        raise TooLarge(limit_bytes=MAX_BODY)
    content_type = request.headers.get("content-type", "")[:_MAX_TYPE]
    return Incoming(body, content_type if content_type.isprintable() else "", received_at)


def answer_receipt(receipt: Receipt) -> Response:
    """Return 202 for a stored message, 200 for a repeated one, 422 for one that cannot be acted on."""
    if receipt.state is SignalState.UNREADABLE:
        return answer_unreadable(receipt.reasons[0], receipt.field, receipt)
    content = orjson.dumps(
        {"signal_id": str(receipt.signal_id), "trace_id": str(receipt.trace_id), "duplicate": receipt.duplicate}
    )
    return Response(content, 200 if receipt.duplicate else 202, media_type="application/json")


def answer_unreadable(reason: str, field: str, receipt: Receipt | None = None) -> Response:
    """Return the problem: why, and under which id the message was kept; never what it said."""
    context: dict[str, Any] = {"reason": reason}
    if field:
        context["field"] = field
    if receipt is not None:
        context |= {"signal_id": str(receipt.signal_id), "duplicate": receipt.duplicate}
    return problem_response(
        UnreadableSignal.http_status,
        UnreadableSignal.code,
        UnreadableSignal.title,
        PROBLEMS[reason],
        context=context,
        trace_id=None if receipt is None else str(receipt.trace_id),
    )
