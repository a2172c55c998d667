"""The processes that one command starts: their names, and the one they come from."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.e2e.server import PATIENCE, command, serving, until
from tests.e2e.talk import talking

FORK_SERVER = "hugmood: fork server"
NAMES = ("write", "check", "read", "graphql")


def alive(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text("utf-8")
    except FileNotFoundError:
        return False


async def test_names(tmp_path: Path, database_url: str) -> None:
    """Lists of processes tell which is which; what one is configured by is not shown."""
    secret = "not-to-be-seen-by-others-at-any-rate"
    with serving(tmp_path, database_url, graphql="on", secret_key=secret) as service:
        await service.ready()
        await until(lambda: bool(service.logged("graphql ready")))
        pids = [service.titled(f"hugmood: {name}") for name in NAMES]
        pids.append(service.titled(FORK_SERVER))
        assert 6 == len({*pids, service.process.pid})
        assert not any(secret in word for pid in pids for word in command(pid))


async def test_who_logs(tmp_path: Path, database_url: str) -> None:
    """A line says which module it is from, compiled or not."""
    with serving(tmp_path, database_url) as service:
        await service.ready()
        async with talking(service) as talk:
            await talk.be_guest()
        await until(lambda: bool(service.logged("connection closed")))
        names = {
            line["event"]: line["logger"]
            for line in service.log_lines
            if line["event"] in ("engine process ready", "connection closed")
        }
        assert names == {
            "engine process ready": "hugmood.engine.link",
            "connection closed": "hugmood.gateway.peer",
        }


async def test_fork_server_dies(tmp_path: Path, database_url: str) -> None:
    """Those that came from it work on; what dies after that is started again all the same."""
    with serving(tmp_path, database_url) as service:
        await service.ready()
        async with talking(service) as talk:
            await talk.be_guest()
            first, writer = service.titled(FORK_SERVER), service.engine("write")
            os.kill(first, signal.SIGKILL)
            await until(lambda: not alive(first))
            reply = await talk.request("mood_update", {"mood": "happy", "intensity": 0.5})
            assert reply["data"]["success"]
            assert ([], writer) == (
                service.logged("engine process died"),
                service.engine("write"),
            )
            service.kill_engine("write")
            reply = await talk.request("mood_update", {"mood": "calm", "intensity": 0.5})
            assert reply["data"]["success"]
            assert first != service.titled(FORK_SERVER)
            history = await talk.request("fetch", {"dataType": "mood_history"})
            assert ["calm", "happy"] == [item["mood"] for item in history["data"]["items"]]
        assert 0 == await service.terminate()
        await until(lambda: service.gone)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
async def test_signal_to_all(tmp_path: Path, database_url: str, number: signal.Signals) -> None:
    """Ctrl-C and service managers signal the whole group: it drains as if one had been told."""
    with serving(tmp_path, database_url) as service:
        await service.ready()
        async with talking(service) as talk:
            await talk.be_guest()
            os.killpg(service.process.pid, number)
            messages, code = await talk.closed()
        assert ("server_shutdown", 1001) == (messages[-1]["data"]["code"], code)
        assert 0 == await asyncio.to_thread(service.process.wait, PATIENCE)
        await until(lambda: service.gone)
        assert [] == service.logged("engine process died")
        assert "Traceback" not in service.log
