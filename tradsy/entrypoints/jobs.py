"""All background jobs of this build; none of them places or cancels an order."""

from __future__ import annotations

from tradsy.follows.tasks import expire_plans
from tradsy.identity.tasks import purge_expired
from tradsy.platform.jobs import PLATFORM_JOBS, JobRegistry
from tradsy.signals.tasks import purge_keys

JOBS = JobRegistry((*PLATFORM_JOBS, expire_plans, purge_expired, purge_keys))
