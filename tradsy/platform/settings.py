"""Settings of one installation, from `TRADSY_*` variables; refused at start when unsafe."""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(StrEnum):
    """How strict the start is."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


SAMPLE_KEY = "sample-key-change-me-sample-key-change-me"


def default_data_dir() -> Path:
    """Return where an installation lives unless told otherwise: the system's folder for root, else the user's."""
    if os.geteuid() == 0:
        return Path("/var/lib/tradsy")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "tradsy"


class Settings(BaseSettings):
    """Everything an operator can set; each field is `TRADSY_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="TRADSY_", extra="ignore", frozen=True)

    environment: Environment = Environment.DEVELOPMENT
    data_dir: Path = Field(default_factory=default_data_dir)
    """Everything the installation keeps: databases, keys, logs, ground truth of the paper venue."""
    host: str = "127.0.0.1"
    port: int = 8321
    public_url: str = ""
    """Address people use; `http://localhost:<port>` unless set. Cookies and links follow it."""
    database_url: SecretStr | None = None
    """A PostgreSQL >= 15 whose role may create roles; embedded unless set."""
    nats_url: SecretStr | None = None
    """A NATS server or cluster (comma-separated); embedded unless set."""
    nats_replicas: int = 1
    """Copies of each JetStream stream: 3 on a three-node cluster."""
    master_key: SecretStr | None = None
    """Key of all keys; kept in `<data_dir>/master.key` (mode 0400) unless set."""
    allow_env_master_key: bool = False
    """Take `master_key` from the environment in production too."""
    log_level: str = "INFO"
    database_pool: int = 18
    """Connections per role and process."""
    database_fsync: bool = True
    """Embedded PostgreSQL's durability; off only for tests that never survive a crash."""
    sim_url: str = ""
    """Base address of the paper venue; started as a child unless set, together with `sim_control_url`."""
    sim_control_url: str = ""
    sim_always_open: bool = True
    """Whether the paper venue trades around the clock; false keeps the real sessions and holidays."""
    paper_cash: Decimal = Decimal(100_000)
    """What a new paper account starts with, US dollars."""
    partitions: int = 64
    lease_time: timedelta = timedelta(seconds=4)
    lease_margin: timedelta = timedelta(seconds=1.5)
    """What must be left of a lease before the first byte of an order may leave."""
    demo: bool = True
    """Fill a new installation with the demo user and its arriving alerts."""
    audit_anchor: Path | None = None
    """A second file that every signed audit checkpoint is appended to: on another host, or write-once media."""
    metrics_token: SecretStr | None = None
    """Bearer token that `/metrics` asks for; without it the route answers loopback callers only."""
    trusted_proxies: str = ""
    """Comma-separated addresses whose X-Forwarded-For is believed."""
    webhook_sources: str = ""
    """Comma-separated addresses that hooks are taken from; empty takes all."""
    session_idle: timedelta = timedelta(hours=12)
    session_absolute: timedelta = timedelta(days=7)

    @property
    def url(self) -> str:
        """Address of the product without a trailing slash."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        key = self.master_key.get_secret_value() if self.master_key else None
        if self.environment is Environment.PRODUCTION:
            if key == SAMPLE_KEY:
                raise ValueError("TRADSY_MASTER_KEY is the sample key: production refuses it")
            if key is not None and not self.allow_env_master_key:
                raise ValueError(
                    "TRADSY_MASTER_KEY is readable in /proc: put it in <data_dir>/master.key (mode 0400), "
                    "or set TRADSY_ALLOW_ENV_MASTER_KEY=true"
                )
            if not self.database_fsync:
                raise ValueError("TRADSY_DATABASE_FSYNC=false loses acknowledged signals: production refuses it")
        if key is not None and len(key) < 32:
            raise ValueError("TRADSY_MASTER_KEY must have at least 32 characters")
        if not self.database_pool > 1:
            raise ValueError("TRADSY_DATABASE_POOL must be at least 2")
        return self
