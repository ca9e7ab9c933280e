"""`/me` and `/legal`: one's own profile, sessions, keys and consents."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from tradsy.domain.errors import Forbidden, NotFound
from tradsy.identity import api_keys, legal, mfa, onboarding, service, sessions
from tradsy.identity.deps import CallerDep, PersonDep, StepUpDep, UserSession, require
from tradsy.identity.errors import (
    CrossSiteRequest,
    InteractiveOnly,
    OutdatedDocument,
    StepUpRequired,
    TooManyKeys,
)
from tradsy.identity.legal import DocumentName
from tradsy.identity.model import Caller, Scope
from tradsy.identity.records import entry, record
from tradsy.identity.schemas import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyList,
    ApiKeyRead,
    ConsentCreate,
    ConsentRead,
    DocumentRead,
    MeRead,
    MeUpdate,
    OnboardingRead,
    ProfileUpdate,
    SessionList,
    SessionRead,
    to_user_read,
)
from tradsy.identity.web_context import OPEN, ContextDep, forget_credentials, notify
from tradsy.platform.deps import ClockDep, SettingsDep
from tradsy.platform.web import IdempotentRoute, problem_responses

router = APIRouter(prefix="/me", tags=["me"], route_class=IdempotentRoute)
legal_router = APIRouter(prefix="/legal", tags=["legal"])
ReaderDep = Annotated[Caller, Depends(require(Scope.READ))]


@router.get("", responses=problem_responses(Forbidden))
async def get_me(caller: ReaderDep, session: UserSession) -> MeRead:
    """Return who is signed in."""
    return await _me(caller, session)


async def _me(caller: CallerDep, session: UserSession) -> MeRead:
    user = await service.get_user(session, caller.user_id)
    return MeRead(
        **to_user_read(user).model_dump(),
        country=user.country,
        has_totp=await mfa.has_totp(session, caller.user_id),
        may_trade=await service.is_trading_allowed(session, caller.user_id),
        scopes=sorted(caller.scopes),
        stepped_up_until=caller.stepped_up_until,
    )


@router.patch("", responses=problem_responses(InteractiveOnly, CrossSiteRequest))
async def patch_me(body: MeUpdate, caller: PersonDep, session: UserSession, clock: ClockDep) -> MeRead:
    """Change name or country; left-out fields stay."""
    changes = body.model_dump(exclude_unset=True)
    if changes.get("display_name", "") is None:
        del changes["display_name"]
    await onboarding.update_profile(session, caller.user_id, changes, at=clock.now())
    return await _me(caller, session)


@router.get("/sessions", responses=problem_responses(InteractiveOnly))
async def get_sessions(caller: PersonDep, session: UserSession, clock: ClockDep, settings: SettingsDep) -> SessionList:
    """Return where this account is signed in."""
    found = await sessions.list_sessions(session, at=clock.now(), idle=settings.session_idle)
    return SessionList(
        items=[
            SessionRead(
                id=each.id,
                kind="browser" if each.kind == "browser" else "program",
                is_current=each.id == caller.session_id,
                created_at=each.created_at,
                last_seen_at=each.last_seen_at,
                expires_at=each.expires_at,
                address=each.address,
                agent=each.agent,
            )
            for each in found
        ]
    )


@router.delete(
    "/sessions/{session_id}", status_code=204, responses=problem_responses(InteractiveOnly, NotFound, CrossSiteRequest)
)
async def delete_session(
    session_id: UUID, caller: PersonDep, session: UserSession, context: ContextDep, request: Request
) -> None:
    """End one session."""
    now = context.clock.now()
    await sessions.revoke_session(session, caller.user_id, session_id, at=now, because="revoked")
    await record(session, [entry(caller.user_id, "session.revoked", subject=f"session:{session_id}")], at=now)
    forget_credentials(request, context, caller)


@router.delete("/sessions", status_code=204, responses=problem_responses(InteractiveOnly, CrossSiteRequest))
async def delete_sessions(caller: PersonDep, session: UserSession, context: ContextDep, request: Request) -> None:
    """End all sessions but this one."""
    now = context.clock.now()
    ended = await sessions.revoke_sessions(session, caller.user_id, at=now, because="revoked", keep=caller.session_id)
    await record(session, [entry(caller.user_id, "session.others_revoked", count=len(ended))], at=now)
    forget_credentials(request, context, caller)


@router.get("/api-keys", responses=problem_responses(InteractiveOnly))
async def get_api_keys(caller: PersonDep, session: UserSession, clock: ClockDep) -> ApiKeyList:
    """Return one's keys, without their secrets."""
    return ApiKeyList(items=[_key_read(key) for key in await api_keys.list_api_keys(session, at=clock.now())])


