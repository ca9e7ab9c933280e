"""Routes under `/audit`; bind `deps.get_reader` before serving them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from tradsy.audit import reading, repository, verifier
from tradsy.audit.canonical import MAX_INTEGER
from tradsy.audit.deps import ReaderDep
from tradsy.audit.notes import NoteSigner, encode_base64
from tradsy.audit.reading import EventQuery
from tradsy.audit.repository import EventFilter
from tradsy.audit.schemas import AuditEventRead, AuditKeyRead, CheckpointRead, VerificationRead
from tradsy.domain.errors import Forbidden, NotFound, Unauthenticated
from tradsy.platform.deps import ClockDep, DatabaseDep, InstallationDep
from tradsy.platform.web import CursorPage, Paging, PagingDep, cut_page, decode_cursor, problem_responses

router = APIRouter(prefix="/audit", tags=["audit"], responses=problem_responses(Unauthenticated, Forbidden))

_JSONL: dict[int | str, dict[str, Any]] = {200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}}
_PYTHON: dict[int | str, dict[str, Any]] = {200: {"content": {"text/x-python": {"schema": {"type": "string"}}}}}


async def get_filter(
    action: Annotated[str | None, Query(max_length=200, description="Only this action.")] = None,
    subject: Annotated[str | None, Query(max_length=200, description="Only this subject.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Recorded then or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Recorded before then.")] = None,
) -> EventFilter:
    """Return which events are wanted, as the query names them."""
    return EventFilter(action, subject, since, until)


FilterDep = Annotated[EventFilter, Depends(get_filter)]


def _before(paging: Paging) -> int:
    return decode_cursor(paging.cursor, int)[0] if paging.cursor else MAX_INTEGER


def _query(wanted: EventFilter, paging: Paging) -> EventQuery:
    return EventQuery(wanted, _before(paging), paging.limit + 1)


@router.get("/events", summary="List the events of your chain, newest first")
async def list_events(reader: ReaderDep, wanted: FilterDep, paging: PagingDep) -> CursorPage[AuditEventRead]:
    events = await reading.read_events(reader.session, reader.user_id, _query(wanted, paging))
    return cut_page(events, paging, lambda event: (event.seq,))


@router.get(
    "/chains/{chain_id}/events",
    summary="List the events of another's chain, as an admin; the look is recorded on that chain",
    responses=problem_responses(NotFound),
)
async def list_events_as_admin(
    chain_id: UUID,
    reason: Annotated[str, Query(min_length=8, max_length=300, description="Why; the chain's owner can read it.")],
    reader: ReaderDep,
    wanted: FilterDep,
    paging: PagingDep,
    database: DatabaseDep,
    clock: ClockDep,
) -> CursorPage[AuditEventRead]:
    query = _query(wanted, paging)
    events = await reading.read_events_as_admin(database, reader, chain_id, query, reason=reason, at=clock.now())
    return cut_page(events, paging, lambda event: (event.seq,))


@router.get("/export", summary="Download your chain and its proofs", response_class=StreamingResponse, responses=_JSONL)
async def export(
    reader: ReaderDep,
    database: DatabaseDep,
    installation: InstallationDep,
    clock: ClockDep,
    pin: Annotated[list[int] | None, Query(max_length=100, description="Sizes of checkpoints that you kept.")] = None,
) -> StreamingResponse:
    await reading.record_export(reader, at=clock.now())
    return StreamingResponse(
        reading.stream_export(database, reader.user_id, NoteSigner(installation), pin or ()),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="tradsy-audit.jsonl"'},
    )


@router.get("/checkpoints", summary="List the signed checkpoints, newest first")
async def list_checkpoints(
    reader: ReaderDep,
    paging: PagingDep,
    daily: Annotated[bool, Query(description="Only the first of each day.")] = False,  # noqa: FBT002 - a query flag
) -> CursorPage[CheckpointRead]:
    rows = await repository.list_checkpoints(
        reader.session, before=_before(paging), limit=paging.limit + 1, daily=daily
    )
    checkpoints = [
        CheckpointRead(size=row.size, root=row.root.hex(), at=row.at, daily=row.daily, note=row.note) for row in rows
    ]
    return cut_page(checkpoints, paging, lambda checkpoint: (checkpoint.size,))


@router.get("/key", summary="Show the key that signs checkpoints and exports")
async def read_key(_reader: ReaderDep, installation: InstallationDep) -> AuditKeyRead:
    signer = NoteSigner(installation)
    return AuditKeyRead(origin=signer.origin, public_key=encode_base64(signer.public_key))


@router.get("/verifier", summary="Download the stand-alone verifier", response_class=Response, responses=_PYTHON)
async def download_verifier(_reader: ReaderDep) -> Response:
    return Response(
        Path(verifier.__file__).read_bytes(),  # noqa: ASYNC240 - one small file of the package
        media_type="text/x-python",
        headers={"Content-Disposition": 'attachment; filename="verifier.py"'},
    )


@router.get("/verify", summary="Check your chain here and now, with the same verifier")
async def verify(reader: ReaderDep, database: DatabaseDep, installation: InstallationDep) -> VerificationRead:
    return await reading.verify_chain(database, reader.user_id, NoteSigner(installation))
