"""What identity keeps for the life of a process: caller look-ups, limits, the password pool, keys."""

from __future__ import annotations

from dataclasses import dataclass

from tradsy.identity.callers import CallerFinder
from tradsy.identity.limits import ClientAddress, RateLimiter
from tradsy.identity.passwords import PasswordPool
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database
from tradsy.platform.installation import Installation
from tradsy.platform.settings import Settings
from tradsy.platform.vault import Vault


@dataclass(slots=True)
class Identity:
    """Built once by the composition root; handlers find it as `app.state.identity`."""

    site_url: str
    callers: CallerFinder
    limiter: RateLimiter
    addresses: ClientAddress
    passwords: PasswordPool
    vault: Vault
    hash_key: bytes
    """Of the keyed hashes that name nobody (throttles, device cookies)."""

    def close(self) -> None:
        """Stop the password threads."""
        self.passwords.close()


def build_identity(
    settings: Settings, installation: Installation, database: Database, clock: Clock, vault: Vault
) -> Identity:
    """Return the identity services of this process."""
    return Identity(
        site_url=settings.url,
        callers=CallerFinder(database, clock, session_idle=settings.session_idle),
        limiter=RateLimiter(clock),
        addresses=ClientAddress(settings.trusted_proxies),
        passwords=PasswordPool(),
        vault=vault,
        hash_key=installation.derive_key("identity/hash"),
    )
