"""`/health` (this process runs) and `/readyz` (it can serve, it can trade), from probes that `entrypoints` register."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import Field

from tradsy.platform.web.models import StrictModel

log = structlog.get_logger(__name__)

PROBE_TIMEOUT = 2.0
"""Seconds after which a dependency counts as gone."""

Probe = Callable[[], Awaitable[None]]
"""Returns when the dependency answers, raises when it does not."""


class Health(StrictModel):
    """The process is alive."""

    status: str = Field(description="Always `ok`.")


class Readiness(StrictModel):
    """What works now."""

    ready: bool = Field(description="Every dependency that requests need answers.")
    trading_ready: bool = Field(description="Everything that orders need answers too.")
    dependencies: dict[str, bool] = Field(description="Each dependency by name.")


@dataclass(slots=True)
class ReadinessProbes:
    """The dependencies of one process; it stands on `app.state.readiness`."""

    _serving: dict[str, Probe] = field(default_factory=dict[str, Probe])
    _trading: dict[str, Probe] = field(default_factory=dict[str, Probe])

    def add(self, name: str, probe: Probe, *, trading_only: bool = False) -> None:
        """Ask `probe` too; with `trading_only` its failure stops orders, not requests."""
        (self._trading if trading_only else self._serving)[name] = probe

    async def check(self) -> Readiness:
        """Ask all probes at once and return what works."""
        probes = {**self._serving, **self._trading}
        answers = await asyncio.gather(*(_answers(name, probe) for name, probe in probes.items()))
        found = dict(zip(probes, answers, strict=True))
        ready = all(found[name] for name in self._serving)
        return Readiness(ready=ready, trading_ready=ready and all(found.values()), dependencies=found)


async def _answers(name: str, probe: Probe) -> bool:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            await probe()
    except Exception as error:  # noqa: BLE001 - whatever a probe raises, its dependency does not answer
        log.warning("not ready", dependency=name, error=type(error).__name__)
        return False
    return True


router = APIRouter(tags=["operations"])


@router.get("/health", openapi_extra={"security": []})
async def read_health() -> Health:
    """Say that the process is alive; asks nothing of any dependency."""
    return Health(status="ok")


@router.get(
    "/readyz",
    openapi_extra={"security": []},
    responses={503: {"model": Readiness, "description": "A dependency that requests need does not answer."}},
)
async def read_readiness(request: Request, response: Response) -> Readiness:
    """Say which dependencies answer; 503 when requests cannot be served."""
    readiness = await cast("ReadinessProbes", request.app.state.readiness).check()
    response.status_code = 200 if readiness.ready else 503
    return readiness
