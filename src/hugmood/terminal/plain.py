"""Lines from a pipe, a file or a terminal, without any editing."""

import asyncio
import os
from collections.abc import AsyncGenerator

_CHUNK = 1 << 16


async def piped(descriptor: int) -> AsyncGenerator[str, None]:
    """Yield lines as they come, until the other end closes."""
    rest = b""
    while chunk := await _read(descriptor):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")


def read_line(descriptor: int) -> str:
    """Read one line and no more, so that what follows is there for `piped`."""
    line = b""
    while (byte := os.read(descriptor, 1)) not in {b"", b"\n"}:
        line += byte
    return line.decode(errors="replace")


async def _read(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    try:
        loop.add_reader(descriptor, _resolve, ready)
    except PermissionError:
        return os.read(descriptor, _CHUNK)  # a regular file, which never keeps one waiting
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _CHUNK)


def _resolve(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
