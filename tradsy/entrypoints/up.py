"""`tradsy up`: everything in one process, from the first message to the last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tradsy.entrypoints.demo import talking_demo
from tradsy.entrypoints.processes import Started, everything, stop_on_signals
from tradsy.platform.failpoints import arm_from_environment
from tradsy.platform.settings import Settings

_LOOK_EVERY = 0.05


async def run_everything(
    settings: Settings, *, announce: Callable[[Started], None], tell: Callable[[str], None]
) -> None:
    """Run the whole product until it is told to stop."""
    arm_from_environment()
    begun = time.monotonic()
    stop = stop_on_signals()
    async with everything(settings) as product, talking_demo(product) as demo:
        announce(product)
        if demo is not None:
            tell("The demo trades on paper money: `tradsy positions`, `tradsy trace`; `tradsy demo remove` ends it.")
        watching = asyncio.create_task(_tell_when_trading(product, begun, tell), name="first trading")
        try:
            await stop.wait()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            tell("Stopping: nothing new is sent, what is under way is stored ...")
    tell("Stopped.")


async def _tell_when_trading(product: Started, begun: float, tell: Callable[[str], None]) -> None:
    while not product.owner.is_trading_ready:
        await asyncio.sleep(_LOOK_EVERY)
    tell(f"Ready to trade {time.monotonic() - begun:.1f} s after the start. Stop with Ctrl-C.")
