"""`/auth`: signing up, in and out, tokens of programs, second factors, passwords."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tradsy.audit.service import AuditEntry
from tradsy.domain.errors import Invalid, Limited, NotFound, Unavailable
from tradsy.identity import authentication, mfa, programs, service, sessions, sign_up, throttle, totp
from tradsy.identity.authentication import Proof, SecondFactor
from tradsy.identity.deps import SESSION_COOKIE, PersonDep, StepUpDep, UserSession
from tradsy.identity.emails import fold_email
from tradsy.identity.errors import (
    CrossSiteRequest,
    InvalidCredentials,
    InvalidSecondFactor,
    LinkInvalid,
    SecondFactorExists,
    SecondFactorRequired,
    StepUpRequired,
    UnsupportedMediaType,
    WeakPassword,
)
from tradsy.identity.model import CallerKind, User
from tradsy.identity.records import entry, record
from tradsy.identity.repository import Login
from tradsy.identity.schemas import (
    Accepted,
    PasswordUpdate,
    RecoveryCodesRead,
    RefreshCreate,
    ResetCreate,
    ResetRequestCreate,
    SignInCreate,
    SignUpCreate,
    StepUpCreate,
    StepUpRead,
    TokenRead,
    TotpConfirm,
    TotpRead,
    UserRead,
    VerifyCreate,
    reveal,
    to_user_read,
)
from tradsy.identity.sessions import ACCESS_TIME, TokenPair
from tradsy.identity.web_context import (
    DEVICE_COOKIE,
    JSON_BODY,
    OPEN,
    OWN_PAGE,
    ContextDep,
    SessionIdDep,
    clear_session_cookie,
    forget_credentials,
    notify,
    set_device_cookie,
    set_session_cookie,
)
from tradsy.platform.db import DbSession
from tradsy.platform.deps import ClockDep
from tradsy.platform.web import problem_responses

router = APIRouter(prefix="/auth", tags=["auth"])
_GUARDED = (CrossSiteRequest, UnsupportedMediaType, Limited, Unavailable)
_MAIL_SENT = "If the address can be used, a mail with the next step is on its way."


@router.post(
    "/sign-up",
    status_code=202,
    dependencies=[JSON_BODY],
    openapi_extra=OPEN,
    responses=problem_responses(Invalid, WeakPassword, UnsupportedMediaType, Limited, Unavailable),
)
async def post_sign_up(body: SignUpCreate, context: ContextDep) -> Accepted:
    """Ask for an account; a mail says how to go on."""
    await sign_up.sign_up(context, body.email, body.password.get_secret_value(), body.display_name)
    return Accepted(detail=_MAIL_SENT)


@router.post(
    "/verify",
    dependencies=[OWN_PAGE],
    openapi_extra=OPEN,
    responses=problem_responses(LinkInvalid, InvalidCredentials, *_GUARDED),
)
async def post_verify(body: VerifyCreate, context: ContextDep, response: Response) -> UserRead:
    """Confirm the address with the mailed token and the chosen password; signs the browser in."""
    user, _, cookie = await sign_up.verify(context, body.token.get_secret_value(), body.password.get_secret_value())
    set_session_cookie(response, context, cookie)
    set_device_cookie(response, context, user.email)
    return to_user_read(user)


@router.post(
    "/sign-in",
    dependencies=[OWN_PAGE],
    openapi_extra=OPEN,
    responses=problem_responses(InvalidCredentials, SecondFactorRequired, InvalidSecondFactor, *_GUARDED),
)
async def post_sign_in(body: SignInCreate, context: ContextDep, request: Request, response: Response) -> UserRead:
    """Sign a browser in; the session it had of this account ends."""

    async def finish(session: DbSession, login: Login) -> tuple[tuple[User, str], list[AuditEntry]]:
        session_id, token = await sessions.open_browser_session(
            session, login.user_id, context.origin, at=context.clock.now(), lifetime=context.settings.session_absolute
        )
        old = request.cookies.get(SESSION_COOKIE)
        if old:
            await sessions.revoke_token(session, login.user_id, old, at=context.clock.now())
            context.identity.callers.forget(old)
        user = await service.get_user(session, login.user_id)
        if not throttle.is_known_device(context.identity.hash_key, user.email, request.cookies.get(DEVICE_COOKIE)):
            await notify(session, context, user, "Somebody signed in from a browser that was not used before.")
        signed_in = entry(login.user_id, "auth.signed_in", subject=f"session:{session_id}", kind="browser")
        return (user, token), [signed_in]

    user, cookie = await authentication.sign_in(context, _proof(body, request.cookies.get(DEVICE_COOKIE)), finish)
    set_session_cookie(response, context, cookie)
    set_device_cookie(response, context, fold_email(body.email))
    return to_user_read(user)


def _proof(body: SignInCreate, device: str | None = None) -> Proof:
    second = SecondFactor(reveal(body.totp), reveal(body.recovery_code))
    return Proof(body.email, body.password.get_secret_value(), second, device)


@router.post("/sign-out", status_code=204, responses=problem_responses(CrossSiteRequest))
async def post_sign_out(
    caller: PersonDep,
    session_id: SessionIdDep,
    session: UserSession,
    clock: ClockDep,
    context: ContextDep,
    request: Request,
    response: Response,
) -> None:
    """End this session, on the server too; of a program, its whole family of tokens."""
    now = clock.now()
    await sessions.revoke_session(session, caller.user_id, session_id, at=now, because="signed_out")
    await record(session, [entry(caller.user_id, "auth.signed_out", subject=f"session:{session_id}")], at=now)
    forget_credentials(request, context, caller)
    clear_session_cookie(response)


@router.post(
    "/token",
    dependencies=[JSON_BODY],
    openapi_extra={**OPEN, "x-secret-response": True},
    responses=problem_responses(
        InvalidCredentials, SecondFactorRequired, InvalidSecondFactor, UnsupportedMediaType, Limited, Unavailable
    ),
)
async def post_token(body: SignInCreate, context: ContextDep) -> TokenRead:
    """Sign a program in: a short access token and a refresh token."""

    async def finish(session: DbSession, login: Login) -> tuple[TokenPair, list[AuditEntry]]:
        pair = await sessions.open_program_session(
            session, login.user_id, context.origin, at=context.clock.now(), lifetime=context.settings.session_absolute
        )
        subject = f"session:{pair.session_id}"
        return pair, [entry(login.user_id, "auth.signed_in", subject=subject, kind="program")]

    return _token_read(await authentication.sign_in(context, _proof(body), finish))


@router.post(
    "/refresh",
    dependencies=[JSON_BODY],
    openapi_extra={**OPEN, "x-secret-response": True},
    responses=problem_responses(InvalidCredentials, UnsupportedMediaType, Limited),
)
async def post_refresh(body: RefreshCreate, context: ContextDep) -> TokenRead:
    """Swap a refresh token for the next pair; a second use of one token ends its whole family."""
    return _token_read(await programs.refresh(context, body.refresh_token.get_secret_value()))


def _token_read(pair: TokenPair) -> TokenRead:
    return TokenRead(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        token_type="Bearer",  # noqa: S106 - the name of a scheme
        expires_in=int(ACCESS_TIME.total_seconds()),
    )


@router.post("/step-up", responses=problem_responses(InvalidCredentials, *_GUARDED))
async def post_step_up(
    body: StepUpCreate,
    caller: PersonDep,
    session_id: SessionIdDep,
    context: ContextDep,
    request: Request,
    response: Response,
) -> StepUpRead:
    """Prove again who is there: sensitive acts are allowed for five minutes. A browser gets a new session token."""
    second = SecondFactor(reveal(body.totp), reveal(body.recovery_code))
    await authentication.prove_again(context, caller.user_id, reveal(body.password), second)
    now, is_browser = context.clock.now(), caller.kind is CallerKind.SESSION
    async with context.database.as_user(caller.user_id) as session:
        until, token = await sessions.step_up_session(session, session_id, at=now, new_token=is_browser)
        await record(session, [entry(caller.user_id, "auth.stepped_up", subject=f"session:{session_id}")], at=now)
    forget_credentials(request, context, caller)
    if token is not None:
        set_session_cookie(response, context, token)
    return StepUpRead(stepped_up_until=until)


@router.post(
    "/reset-request",
    status_code=202,
    dependencies=[JSON_BODY],
    openapi_extra=OPEN,
    responses=problem_responses(UnsupportedMediaType, Limited),
)
async def post_reset_request(body: ResetRequestCreate, context: ContextDep) -> Accepted:
    """Ask for a new password by mail."""
    await sign_up.request_reset(context, body.email)
    return Accepted(detail=_MAIL_SENT)


@router.post(
    "/reset",
    status_code=204,
    dependencies=[JSON_BODY],
    openapi_extra=OPEN,
    responses=problem_responses(LinkInvalid, WeakPassword, UnsupportedMediaType, Limited, Unavailable),
)
async def post_reset(body: ResetCreate, context: ContextDep) -> None:
    """Set a new password with the mailed token; ends every session and signs nobody in."""
    await sign_up.reset_password(context, body.token.get_secret_value(), body.password.get_secret_value())


@router.put("/password", status_code=204, responses=problem_responses(StepUpRequired, WeakPassword, *_GUARDED))
async def put_password(body: PasswordUpdate, caller: StepUpDep, context: ContextDep) -> None:
    """Set a new password after a step-up; ends all other sessions."""
    await sign_up.change_password(context, caller.user_id, caller.session_id, body.password.get_secret_value())


@router.post(
    "/totp",
    openapi_extra={"x-secret-response": True},
    responses=problem_responses(StepUpRequired, SecondFactorExists, CrossSiteRequest),
)
async def post_totp(caller: StepUpDep, session: UserSession, context: ContextDep) -> TotpRead:
    """Begin to set up an authenticator app; nothing asks for it before it is confirmed."""
    user = await service.get_user(session, caller.user_id)
    secret = await mfa.start_totp(session, context.identity.vault, caller.user_id, at=context.clock.now())
    return TotpRead(secret=secret, uri=totp.setup_uri(secret, user.email))


@router.post(
    "/totp/confirm",
    openapi_extra={"x-secret-response": True},
    responses=problem_responses(StepUpRequired, InvalidSecondFactor, NotFound, CrossSiteRequest),
)
async def post_totp_confirm(
    body: TotpConfirm, caller: StepUpDep, session: UserSession, context: ContextDep
) -> RecoveryCodesRead:
    """Turn the second factor on with a first code; returns recovery codes."""
    user = await service.get_user(session, caller.user_id)
    await notify(session, context, user, "An authenticator app was set up for your account.")
    codes = await mfa.confirm_totp(
        session, context.identity.vault, caller.user_id, body.code.get_secret_value(), at=context.clock.now()
    )
    return RecoveryCodesRead(recovery_codes=codes)


@router.delete("/totp", status_code=204, responses=problem_responses(StepUpRequired, NotFound, CrossSiteRequest))
async def delete_totp(caller: StepUpDep, session: UserSession, context: ContextDep) -> None:
    """Turn the second factor off."""
    user = await service.get_user(session, caller.user_id)
    await notify(session, context, user, "The authenticator app was removed from your account.")
    await mfa.remove_totp(session, caller.user_id, at=context.clock.now())


@router.post(
    "/totp/recovery-codes",
    openapi_extra={"x-secret-response": True},
    responses=problem_responses(StepUpRequired, NotFound, CrossSiteRequest),
)
async def post_recovery_codes(caller: StepUpDep, session: UserSession, context: ContextDep) -> RecoveryCodesRead:
    """Replace all recovery codes."""
    user = await service.get_user(session, caller.user_id)
    await notify(session, context, user, "The recovery codes of your account were replaced.")
    codes = await mfa.renew_recovery_codes(session, caller.user_id, at=context.clock.now())
    return RecoveryCodesRead(recovery_codes=codes)