def _key_read(key: api_keys.ApiKey) -> ApiKeyRead:
    return ApiKeyRead(
        id=key.id,
        name=key.name,
        hint=key.hint,
        scopes=[Scope(scope) for scope in key.scopes],
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )


@router.post(
    "/api-keys",
    status_code=201,
    openapi_extra={"x-secret-response": True},
    responses=problem_responses(StepUpRequired, Forbidden, TooManyKeys, CrossSiteRequest),
)
async def post_api_key(
    body: ApiKeyCreate, caller: StepUpDep, session: UserSession, context: ContextDep
) -> ApiKeyCreated:
    """Make a key after a step-up; it is shown this once."""
    user = await service.get_user(session, caller.user_id)
    await notify(session, context, user, "An API key was made for your account.")
    key, secret = await api_keys.create_api_key(
        session,
        caller.user_id,
        caller.role,
        name=body.name,
        scopes=body.scopes,
        at=context.clock.now(),
        lifetime=timedelta(days=body.expires_in_days),
    )
    return ApiKeyCreated(**_key_read(key).model_dump(), key=secret)


@router.delete(
    "/api-keys/{key_id}", status_code=204, responses=problem_responses(InteractiveOnly, NotFound, CrossSiteRequest)
)
async def delete_api_key(
    key_id: UUID, caller: PersonDep, session: UserSession, context: ContextDep, request: Request
) -> None:
    """End a key."""
    await api_keys.revoke_api_key(session, caller.user_id, key_id, at=context.clock.now())
    forget_credentials(request, context, caller)


@router.get("/onboarding", responses=problem_responses(Forbidden))
async def get_onboarding(caller: ReaderDep, session: UserSession) -> OnboardingRead:
    """Return the profile, and which texts are accepted."""
    return _onboarding_read(await onboarding.get_onboarding(session, caller.user_id))


def _onboarding_read(found: onboarding.Onboarding) -> OnboardingRead:
    consents = [ConsentRead(document=c.document, version=c.version, accepted_at=c.accepted_at) for c in found.consents]
    return OnboardingRead.model_validate(
        {
            "risk_tolerance": found.user.risk_tolerance,
            "experience": found.user.experience,
            "current": dict(found.current),
            "consents": consents,
            "may_trade": found.may_trade,
        }
    )


@router.put("/onboarding", responses=problem_responses(InteractiveOnly, CrossSiteRequest))
async def put_onboarding(
    body: ProfileUpdate, caller: PersonDep, session: UserSession, clock: ClockDep
) -> OnboardingRead:
    """Set risk tolerance and experience."""
    await onboarding.update_profile(session, caller.user_id, body.model_dump(), at=clock.now())
    return _onboarding_read(await onboarding.get_onboarding(session, caller.user_id))


@router.post("/onboarding/consents", responses=problem_responses(InteractiveOnly, OutdatedDocument, CrossSiteRequest))
async def post_consents(
    body: ConsentCreate, caller: PersonDep, session: UserSession, clock: ClockDep
) -> OnboardingRead:
    """Accept the current disclaimer, the current terms, or both; without both nothing trades."""
    given = {DocumentName.DISCLAIMER: body.disclaimer, DocumentName.TERMS: body.terms}
    versions = {name: version for name, version in given.items() if version is not None}
    await onboarding.accept_documents(session, caller.user_id, versions, at=clock.now())
    return _onboarding_read(await onboarding.get_onboarding(session, caller.user_id))


@legal_router.get("/{document}", openapi_extra=OPEN)
async def get_document(document: DocumentName) -> DocumentRead:
    """Return the risk disclaimer or the terms."""
    found = legal.get_document(document)
    return DocumentRead(document=found.name, version=found.version, sha256=found.sha256, text=found.text)
