"""Credentials of `sim`: a key and a secret in two headers, without expiry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from tradsy.brokers.capabilities import IdempotencyClass


@dataclass(frozen=True, slots=True)
class SimConfig:
    """Where the venue is and who we are there."""

    url: str
    ws_url: str
    api_key: SecretStr
    api_secret: SecretStr
    idempotency: IdempotencyClass = IdempotencyClass.STRONG
    settle_time: timedelta | None = None
    """Overrides the class's settle time: the venue's look-ups see what it accepted at once."""

    @classmethod
    def from_mapping(cls, config: Mapping[str, SecretStr | str]) -> SimConfig:
        """Read a connection's fields.

        Raises:
            KeyError: one is missing.
            ValueError: the class is not one of A, B, C, D.
        """
        settle = config.get("settle_seconds")
        return cls(
            url=_plain(config["url"]).rstrip("/"),
            ws_url=_plain(config["ws_url"]).rstrip("/"),
            api_key=SecretStr(_plain(config["api_key"])),
            api_secret=SecretStr(_plain(config["api_secret"])),
            idempotency=IdempotencyClass(_plain(config.get("idempotency", IdempotencyClass.STRONG.value))),
            settle_time=timedelta(seconds=int(_plain(settle))) if settle is not None else None,
        )

    @property
    def headers(self) -> dict[str, str]:
        """The headers that sign a request."""
        return {"X-Sim-Key": self.api_key.get_secret_value(), "X-Sim-Secret": self.api_secret.get_secret_value()}


def _plain(value: SecretStr | str) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
