"""Whole conversations: through pipes, through a prompt, and across a restart."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from hugmood.ambient import System
from hugmood.client import SessionEnded
from hugmood.terminal.conversation import Conversation
from hugmood.terminal.plain import piped, read_line
from hugmood.terminal.screen import typed
from hugmood.terminal.session import PIPED, TYPED, Pace, Wish, _leave, converse, run
from tests.client.conftest import Joining
from tests.client.fake_server import Ask, FakeServer, Peer, eventually
from tests.terminal.conftest import Shown, said, talk

COMMAND = "import typer; from hugmood.terminal.command import client; typer.run(client)"


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """A descriptor to read from, and a way to write to it."""
    source, target = os.pipe()
    with os.fdopen(source), os.fdopen(target, "w", buffering=1) as writer:
        yield source, writer


async def test_a_pipe_gets_everything_done(join: Joining, server: FakeServer, shown: Shown) -> None:
    """One after the other, and waits for the last answer."""
    async with join() as hug:
        await talk(hug, shown, "/mood hapy", "/mood happy 0.8 sun", "/hug jane smith warm Hi")
    assert [
        "! There is no mood hapy: do you mean happy? Usage: /mood WORD [0 to 1] [NOTE] [--public]",
        "✓ Kept, only you see it. 1 day in a row",
        "✓ You hugged Jane Smith, who is here",
    ] == shown
    mood, hugged = server.effects
    assert ("happy", "sun") == (mood.data["mood"], mood.data["note"])
    assert {"recipientId": "user-2", "hugType": "warm", "message": "Hi"} == hugged.data


@pytest.mark.parametrize("line", ["/followers", "/following", "/history", "/hugs", "/me", "/moods"])
async def test_questions_are_answered(join: Joining, shown: Shown, line: str) -> None:
    """With lines, however few."""
    async with join() as hug:
        await talk(hug, shown, line)
    assert shown
    assert not [one for one in shown if one.startswith("!")]


async def test_help_lists_every_command(join: Joining, shown: Shown) -> None:
    """Each with what it takes."""
    async with join() as hug:
        await talk(hug, shown, "/help")
    assert "/hug" in "".join(shown)


async def test_what_happens_is_shown(join: Joining, server: FakeServer, shown: Shown) -> None:
    """While one says nothing."""
    async with join() as hug:
        conversation = Conversation(hug, shown, System())
        talking = asyncio.create_task(converse(conversation, _silence(), TYPED))
        await server.hug("Hello")
        await eventually(lambda: "🤗 Jane Smith hugs you, supportive: Hello" in shown)
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


async def _silence() -> AsyncGenerator[str, None]:
    await asyncio.Event().wait()
    yield ""


async def test_a_refusal_is_one_line(join: Joining, server: FakeServer, shown: Shown) -> None:
    """And the conversation goes on."""
    async with join() as hug:
        conversation = Conversation(hug, shown, System())

        async def lines() -> AsyncGenerator[str, None]:
            server.refusals = [{"code": "not_found", "message": "x"}]
            yield "/follow user-9"
            yield "/mood calm"

        await converse(conversation, lines(), PIPED)
    assert [
        "! There is no such person or thing",
        "✓ Kept, only you see it. 1 day in a row",
    ] == shown


async def test_a_name_that_cannot_be_had_is_no_failure(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """What was asked for has worked."""

    async def refuse(_: Peer, ask: Ask) -> None:
        if ask.data.get("dataType") == "following" and ask.data.get("limit") == 1:
            server.refusals = [{"code": "rate_limited", "message": "x"}]

    server.on_ask = refuse
    async with join() as hug:
        await talk(hug, shown, "/follow user-123456")
    assert ["✓ You follow …123456"] == shown


async def test_what_waits_is_learnt_however_late_the_answers(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """The first question gets no answer in time, and is asked again."""
    server.silent.add("fetch")

    async def lines() -> AsyncGenerator[str, None]:
        await eventually(lambda: len(server.asked("fetch")) == 2)
        server.silent.clear()
        await eventually(lambda: "· 3 unread: /notifications" in shown)
        yield ""

    server.answers["notifications"] = {"totalCount": 0, "items": [], "unreadCount": 3}
    async with join(request_timeout=0.1) as hug:
        await converse(Conversation(hug, shown, System()), lines(), TYPED)


async def test_a_restart_of_the_server_loses_nothing(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """What is said meanwhile waits, what happens meanwhile comes after."""
    async with join() as hug:
        conversation = Conversation(hug, shown, System())

        async def lines() -> AsyncGenerator[str, None]:
            await server.stop()
            await eventually(lambda: not hug.connected)
            yield "/hug user-2 warm Still here"
            await eventually(lambda: hug.waiting == 1)
            await server.hug("Me too")
            await server.start()
            await eventually(lambda: len(shown) == 3)

        await converse(conversation, lines(), TYPED)
    assert "· Not connected: it waits, and goes out as soon as there is one" == shown[0]
    assert {
        "🤗 Jane Smith hugs you, supportive: Me too",
        "✓ You hugged Jane Smith, who is here",
    } == {*shown[1:]}
    assert ["Still here"] == [ask.data["message"] for ask in server.effects]


async def test_the_end_of_the_session_ends_the_conversation(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """Whoever was asked at a prompt must not go on typing into nothing."""
    async with join() as hug:
        conversation = Conversation(hug, shown, System())
        talking = asyncio.create_task(converse(conversation, _silence(), TYPED))
        await asyncio.sleep(0)
        await server.dismiss("session_revoked", 4401)
        with pytest.raises(SessionEnded):
            await talking


async def test_lost_history_is_learnt_afresh(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """Numbers and names may have changed meanwhile."""

    def asks() -> list[str]:
        return [ask.data["dataType"] for ask in server.asked("fetch")]

    async def lines() -> AsyncGenerator[str, None]:
        await eventually(lambda: asks().count("mood_catalog") == 2)
        yield ""

    async with join(position=99) as hug:
        await converse(Conversation(hug, shown, System()), lines(), TYPED)
    assert "! Some of what happened is no longer kept: see /history, /hugs" in shown


async def test_ones_own_moods_are_ones_own(join: Joining, server: FakeServer, shown: Shown) -> None:
    """They come back as events, from other devices too."""
    async with join() as hug:
        talking = asyncio.create_task(
            converse(Conversation(hug, shown, System()), _silence(), TYPED)
        )
        await server.emit(
            "mood_changed",
            {
                "userId": "user-1",
                "moodId": "mood-1",
                "mood": "calm",
                "intensity": 1,
                "isPublic": False,
                "timestamp": "2023-08-25T15:30:00.000Z",
            },
        )
        await eventually(lambda: shown == ["you feel calm ●●●●● 1 (private)"])
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


async def test_whoever_leaves_waits_for_nothing(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """What is not answered stays queued."""
    server.silent.add("send_hug")
    async with join() as hug:
        conversation = Conversation(hug, shown, System())
        await converse(conversation, said("/hug user-2"), TYPED)
        assert (1, set()) == (hug.waiting, conversation._tasks)
        server.silent.clear()
        server.cut()


async def test_logging_out_is_left_to_the_end(join: Joining, shown: Shown) -> None:
    """The conversation ends, and says that it is to be for good."""
    async with join() as hug:
        conversation = Conversation(hug, shown, System())
        await converse(conversation, said("/logout", "/mood happy"), Pace(0, 0))
        assert (True, True, 0) == (conversation.over, conversation.logging_out, hug.waiting)


async def test_lines_come_through_a_pipe(pipe: tuple[int, TextIO]) -> None:
    """Whole ones, also where they come in pieces."""
    source, writer = pipe
    writer.write("secret\none\ntw")
    writer.flush()
    assert "secret" == read_line(source)
    lines = piped(source)
    assert "one" == await anext(lines)
    two = asyncio.create_task(lines.__anext__())
    await asyncio.sleep(0)
    writer.write("o\n")
    assert "two" == await two
    await lines.aclose()


async def test_lines_come_from_a_file(tmp_path: Path) -> None:
    """Which no event loop can wait for; the last line may have no end."""
    file = tmp_path / "lines"
    file.write_text("one\ntwo")
    with file.open() as source:
        assert ["one", "two"] == [line async for line in piped(source.fileno())]


@contextmanager
def keyboard() -> Iterator[PipeInput]:
    """A terminal without a screen."""
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        yield keys


async def test_a_line_can_be_typed_while_others_talk(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """With Tab for the rest of a word, and Ctrl-D at the end."""
    with keyboard() as keys:
        async with join() as hug:
            conversation = Conversation(hug, shown, System())
            lines = typed(conversation.known, lambda: "connected")
            talking = asyncio.create_task(converse(conversation, lines, TYPED))
            await eventually(conversation.known.people.names)
            keys.send_text("/hug ja")
            await server.hug("Hello")
            await eventually(lambda: len(shown) == 1)
            keys.send_text("\t")
            await asyncio.sleep(0.1)
            keys.send_text("warm Hello to you\r")
            await eventually(lambda: len(shown) == 2)
            keys.send_text("\x04")
            await talking
    (hugged,) = server.effects
    assert {"recipientId": "user-2", "hugType": "warm", "message": "Hello to you"} == hugged.data


@pytest.fixture
def command(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Awaitable[int]]:
    """Run the client with these lines as its standard input; returns the exit status."""

    async def run_with(text: str, **wish: str | None) -> int:
        source, target = os.pipe()
        os.write(target, text.encode())
        os.close(target)
        with os.fdopen(source) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            wishes = Wish(server.url, state=tmp_path / "state", plain=True, **wish)
            return await asyncio.to_thread(run, wishes)

    return run_with


async def test_a_guest_comes_back_without_being_told(
    server: FakeServer,
    command: Callable[..., Awaitable[int]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The state file says who it was; logging out ends that."""
    assert 0 == await command("/mood happy 0.8\n", guest="Robin")
    assert "✓ Kept" in capsys.readouterr().out
    assert 0 == await command("/logout\n")
    assert ["anonymous"] * 2 == [ask.data["method"] for ask in server.asked("auth")]
    assert {"reason": "user_logout"} == server.asks[-1].data
    assert not (tmp_path / "state").exists()


