"""Telling tasks that something changed, and running several until one ends."""

import asyncio
from collections.abc import Coroutine


class Bell:
    """Wakes all that wait for it; who comes later waits for the next ring."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody."""
        self._event.set()
        self._event = asyncio.Event()

    async def heard(self, seconds: float | None = None) -> None:
        """Wait for the next ring, or for so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return


async def race(*works: Coroutine[None, None, None]) -> None:
    """Run these side by side until one ends or fails; raises what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
