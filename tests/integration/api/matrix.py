"""Who may call each route, how it is called rightly, and what its owner is answered.

A route of the document without an entry here fails the tests, and so does an entry without a route.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.integration.api.ground import PASSWORD, Person

Body = Callable[[Person], Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One route's row of the matrix."""

    need: str
    """`open`, a scope, `person` (no API key), `step-up`, `admin`, or `admin step-up`."""
    owner: int
    """Status that the owner of the things in the path is answered."""
    body: Body | None = None
    query: str = ""
    """Names of the person's things may stand in braces."""
    path: dict[str, str] | None = None
    """Path parameters that are no ids of the person's things."""
    names_things: bool = True
    """Whether the ids in the path are another tenant's business: an admin's routes reach everyone."""


def _nothing(_: Person) -> Any:
    return {}


def _follow(person: Person) -> Any:
    return {
        "source_id": person.ids["source_id"],
        "account_id": person.ids["account_id"],
        "sizing_mode": "multiplier",
        "sizing_value": "1",
    }


def _ticket(person: Person) -> Any:
    return {"account_id": person.ids["account_id"], "symbol": "ETH/USD", "side": "buy", "quantity": "0.1"}


def _reason(_: Person) -> Any:
    return {"reason": "a reason that is long enough"}


def _fixed(value: Any) -> Body:
    return lambda _: value


_ACCOUNT = {"scope": "account"}
HALT = {"mode": "halted", "reason": "a reason"}
"""What stops an account; sources are disabled instead."""
_BAD_LOGIN = _fixed({"email": "nobody@example.com", "password": "not the password 1"})

