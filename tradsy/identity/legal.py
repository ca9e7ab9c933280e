"""The texts that everybody accepts before anything trades: bundled files, versioned by date and content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path

from tradsy.platform.db import DbSession, sql


class DocumentName(StrEnum):
    DISCLAIMER = "disclaimer"
    TERMS = "terms"


@dataclass(frozen=True, slots=True)
class Document:
    """One text as it is bundled."""

    name: DocumentName
    version: str
    """Date of the text, then the start of its SHA-256: `2026-11-20-0123456789ab`."""
    sha256: str
    text: str


@cache
def get_document(name: DocumentName) -> Document:
    """Return a bundled text; the file's first line is its date."""
    raw = (Path(__file__).parent / "texts" / f"{name}.txt").read_bytes()
    date, _, body = raw.decode().partition("\n")
    digest = hashlib.sha256(raw).hexdigest()
    return Document(name, f"{date.strip()}-{digest[:12]}", digest, body)


async def publish_documents(session: DbSession, *, at: datetime) -> None:
    """Make the bundled texts the current ones, in an engine transaction at start; an older build changes nothing."""
    for document in map(get_document, DocumentName):
        await session.execute(
            sql(
                "insert into legal_documents as d (document, version, published_at) values (:name, :version, :at) "
                "on conflict (document) do update set version = excluded.version, published_at = excluded.published_at "
                "where d.version <> excluded.version and left(d.version, 10) <= left(excluded.version, 10)"
            ),
            {"name": document.name, "version": document.version, "at": at},
        )


async def list_current_versions(session: DbSession) -> dict[DocumentName, str]:
    """Return the versions that count now."""
    rows = await session.execute(sql("select document, version from legal_documents"))
    return {DocumentName(row.document): row.version for row in rows}
