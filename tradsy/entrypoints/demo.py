"""The demo: a user without a password, three sources that keep talking, and how all of it is removed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp
import structlog

from tradsy.connections import service as connections
from tradsy.connections.model import AccountRecord, ConnectionState
from tradsy.domain.errors import NotFound
from tradsy.domain.ids import FollowId, SourceId, UserId
from tradsy.domain.money import ZERO
from tradsy.domain.orders import OrderRole
from tradsy.entrypoints.api_client import KEY_FILE, save_key_file, update_key_file
from tradsy.entrypoints.container import Container
from tradsy.entrypoints.demo_alerts import FIXED_QUANTITY, SYMBOLS, DemoAlert, DemoScript, DemoSource
from tradsy.entrypoints.provision import NewTrader, make_trader
from tradsy.execution import queries
from tradsy.execution.kill import KillTarget
from tradsy.follows import management as follows
from tradsy.follows.schemas import FollowSettings
from tradsy.identity import api_keys
from tradsy.identity.demo import DemoUser, find_demo_user, retire_demo_user
from tradsy.identity.model import Role, Scope
from tradsy.platform.outbox import emitted
from tradsy.portfolio import service as portfolio
from tradsy.risk.model import KillScope
from tradsy.signals import service as signals
from tradsy.signals.model import SourceKind, Visibility

if TYPE_CHECKING:
    from tradsy.entrypoints.processes import Started

log = structlog.get_logger(__name__)

ACTOR = "demo"
DEMO_FILE = "demo.json"
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_ALL = 1_000
VIEW_KEY_LIFE = timedelta(days=1)

_SOURCES = {
    DemoSource.STRATEGY: ("Demo strategy", SourceKind.TRADINGVIEW, "A TradingView strategy that posts JSON."),
    DemoSource.ROOM: ("Demo alert room", SourceKind.TEXT, "People who write alerts, and chatter between them."),
    DemoSource.PROGRAM: ("Demo program", SourceKind.API, "A program that sends native orders."),
}
_FOLLOWS: Mapping[DemoSource, Mapping[str, Any]] = {
    DemoSource.STRATEGY: {
        "sizing_mode": "percent_equity",
        "sizing_value": "1",
        "mode": "auto",
        "exit_policy": {"stop": {"value": "4", "unit": "percent"}, "targets": [{"value": "6", "unit": "percent"}]},
    },
    DemoSource.ROOM: {"sizing_mode": "fixed_quantity", "sizing_value": str(FIXED_QUANTITY), "mode": "auto"},
    DemoSource.PROGRAM: {"sizing_mode": "fixed_cash", "sizing_value": "500", "mode": "approve"},
}


@dataclass(frozen=True, slots=True)
class DemoState:
    """What the alerts need after a restart; the hook addresses are kept nowhere else, so its file is private."""

    user_id: str
    seed: int
    hooks: dict[str, str] = field(repr=False)
    """Demo source -> path of its hook."""


async def ensure_demo(container: Container, url: str) -> DemoState | None:
    """Return the demo of this installation, made at the first start; None when it is off or was removed."""
    root = container.installation.root
    async with container.database.as_engine() as session:
        user = await find_demo_user(session)
    state = _load(root)
    update_key_file(root, url=url)
    if user is not None and user.is_active and (state is None or not state.hooks):
        # A start or a removal was cut off half-way: what it left is closed first.
        await remove_demo(container, actor=ACTOR)
        user = user if state is None else None
    if not container.settings.demo:
        return None
    if user is None:
        return await _make(container, url)
    return state if user.is_active else None


async def _make(container: Container, url: str) -> DemoState:
    root = container.installation.root
    _save(root, DemoState("", 0, {}))
    address = f"demo-{secrets.token_hex(4)}@example.com"
    wanted = NewTrader(address, "Demo", ACTOR, container.settings.paper_cash, is_demo=True)
    trader = await make_trader(container, wanted)
    hooks = {
        source.value: await _make_source(container, trader.user_id, trader.account, source) for source in DemoSource
    }
    state = DemoState(str(trader.user_id), secrets.randbits(32), hooks)
    _save(root, state)
    save_key_file(root, url=url, key=trader.api_key, user_id=str(trader.user_id))
    return state


async def _make_source(container: Container, user_id: UserId, account: AccountRecord, source: DemoSource) -> str:
    """Make a source that the demo account follows; return the path of its hook."""
    name, kind, description = _SOURCES[source]
    settings = FollowSettings.model_validate({**_FOLLOWS[source], "symbols_allowed": list(SYMBOLS[source])})
    now = container.clock.now()
    async with container.database.as_engine() as session:
        # Public: a newcomer's own paper account may follow it, and has signals arriving from the first minute.
        made = await signals.create_source(
            session, user_id=user_id, name=name, kind=kind, description=description, at=now, actor=ACTOR,
            visibility=Visibility.PUBLIC, is_demo=True,
        )  # fmt: skip
    async with container.database.as_user(user_id) as session:
        await follows.create_follow(
            session, user_id=user_id, source_id=made.id, account_id=account.id, settings=settings, at=now, actor=ACTOR,
            is_demo=True,
        )  # fmt: skip
        events = emitted(session)
    container.outbox.hand_over(events)
    return f"/hooks/tradingview/{made.hook_token}"


@asynccontextmanager
async def talking_demo(product: Started) -> AsyncGenerator[DemoState | None]:
    """Let the demo's sources talk while the block runs."""
    state = await ensure_demo(product.container, product.url)
    task = None if state is None else asyncio.create_task(_talk(product, state), name="demo alerts")
    try:
        yield state
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _talk(product: Started, state: DemoState) -> None:
    container = product.container
    script = await _continue_script(container, state)
    # A file, not the database, is looked at each time: `demo remove` runs in another process.
    while (container.installation.root / DEMO_FILE).exists():
        try:
            await _send(container.http, product.url, state, script.next(container.clock.now()))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("a demo alert could not be sent", error=type(error).__name__)
        await asyncio.sleep(script.pause().total_seconds())


