"""What the audit routes answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from tradsy.platform.web import StrictModel


class AuditEventRead(StrictModel):
    seq: int = Field(description="Place in the chain; the first event has 1 and none is missing.")
    at: datetime = Field(description="When it was recorded, UTC.")
    actor: str = Field(description="Who did it, such as `user:<id>` or `engine`.")
    action: str = Field(description="What happened, such as `order.accepted`.")
    subject: str = Field(description="What it happened to, such as `order:<id>`.")
    data: dict[str, Any] = Field(description="The facts as they were hashed; decimals and times are strings.")
    hash: str = Field(description="SHA-256 that links the event into its chain, hexadecimal.")
    position: int | None = Field(description="Place in the tree of all events; null until a checkpoint covers it.")


class CheckpointRead(StrictModel):
    size: int = Field(description="How many events of all users it covers.")
    root: str = Field(description="Root of the Merkle tree over them, hexadecimal.")
    at: datetime = Field(description="When it was signed, UTC.")
    daily: bool = Field(description="Whether it is the one of its day that users are told.")
    note: str = Field(description="The signed note (C2SP tlog-checkpoint); keep it to pin the log's past.")


class AuditKeyRead(StrictModel):
    origin: str = Field(description="Name of this log in its notes.")
    public_key: str = Field(description="Ed25519 key of its signatures, base64; the verifier takes it as `--key`.")


class VerificationRead(StrictModel):
    verified: bool = Field(description="Whether the chain stands under the newest signed checkpoint.")
    reason: str = Field(description="What is wrong; empty when nothing is.")
    chain_id: UUID = Field(description="The chain that was checked.")
    events: int = Field(description="Events of the chain; 0 when it did not verify.")
    covered: int = Field(description="Those under the checkpoint; the others wait for the next one.")
    size: int = Field(description="Events of all users under the checkpoint.")
