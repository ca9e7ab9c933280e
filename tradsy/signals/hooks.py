"""`POST /hooks/tradingview/{token}`: the public way in; the address itself is the credential."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from tradsy.domain.errors import Limited, TooLarge
from tradsy.identity.deps import get_identity
from tradsy.identity.limits import network_of
from tradsy.platform.deps import get_clock, get_database, get_outbox, get_settings
from tradsy.platform.ids import hash_secret
from tradsy.platform.web import problem_responses
from tradsy.signals.answers import answer_receipt, read_incoming
from tradsy.signals.endpoints import get_intake
from tradsy.signals.errors import BodySecretWrong, HookNotFound, SenderNotAllowed, UnreadableSignal
from tradsy.signals.schemas import SignalReceipt

router = APIRouter(prefix="/hooks", tags=["hooks"])
"""Mounted at the root."""


@router.post(
    "/tradingview/{token}",
    status_code=202,
    response_model=SignalReceipt,
    responses={
        200: {"model": SignalReceipt, "description": "The message came before: the first one's ids."},
        **problem_responses(HookNotFound, BodySecretWrong, SenderNotAllowed, TooLarge, UnreadableSignal, Limited),
    },
    openapi_extra={
        "security": [],
        "requestBody": {
            "required": True,
            "description": "A native order, a TradersPost message or an alert text.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/plain": {"schema": {"type": "string"}},
            },
        },
    },
    summary="Take a webhook",
)
async def take_hook(
    token: Annotated[str, Path(max_length=200, description="From the source's `hook_url`.")],
    request: Request,
) -> Response:
    """Store a message, plan it for every follower, and answer after the commit."""
    # Asked for by hand: resolving six dependencies takes nearly a tenth of the time that an order costs this process.
    clock, settings, identity = await get_clock(request), await get_settings(request), get_identity(request)
    intake = await get_intake(await get_database(request), await get_outbox(request))
    incoming = await read_incoming(request, clock)
    address = identity.addresses.read(request)
    if settings.webhook_sources and address not in _allowed(settings.webhook_sources):
        raise SenderNotAllowed
    identity.limiter.check("hooks", hash_secret(token).hex())
    try:
        receipt = await intake.take_hook(token, incoming)
    except HookNotFound:
        identity.limiter.check("hook_misses", network_of(address))
        raise
    return answer_receipt(receipt)


def _allowed(addresses: str) -> set[str]:
    return {address.strip() for address in addresses.split(",")}