async def _send(http: aiohttp.ClientSession, url: str, state: DemoState, alert: DemoAlert) -> None:
    body = alert.body if isinstance(alert.body, str) else json.dumps(alert.body)
    kind = "text/plain" if isinstance(alert.body, str) else "application/json"
    address = url + state.hooks[alert.source.value]
    async with http.post(address, data=body.encode(), headers={"Content-Type": kind}, timeout=_TIMEOUT) as answer:
        await answer.read()
        if answer.status >= 400:
            log.warning("a demo alert was refused", status=answer.status, source=alert.source.value)


async def _continue_script(container: Container, state: DemoState) -> DemoScript:
    """Return a script that knows what the account holds and how often it entered today."""
    user_id, now = UserId(UUID(state.user_id)), container.clock.now()
    async with container.database.as_user(user_id) as session:
        positions = await portfolio.load_positions(session)
        held = [p.symbol for records in positions.values() for p in records if p.position.quantity > ZERO]
        orders = await queries.list_orders(
            session, account_id=None, symbol=None, only_open=False, before=None, limit=_ALL
        )
    day = now - timedelta(days=1)
    entries = [(o.created_at, o.symbol) for o in orders if o.role is OrderRole.ENTRY and o.created_at > day]
    return DemoScript(state.seed + int(now.timestamp()), now, held=held, entries=entries)


async def remove_demo(container: Container, *, actor: str, wait: timedelta = timedelta(seconds=20)) -> bool:
    """Close everything of the demo: sources, follows, resting orders, the connection, the user and its keys.

    What was recorded stays, marked as demo: orders and the audit log are never deleted. Returns whether there was one.
    """
    root = container.installation.root
    (root / DEMO_FILE).unlink(missing_ok=True)
    async with container.database.as_engine() as session:
        user = await find_demo_user(session)
    if user is None or not user.is_active:
        return False
    await _close_intake(container, user, actor)
    target = KillTarget(KillScope.USER, str(user.id), user.id)
    await container.kills.kill(target, reason="demo removed", by=actor, cancel_stops=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait.total_seconds()):
            while await _has_open_orders(container, user.id):
                await asyncio.sleep(0.1)
    await _close_accounts(container, user, actor)
    (root / KEY_FILE).unlink(missing_ok=True)
    return True


async def _close_intake(container: Container, user: DemoUser, actor: str) -> None:
    now = container.clock.now()
    async with container.database.as_user(user.id) as session:
        for follow in await follows.list_follows(session, user.id, before=None, limit=_ALL):
            if follow["state"] != "closed":
                await follows.set_follow_state(session, user.id, FollowId(follow["id"]), "closed", at=now, actor=actor)
        for source in await signals.list_sources(session, user.id, public=False, before=None, limit=_ALL):
            if source["state"] != "closed":
                await signals.change_source(
                    session, user.id, SourceId(source["id"]), {"state": "closed"}, at=now, actor=actor
                )
        events = emitted(session)
    container.outbox.hand_over(events)


async def _close_accounts(container: Container, user: DemoUser, actor: str) -> None:
    now: datetime = container.clock.now()
    async with container.database.as_user(user.id) as session:
        for record in await connections.list_connections(session):
            if record.state is not ConnectionState.CLOSED:
                await connections.change_state(session, record.id, ConnectionState.CLOSED, actor=actor, at=now)
        events = emitted(session)
    container.outbox.hand_over(events)
    async with container.database.as_engine() as session:
        await retire_demo_user(session, user.id, at=now, actor=actor)
        events = emitted(session)
    container.outbox.hand_over(events)


async def _has_open_orders(container: Container, user_id: UserId) -> bool:
    async with container.database.as_user(user_id) as session:
        orders = await queries.list_orders(session, account_id=None, symbol=None, only_open=True, before=None, limit=1)
    return bool(orders)


async def make_view_key(container: Container, *, by: str) -> str:
    """Return a key that may only read the demo user's data, for a day.

    Raises:
        NotFound: there is no demo.
    """
    async with container.database.as_engine() as session:
        user = await find_demo_user(session)
    if user is None or not user.is_active:
        raise NotFound("There is no demo.")
    async with container.database.as_user(user.id) as session:
        _, key = await api_keys.create_api_key(
            session, user.id, Role.USER, name="view", scopes=[Scope.READ], at=container.clock.now(),
            lifetime=VIEW_KEY_LIFE, actor=by,
        )  # fmt: skip
    return key


def _save(root: Path, state: DemoState) -> None:
    path = root / DEMO_FILE
    draft = path.with_suffix(".part")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(state)))
    draft.replace(path)


def _load(root: Path) -> DemoState | None:
    try:
        return DemoState(**json.loads((root / DEMO_FILE).read_text()))
    except FileNotFoundError:
        return None
