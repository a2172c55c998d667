import errno
import os
import stat
from io import FileIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from hugmood.client import journal as module
from hugmood.client.errors import StateError
from hugmood.client.journal import (
    Account,
    Finished,
    Journal,
    Kept,
    Position,
    Queued,
    Record,
    Token,
    fold,
)
from hugmood.client.outbox import Entry

ids = st.sampled_from(["a", "b", "c"])
records: st.SearchStrategy[Record] = st.one_of(
    st.builds(Account, st.just("ws://x/ws"), ids),
    st.builds(Token, st.none() | ids),
    st.builds(Position, st.none() | st.integers(0, 9)),
    st.builds(Queued, ids, st.just("send_hug"), st.just(Raw(b'{"a":"\\n"}')), st.integers(0, 9)),
    st.builds(Finished, ids),
)


def lines(some: list[Record]) -> bytes:
    """The file that these make."""
    return b"".join(module._encode(record) + b"\n" for record in some)


@settings(deadline=None)
@given(st.lists(records), st.integers(0, 60))
def test_a_torn_last_line_is_all_that_is_lost(some: list[Record], cut: int) -> None:
    """A crash may leave half a line, and must leave everything before it."""
    kept = Kept()
    for record in some[:-1]:
        kept.take(record)
    last = lines(some[-1:])
    assert kept == fold(lines(some[:-1]) + last[: min(cut, max(0, len(last) - 1))])


@settings(deadline=None)
@given(st.lists(records))
def test_compacting_changes_nothing(some: list[Record]) -> None:
    """The fewest records come to the same."""
    kept = fold(lines(some))
    assert kept == fold(lines(kept.records()))


@pytest.mark.parametrize("text", [b"{}\n", b"nonsense\n", b'{"is":"position"}\n', b"\xff\n"])
def test_damage_is_reported(text: bytes) -> None:
    """Rather than going on with half of it."""
    with pytest.raises(StateError, match="line 1"):
        fold(text)


def test_it_is_all_there_the_next_time(tmp_path: Path) -> None:
    """In the order in which it was queued."""
    path = tmp_path / "state"
    journal = Journal(path)
    journal.account("ws://x/ws", "user-1", None)
    journal.token("secret")
    for name in "abc":
        journal.queued(Entry(name, "send_hug", b'{"to":"user-2"}', 7))
    journal.position(41)
    journal.position(42)
    journal.finished("b")
    kept = journal.kept
    journal.close()
    again = Journal(path)
    assert kept == again.kept
    assert ["a", "c"] == [entry.id for entry in again.entries()]
    again.close()


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It holds a token, and what was written to friends."""
    path = tmp_path / "deep" / "state"
    Journal(path).close()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)
    path.chmod(0o644)
    Journal(path).close()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_it_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And stays locked while it is written anew."""
    monkeypatch.setattr(module, "_COMPACT_BYTES", 500)
    path = tmp_path / "state"
    journal = Journal(path)
    for number in range(200):
        journal.position(number)
    assert path.stat().st_size < 1000
    with pytest.raises(StateError, match="another client"):
        Journal(path)
    journal.close()
    assert ["state"] == [file.name for file in tmp_path.iterdir()]
    again = Journal(path)
    assert 199 == again.kept.position
    again.close()


class Full:
    """A file on a disk with room for three more bytes."""

    def __init__(self, file: FileIO | None) -> None:
        assert file
        self._file = file

    def write(self, line: bytes) -> int:
        """Write what fits."""
        return self._file.write(line[:3])

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def test_a_full_disk_spoils_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a line in the middle would be damage: it is taken back."""
    path = tmp_path / "state"
    journal = Journal(path)
    journal.position(1)
    with monkeypatch.context() as full:
        full.setattr(journal, "_file", Full(journal._file))
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            journal.position(2)
    journal.position(3)
    journal.close()
    again = Journal(path)
    assert 3 == again.kept.position
    again.close()


def test_without_a_file_it_remembers_nothing_for_long() -> None:
    """But works all the same."""
    journal = Journal(None)
    journal.queued(Entry("a", "send_hug", b"{}", 7))
    journal.finished("a")
    assert [] == journal.entries()
    journal.close()