async def test_a_password_comes_from_the_pipe(
    command: Callable[..., Awaitable[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    """As its first line: as an argument, others could see it."""
    assert 0 == await command("correct horse\n/me\n", email="jo@example.com")
    assert "you are   user-jo@example.com" in capsys.readouterr().out


async def test_a_wrong_password_may_be_given_again(
    server: FakeServer,
    command: Callable[..., Awaitable[int]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """But not for ever."""
    assert 0 == await command("wrong\ncorrect horse\n", email="jo@example.com")
    assert "No\n" == capsys.readouterr().err


async def test_an_account_can_be_opened(
    server: FakeServer, command: Callable[..., Awaitable[int]]
) -> None:
    """With a name, which others see."""
    assert 0 == await command("a long password\n", register="al@example.com", name="Al")
    assert "Al" == server.asked("auth")[0].data["name"]


async def test_someone_must_be_given(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When nobody was here before."""
    monkeypatch.setattr("hugmood.terminal.session.newest_state_file", lambda _: None)
    assert 1 == run(Wish(server.url))
    assert "hugmood: Say who you are" in capsys.readouterr().err


def test_what_is_left_behind_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is in the state file, which then stays."""
    state = tmp_path / "state"
    state.touch()
    assert 1 == _leave(Wish("", plain=True), state, 2, logged_out=True)
    assert f"2 not sent; kept in {state}" in capsys.readouterr().err
    assert state.exists()


async def test_it_is_a_command(server: FakeServer, tmp_path: Path) -> None:
    """With options of its own, and an output for other programs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMAND, "--url", server.url, "--plain",
        "--guest", "Robin", "--state", str(tmp_path / "state"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"},
    )  # fmt: skip
    output, _ = await process.communicate(b"/mood happy 0.8\n")
    assert 0 == process.returncode
    assert "✓ Kept, only you see it. 1 day in a row\n" in output.decode()
