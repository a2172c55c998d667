"""A fake server, and clients that are in a hurry."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from hugmood.client import Client, Timing, connect
from tests.client.fake_server import FakeServer

FAST = Timing(backoff=0.01, backoff_cap=0.05, close=1.0)
DEADLINE = 20.0

Joining = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """No test waits for ever."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = _with_deadline(item.obj)


def _with_deadline(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def run(*args: object, **kwargs: object) -> None:
        async with asyncio.timeout(DEADLINE):
            await test(*args, **kwargs)

    return run


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """A fake server that listens, and knows one account's token and password."""
    fake = FakeServer(tokens={"token-0": "user-1"}, passwords={"jo@example.com": "correct horse"})
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def join(server: FakeServer) -> Joining:
    """Connect to the fake server, as `user-1` unless told otherwise."""

    def open_client(**options: Any) -> AbstractAsyncContextManager[Client]:  # noqa: ANN401
        others = {"credentials", "guest", "register", "token"}
        token = None if others & set(options) else "token-0"
        return connect(server.url, **{"token": token, "timing": FAST, **options})

    return open_client
