"""The log of SQLite's streams is compacted in steps as small as will do."""

from typing import Final

import pytest

from hugmood.store.backlog import BACKLOG_LIMIT, CHUNK, CHUNK_ROWS, LEAST, Backlog

CROWD: Final = 10_000


class Log:
    """The log as a database has it: how many each of its rows told, the oldest first."""

    def __init__(self) -> None:
        self.backlog = Backlog()
        self._rows: list[int] = []
        self._leaving = 0
        self._told = 0

    def append(self, recipients: int) -> None:
        """Tell so many people something, each in turn."""
        self._told += recipients
        users = [key % CROWD for key in range(self._told - recipients, self._told)]
        self._rows.append(recipients)
        self.backlog.add(len(self._rows), users, 0)

    def step(self) -> None:
        """Move some users' deliveries, or drop some rows."""
        log = self.backlog
        if log.cycle is None:
            self._leaving = len(self._rows)
        found = log.begin(0, dict.fromkeys(range(CROWD), 0))
        users = found.chunk(log.part)
        if users:
            log.moved(users)
        else:
            rows = min(log.rows, self._leaving)
            dropped, self._rows = self._rows[:rows], self._rows[rows:]
            self._leaving -= rows
            log.dropped(sum(dropped), last=not self._leaving)


@pytest.mark.parametrize(
    ("owed", "part"),
    [(0, LEAST), (CHUNK, LEAST), (8 * CHUNK, 0.5), (16 * CHUNK, 1.0), (1000 * CHUNK, 1.0)],
)
def test_part(owed: int, part: float) -> None:
    """A step is the least while that keeps up, then grows with what is owed, up to a chunk."""
    log = Backlog()
    log.owed = owed
    assert (log.part, log.rows) == (part, part * CHUNK_ROWS)


@pytest.mark.parametrize(
    ("recipients", "moods", "batches", "part"),
    [
        pytest.param(CROWD, 1, 25, 0.4, id="one for a crowd now and then"),
        pytest.param(11, 256, 1, 1.0, id="many for few"),
        pytest.param(101, 256, 1, 1.0, id="many for many"),
    ],
)
def test_keeps_up(recipients: int, moods: int, batches: int, part: float) -> None:
    """Whatever comes, the log stays within bounds, by steps no larger than need be."""
    log = Log()
    largest = 0.0
    for _ in range(100):
        for _ in range(moods):
            log.append(recipients)
        for _ in range(batches):
            for _ in range(log.backlog.steps_owed):
                largest = max(largest, log.backlog.part)
                log.step()
    assert log.backlog.size < 2.5 * BACKLOG_LIMIT
    assert LEAST <= largest <= part
