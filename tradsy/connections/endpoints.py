"""`/connections` and `/accounts`."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request

from tradsy.connections import service
from tradsy.connections.deps import CapabilitiesDep, PaperVenueDep, ReaderDep, TraderDep, VaultDep
from tradsy.connections.errors import (
    AccountNotFound,
    ConnectionNotFound,
    ConnectionStateConflict,
    CredentialMissing,
    PaperVenueUnavailable,
    TooManyConnections,
)
from tradsy.connections.model import ConnectionState, NewPaperConnection
from tradsy.connections.schemas import (
    AccountRead,
    AccountUpdate,
    CapabilitiesRead,
    ConnectionCreate,
    ConnectionRead,
    read_account,
    read_connection,
)
from tradsy.domain.errors import Forbidden, Unauthenticated
from tradsy.domain.ids import AccountId, ConnectionId
from tradsy.identity.deps import UserSession
from tradsy.identity.model import Caller
from tradsy.platform.clock import Clock
from tradsy.platform.deps import ClockDep, DatabaseDep, OutboxDep, SettingsDep
from tradsy.platform.outbox import emitted
from tradsy.platform.web import (
    CursorPage,
    IdempotentRoute,
    PagingDep,
    bind_claim,
    cut_page,
    decode_cursor,
    problem_responses,
)

router = APIRouter(
    tags=["connections"], route_class=IdempotentRoute, responses=problem_responses(Unauthenticated, Forbidden)
)


@router.get("/connections")
async def list_connections(caller: ReaderDep, session: UserSession, paging: PagingDep) -> CursorPage[ConnectionRead]:
    """Return the caller's connections, oldest first."""
    after = ConnectionId(decode_cursor(paging.cursor, UUID)[0]) if paging.cursor else None
    rows = await service.list_connections(session, after=after, limit=paging.limit + 1)
    page = cut_page(rows, paging, lambda row: (row.id,))
    return CursorPage(items=[read_connection(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("/connections", status_code=201, responses=problem_responses(TooManyConnections, PaperVenueUnavailable))
async def create_connection(
    body: ConnectionCreate,
    request: Request,
    caller: TraderDep,
    paper: PaperVenueDep,
    vault: VaultDep,
    database: DatabaseDep,
    outbox: OutboxDep,
    settings: SettingsDep,
    clock: ClockDep,
) -> ConnectionRead:
    """Open a paper connection; its credential is made by the venue, sealed, and never shown."""
    async with database.as_user(caller.user_id) as session:
        await service.require_room(session, caller.user_id)
    # No transaction is open while the venue is asked; an account that a crash leaves there belongs to nobody.
    (login,) = await paper.open_logins(1, cash=body.cash, accounts_each=body.accounts)
    async with database.as_user(caller.user_id) as session:
        record = await service.open_paper_connection(
            session,
            vault,
            NewPaperConnection(caller.user_id, body.label, login, is_demo=caller.is_demo),
            partitions=settings.partitions,
            actor=caller.actor,
            at=clock.now(),
        )
        await bind_claim(request, session)
    outbox.hand_over(emitted(session))
    return read_connection(record)


@router.get("/connections/{connection_id}", responses=problem_responses(ConnectionNotFound))
async def get_connection(connection_id: UUID, caller: ReaderDep, session: UserSession) -> ConnectionRead:
    """Return one connection."""
    return read_connection(await service.get_connection(session, ConnectionId(connection_id)))


async def _change(
    session: UserSession, connection_id: UUID, state: ConnectionState, caller: Caller, clock: Clock
) -> ConnectionRead:
    record = await service.change_state(session, ConnectionId(connection_id), state, actor=caller.actor, at=clock.now())
    return read_connection(record)


@router.post(
    "/connections/{connection_id}/pause", responses=problem_responses(ConnectionNotFound, ConnectionStateConflict)
)
async def pause_connection(
    connection_id: UUID, caller: TraderDep, session: UserSession, clock: ClockDep
) -> ConnectionRead:
    """Send nothing new through a connection; what rests at the broker is still followed."""
    return await _change(session, connection_id, ConnectionState.PAUSED, caller, clock)


@router.post(
    "/connections/{connection_id}/resume", responses=problem_responses(ConnectionNotFound, ConnectionStateConflict)
)
async def resume_connection(
    connection_id: UUID, caller: TraderDep, session: UserSession, clock: ClockDep
) -> ConnectionRead:
    """Trade through a paused connection again."""
    return await _change(session, connection_id, ConnectionState.ACTIVE, caller, clock)


@router.post(
    "/connections/{connection_id}/close", responses=problem_responses(ConnectionNotFound, ConnectionStateConflict)
)
async def close_connection(
    connection_id: UUID, caller: TraderDep, session: UserSession, clock: ClockDep
) -> ConnectionRead:
    """Unlink for ever: the credential is erased; orders and positions at the broker stay there."""
    return await _change(session, connection_id, ConnectionState.CLOSED, caller, clock)


@router.get("/accounts")
async def list_accounts(caller: ReaderDep, session: UserSession, paging: PagingDep) -> CursorPage[AccountRead]:
    """Return the caller's accounts, oldest first."""
    after = AccountId(decode_cursor(paging.cursor, UUID)[0]) if paging.cursor else None
    rows = await service.list_accounts(session, after=after, limit=paging.limit + 1)
    page = cut_page(rows, paging, lambda row: (row.id,))
    return CursorPage(items=[read_account(row) for row in page.items], next_cursor=page.next_cursor)


@router.get("/accounts/{account_id}", responses=problem_responses(AccountNotFound))
async def get_account(account_id: UUID, caller: ReaderDep, session: UserSession) -> AccountRead:
    """Return one account."""
    return read_account(await service.get_account(session, AccountId(account_id)))


@router.get(
    "/accounts/{account_id}/capabilities",
    responses=problem_responses(AccountNotFound, ConnectionNotFound, CredentialMissing),
)
async def get_capabilities(
    account_id: UUID, caller: ReaderDep, session: UserSession, capabilities_of: CapabilitiesDep
) -> CapabilitiesRead:
    """Return what can be done on an account."""
    account = await service.get_account(session, AccountId(account_id))
    return CapabilitiesRead.of(capabilities_of(await service.get_connection(session, account.connection_id)))


@router.patch("/accounts/{account_id}", responses=problem_responses(AccountNotFound, ConnectionStateConflict))
async def update_account(
    account_id: UUID, body: AccountUpdate, caller: TraderDep, session: UserSession, clock: ClockDep
) -> AccountRead:
    """Rename an account, or make it the primary one."""
    account = await service.update_account(
        session,
        AccountId(account_id),
        actor=caller.actor,
        at=clock.now(),
        label=body.label,
        make_primary=body.is_primary is True,
    )
    return read_account(account)
