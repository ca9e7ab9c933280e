"""Mails that identity asks for: rendered here, kept sealed, sent by whoever hears `mail.requested`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr

from tradsy.domain.ids import UserId
from tradsy.identity.records import announce
from tradsy.platform.db import DbSession, sql
from tradsy.platform.ids import new_id
from tradsy.platform.vault import SealContext, SealedColumn, Vault

SEALED_COLUMN = SealedColumn("mails", "body")
KEEP_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Mail:
    """One rendered mail."""

    id: UUID
    recipient: str
    subject: str
    body: str
    created_at: datetime

    def __repr__(self) -> str:
        return f"Mail(id={self.id})"


def render_confirmation(site_url: str, token: str) -> tuple[str, str]:
    """Return subject and body of the mail that finishes a sign-up."""
    return (
        "Confirm your e-mail address",
        (
            "Somebody, hopefully you, opened a Tradsy account with this address.\n\n"
            f"Open this page within 24 hours and enter the password you chose:\n{site_url}/app/verify#token={token}\n\n"
            "If it was not you, do nothing: without this page there is no account.\n"
        ),
    )


def render_known_address(site_url: str) -> tuple[str, str]:
    """Return the mail for somebody who signs up again."""
    return (
        "You have a Tradsy account already",
        (
            "Somebody, perhaps you, tried to open a Tradsy account with this address, which has one.\n\n"
            f"Sign in: {site_url}/app/sign-in\nPassword forgotten? {site_url}/app/reset\n\n"
            "If it was not you, there is nothing to do.\n"
        ),
    )


def render_reset(site_url: str, token: str) -> tuple[str, str]:
    """Return the mail that lets somebody choose a new password."""
    return (
        "Choose a new password",
        (
            "Somebody, hopefully you, asked for a new password of your Tradsy account.\n\n"
            f"Open this page within 30 minutes:\n{site_url}/app/reset#token={token}\n\n"
            "If it was not you, do nothing: your password stays as it is.\n"
        ),
    )


def render_unknown_address() -> tuple[str, str]:
    """Return the mail for an address that has no account."""
    return (
        "There is no Tradsy account with this address",
        (
            "Somebody, perhaps you, asked for a new password, but no account uses this address.\n\n"
            "Perhaps you signed up with another one. If it was not you, there is nothing to do.\n"
        ),
    )


def render_notice(what: str, subject: str = "Your account was changed") -> tuple[str, str]:
    """Return the notice of something that only the owner should have done."""
    return (
        subject,
        f"{what}\n\nIf it was not you: reset your password, then end all sessions and revoke all API keys.\n",
    )


async def request_mail(
    session: DbSession,
    vault: Vault,
    recipient: str,
    rendered: tuple[str, str],
    *,
    at: datetime,
    user_id: UserId | None = None,
) -> None:
    """Keep a mail and ask for it to be sent, in the caller's transaction."""
    mail_id, (subject, body) = new_id(), rendered
    await session.execute(
        sql(
            "insert into mails (id, user_id, recipient, subject, body, created_at) "
            "values (:id, :user, :recipient, :subject, :body, :at)"
        ),
        {
            "id": mail_id,
            "user": user_id,
            "recipient": recipient,
            "subject": subject,
            "body": vault.seal(SecretStr(body), _context(mail_id, user_id, at)),
            "at": at,
        },
    )
    await announce(session, "mail.requested", {"mail_id": str(mail_id)}, at=at)


async def list_mails(session: DbSession, vault: Vault, *, limit: int = 20) -> list[Mail]:
    """Return the latest unsent mails, in an engine transaction: for the mailer and the operator's CLI."""
    rows = await session.execute(
        sql(
            "select id, user_id, recipient, subject, body, created_at from mails where sent_at is null "
            "order by id desc limit :limit"
        ),
        {"limit": limit},
    )
    return [
        Mail(
            r.id,
            r.recipient,
            r.subject,
            vault.open(r.body, _context(r.id, r.user_id, r.created_at)).get_secret_value(),
            r.created_at,
        )
        for r in rows
    ]


def _context(mail_id: UUID, user_id: UserId | None, created_at: datetime) -> SealContext:
    return SealContext(SEALED_COLUMN.table, SEALED_COLUMN.column, mail_id, user_id, created_at)


async def mark_sent(session: DbSession, mail_id: UUID, *, at: datetime) -> None:
    """Note that a mail left, in an engine transaction."""
    await session.execute(sql("update mails set sent_at = :at where id = :id"), {"id": mail_id, "at": at})


async def purge_mails(session: DbSession, *, at: datetime) -> int:
    """Delete mails whose links expired long ago, in an engine transaction; return how many."""
    done = await session.execute(
        sql("delete from mails where created_at < :before returning 1"), {"before": at - KEEP_FOR}
    )
    return len(done.all())