# The order counts for owners: what ends a thing stands last.
MATRIX: dict[str, Entry] = {
    "POST /auth/sign-up": Entry("open", 202, _fixed({"email": "new@example.com", "password": PASSWORD})),
    "POST /auth/verify": Entry("open", 400, _fixed({"token": "tsv_" + "x" * 40, "password": PASSWORD})),
    "POST /auth/sign-in": Entry("open", 401, _BAD_LOGIN),
    "POST /auth/token": Entry("open", 401, _BAD_LOGIN),
    "POST /auth/refresh": Entry("open", 401, _fixed({"refresh_token": "tsr_" + "x" * 40})),
    "POST /auth/reset-request": Entry("open", 202, _fixed({"email": "nobody@example.com"})),
    "POST /auth/reset": Entry("open", 400, _fixed({"token": "tso_" + "x" * 40, "password": PASSWORD})),
    "GET /legal/{document}": Entry("open", 200, path={"document": "terms"}),
    "GET /me": Entry("read", 200),
    "PATCH /me": Entry("person", 200, _fixed({"display_name": "Somebody"})),
    "GET /me/sessions": Entry("person", 200),
    "GET /me/api-keys": Entry("person", 200),
    "POST /me/api-keys": Entry("step-up", 201, _fixed({"name": "bot", "scopes": ["read"]})),
    "GET /me/onboarding": Entry("read", 200),
    "PUT /me/onboarding": Entry("person", 200, _fixed({"risk_tolerance": "balanced", "experience": "some"})),
    "POST /me/onboarding/consents": Entry("person", 200, _nothing),
    "POST /auth/step-up": Entry("person", 200, _fixed({"password": PASSWORD})),
    "POST /auth/totp": Entry("step-up", 200),
    "POST /auth/totp/confirm": Entry("step-up", 401, _fixed({"code": "000000"})),
    "POST /auth/totp/recovery-codes": Entry("step-up", 404),
    "DELETE /auth/totp": Entry("step-up", 204),
    "GET /admin/users": Entry("admin", 200),
    "GET /admin/users/{user_id}": Entry("admin", 200, names_things=False),
    "PUT /admin/users/{user_id}/role": Entry("admin step-up", 200, _fixed({"role": "user"}), names_things=False),
    "POST /admin/demo/view-key": Entry("admin step-up", 404),
    "POST /sources": Entry("trade", 201, lambda _: {"name": f"s {uuid4().hex}", "kind": "tradingview"}),
    "GET /sources": Entry("read", 200),
    "GET /sources/{source_id}": Entry("read", 200),
    "PATCH /sources/{source_id}": Entry("trade", 200, _fixed({"description": "words"})),
    "POST /sources/{source_id}/rotate": Entry("trade", 200, _nothing),
    "POST /sources/{source_id}/body-secret": Entry("trade", 200, _fixed({"wanted": False})),
    "GET /signals": Entry("read", 200),
    "GET /signals/{signal_id}": Entry("read", 200),
    "POST /signals": Entry(
        "signals:write",
        404,
        _fixed({"source": "no such source", "order": {"symbol": "ETH/USD", "side": "buy", "quantity": "1"}}),
    ),
    "POST /follows": Entry("trade", 409, _follow),
    "GET /follows": Entry("read", 200),
    "GET /follows/{follow_id}": Entry("read", 200),
    "PUT /follows/{follow_id}": Entry(
        "trade", 200, _fixed({"sizing_mode": "multiplier", "sizing_value": "1", "mode": "approve"})
    ),
    "POST /follows/{follow_id}/pause": Entry("trade", 200),
    "POST /follows/{follow_id}/resume": Entry("trade", 200),
    "GET /plans": Entry("read", 200),
    "GET /plans/{plan_id}": Entry("read", 200),
    "POST /plans/{plan_id}/ignore": Entry("trade", 200),
    "POST /plans/{plan_id}/approve": Entry("trade", 409, _nothing),
    "GET /connections": Entry("read", 200),
    "POST /connections": Entry("trade", 201, _fixed({"kind": "paper", "label": "Another"})),
    "GET /connections/{connection_id}": Entry("read", 200),
    "POST /connections/{connection_id}/pause": Entry("trade", 200),
    "POST /connections/{connection_id}/resume": Entry("trade", 200),
    "GET /accounts": Entry("read", 200),
    "GET /accounts/{account_id}": Entry("read", 200),
    "GET /accounts/{account_id}/capabilities": Entry("read", 200),
    "PATCH /accounts/{account_id}": Entry("trade", 200, _fixed({"label": "Mine"})),
    "GET /instruments": Entry("read", 200),
    "GET /instruments/{symbol}": Entry("read", 200, path={"symbol": "ETH/USD"}),
    "GET /quotes": Entry("read", 200, query="symbols=ETH/USD"),
    "GET /bars": Entry(
        "read",
        200,
        query="account_id={account_id}&symbol=ETH/USD&step=1h&start=2026-01-05T00:00:00Z&end=2026-01-06T00:00:00Z",
    ),
    "GET /risk/limits": Entry("read", 200),
    "PUT /risk/limits/{scope}/{subject}": Entry("trade", 200, _fixed({"max_open_orders": 5}), path=_ACCOUNT),
    "POST /risk/limits/starting": Entry("trade", 409, _fixed({"tolerance": "moderate"})),
    "GET /risk/limits/history": Entry("read", 200),
    "GET /risk/state": Entry("read", 200),
    "PUT /risk/state/{scope}/{subject}": Entry("trade", 200, _fixed(HALT), path=_ACCOUNT),
    "POST /risk/state/{scope}/{subject}/enable": Entry("step-up", 200, _reason, path=_ACCOUNT),
    "GET /risk/rules": Entry("read", 200),
    "GET /orders": Entry("read", 200),
    "GET /orders/{order_id}": Entry("read", 200),
    "POST /orders/{order_id}/cancel": Entry("trade", 409),
    "POST /orders/preview": Entry("trade", 200, _ticket),
    # Nothing is placed: the symbol is not known.
    "POST /orders": Entry("trade", 422, lambda p: {**_ticket(p), "symbol": "ZZZZQ"}),
    "GET /executions": Entry("read", 200),
    "GET /verdicts": Entry("read", 200),
    "GET /breaks": Entry("read", 200),
    "GET /traces/{trace_id}": Entry("read", 200),
    "GET /kills": Entry("read", 200),
    "POST /kills": Entry(
        "trade", 201, lambda p: {"scope": "account", "subject": p.ids["account_id"], "reason": "a reason"}
    ),
    "POST /kills/{scope}/{subject}/release": Entry("step-up", 200, _reason, path=_ACCOUNT),
    "GET /positions": Entry("read", 200),
    "GET /portfolio": Entry("read", 200),
    "GET /audit/events": Entry("read", 200),
    "GET /audit/chains/{chain_id}/events": Entry(
        "admin read", 200, query="reason=a+look+for+the+matrix", names_things=False
    ),
    "GET /audit/export": Entry("read", 200),
    "GET /audit/checkpoints": Entry("read", 200),
    "GET /audit/key": Entry("read", 200),
    "GET /audit/verifier": Entry("read", 200),
    "GET /audit/verify": Entry("read", 200),
    "POST /realtime/tickets": Entry("person", 201),
    "GET /realtime/events": Entry("person", 200),
    "POST /follows/{follow_id}/close": Entry("trade", 200),
    "POST /connections/{connection_id}/close": Entry("trade", 200),
    "POST /admin/users/{user_id}/disable": Entry("admin step-up", 200, names_things=False),
    "POST /admin/users/{user_id}/enable": Entry("admin step-up", 200, names_things=False),
    "DELETE /me/api-keys/{key_id}": Entry("person", 204),
    "DELETE /me/sessions/{session_id}": Entry("person", 204),
    "DELETE /me/sessions": Entry("person", 204),
    "POST /auth/sign-out": Entry("person", 204),
    "PUT /auth/password": Entry("step-up", 204, _fixed({"password": "another kelp 7 ochre"})),
}
