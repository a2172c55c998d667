"""PostgreSQL: one statement for what would be one for each user, or for each row.

A round trip costs more than the statement it is made for. So what is asked of one user is
asked of the next few as well, and rows are inserted many at a time.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from math import inf
from typing import Any, Final, NamedTuple

import msgspec

from hugmood.store.database import Params, Row, Subject, about

MOST_ROWS: Final = 100
"""Of one user that are read ahead; who has more is asked for when the turn comes."""
MOST_AT_ONCE: Final = 5_000
"""Rows in one statement."""

_AHEAD: Final = 16
"""So many users are asked ahead for each that was served since something was written."""
_WAVE: Final = 64
"""So many at once where it is known what will be asked: the server looks while we work."""
_INSERT: Final = re.compile(
    r"\s*INSERT INTO (?P<table>\w+)\s+\((?P<columns>[\w\s,]+)\)"
    r"\s*VALUES \((?P<params>[:\w\s,]+)\)\s*(?P<rest>|ON CONFLICT .*)",
    re.DOTALL,
)
_TURNED: Final = """
    SELECT asked.*, found.* FROM unnest({arrays}) AS asked ({keys})
    CROSS JOIN LATERAL ({sql} {limit}) AS found
"""


class Habits:
    """What commands of a kind asked last, and how many wrote nothing else; kept by a connection."""

    def __init__(self) -> None:
        """Know none."""
        self.asked: dict[str, list[str]] = {}
        self.served = 0


class _Wave:
    """What a statement tells of some subjects, once somebody wants to know."""

    __slots__ = ("_answer", "_found", "_most", "_subjects")

    def __init__(
        self, answer: Callable[[], list[Row]], subjects: Sequence[Subject], most: float
    ) -> None:
        self._answer = answer
        self._subjects = subjects
        self._most = most
        self._found: dict[Subject, list[Row]] | None = None

    def of(self, subject: Subject) -> list[Row] | None:
        """Return the rows of one of them; None where there are too many."""
        if self._found is None:
            self._found = {subject: [] for subject in self._subjects}
            for row in self._answer():
                if isinstance(subject, tuple):
                    self._found[row[0], row[1]].append(row[2:])
                else:
                    self._found[row[0]].append(row[1:])
        rows = self._found[subject]
        return rows if len(rows) <= self._most else None


Ask = Callable[[Sequence[Subject], str, Params], Callable[[], list[Row]]]
"""Sends a question about some subjects, and returns a way to wait for the answer."""
_Told = list[Row] | _Wave | None


class ReadAhead:
    """What statements tell of users: of those already served, and of those to come."""

    def __init__(self, ask: Ask, sync: Callable[[], None], habits: Habits) -> None:
        """Send questions by `ask`; `sync` has them answered while others are handled."""
        self._ask = ask
        self._sync = sync
        self._habits = habits
        self._known: dict[str, dict[Subject, _Told]] = {}
        self._about: dict[str, list[dict[Subject, _Told]]] = {}
        self._next: Sequence[int] = ()
        self._kind = ""
        self._asking: dict[str, None] = {}
        self._beyond: dict[str, int] = {}
        """Of how many to come, by the kind of their command, nothing was asked yet."""

    @property
    def expecting(self) -> bool:
        """Tell whether anybody is known to come."""
        return bool(self._next)

    def expect(self, users: Sequence[int], kind: str) -> None:
        """Note who comes next; see `Transaction`."""
        if self._asking:
            self._habits.asked[self._kind] = list(self._asking)
            self._asking = {}
        self._next, self._kind = users, kind
        self._habits.served += 1
        if self._habits.served > _WAVE and kind in self._habits.asked:
            self._ask_usual(users, kind)

    def _ask_usual(self, users: Sequence[int], kind: str) -> None:
        """Ask what such commands ask, of the next wave, while there are some of the last."""
        beyond = min(self._beyond.get(kind, len(users)), len(users))
        ahead = len(users) - beyond
        if beyond and ahead <= _WAVE // 2:
            self._beyond[kind] = max(0, beyond - _WAVE)
            for sql in self._habits.asked[kind]:
                self.ask(users[ahead : ahead + _WAVE], sql)
            self._sync()

    def rows_of(self, subject: Subject, sql: str) -> list[Row]:
        """Return what the statement tells of this user, or of these two."""
        known = self._of(sql)
        if self._next and subject == self._next[0]:
            self._asking[sql] = None
            if subject not in known:
                self.ask(self._next[: _AHEAD * (1 + self._habits.served)], sql)
        rows = known.get(subject)
        if isinstance(rows, _Wave):
            rows = known[subject] = rows.of(subject)
        if rows is None:
            rows = known[subject] = self._ask([subject], sql, about(subject))()
        return rows

    def ask(self, subjects: Sequence[Subject], sql: str) -> None:
        """Have an answer ready for each of these."""
        known = self._of(sql)
        unknown = [subject for subject in dict.fromkeys(subjects) if subject not in known]
        if unknown:
            kind = _kind(unknown[0])
            answer = self._ask(unknown, _turned(sql, kind), kind.params(unknown))
            most = inf if _is_limited(sql) else MOST_ROWS
            known |= dict.fromkeys(unknown, _Wave(answer, unknown, most))

    def forget(self) -> None:
        """Ask again: something was written that may be about anybody."""
        self._known.clear()
        self._about.clear()
        self._beyond.clear()
        if self._next:  # it was a command that wrote
            self._habits.served = 0

    def forget_table(self, table: str) -> None:
        """Ask again what is in this table: rows were added."""
        for known in self._that_tell_of(table):
            known.clear()

    def forget_user(self, user: int, table: str) -> None:
        """Ask again what of this user is in this table: a row was added."""
        for known in self._that_tell_of(table):
            known.pop(user, None)
            if isinstance(next(iter(known), None), tuple):
                known.clear()

    def _of(self, sql: str) -> dict[Subject, _Told]:
        known = self._known.get(sql)
        if known is None:
            known = self._known[sql] = {}
            self._about.clear()
        return known

    def _that_tell_of(self, table: str) -> list[dict[Subject, _Told]]:
        those = self._about.get(table)
        if those is None:
            those = [known for sql, known in self._known.items() if tells_of(table, sql)]
            self._about[table] = those
        return those


class _Kind(NamedTuple):
    """How subjects of one kind are told to a statement: parameters, and their type."""

    names: tuple[str, ...]
    type: str = "bigint"

    def params(self, subjects: Sequence[Any]) -> Params:
        """Write one array for each name."""
        columns = [subjects] if len(self.names) == 1 else list(zip(*subjects, strict=True))
        given = columns if self.type == "text" else map(array, columns)
        return dict(zip(self.names, given, strict=True))


_KEYS: Final = _Kind(("user",))
_IDS: Final = _Kind(("user",), "text")
_PAIRS: Final = _Kind(("one", "other"))


def _kind(subject: Subject) -> _Kind:
    if isinstance(subject, tuple):
        return _PAIRS
    return _IDS if isinstance(subject, str) else _KEYS


@lru_cache(maxsize=1024)
def _turned(sql: str, kind: _Kind) -> str:
    """Turn a statement about one subject into one about many, each in its own order."""
    for name in kind.names:
        sql = re.sub(rf":{name}\b", f"asked.{name}_key", sql)
    return _TURNED.format(
        arrays=", ".join(f":{name}::{kind.type}[]" for name in kind.names),
        keys=", ".join(f"{name}_key" for name in kind.names),
        sql=sql,
        limit="" if _is_limited(sql) else f"LIMIT {MOST_ROWS + 1}",
    )


@lru_cache(maxsize=8192)
def tells_of(table: str, sql: str) -> bool:
    """Tell whether a statement may say what is in a table: it names it."""
    return re.search(rf"\b{table}\b", sql) is not None


def _is_limited(sql: str) -> bool:
    """Tell whether a statement says itself how many rows it returns at most."""
    return " LIMIT " in sql


class Insertion(NamedTuple):
    """An INSERT of one row: where, and which parameter is which column."""

    table: str
    columns: tuple[str, ...]
    params: tuple[str, ...]
    rest: str

    @classmethod
    def read(cls, sql: str) -> "Insertion | None":
        """Take the statement apart; None where it is another kind."""
        found = _INSERT.fullmatch(sql)
        if found is None:
            return None
        columns = tuple(name.strip() for name in found["columns"].split(","))
        params = [name.strip() for name in found["params"].split(",")]
        if len(columns) != len(params) or not all(name.startswith(":") for name in params):
            return None
        return cls(found["table"], columns, tuple(name[1:] for name in params), found["rest"])

    @property
    def may_repeat(self) -> bool:
        """Tell whether two rows may be about the same thing: an update takes each once."""
        return "DO UPDATE" not in self.rest

    def sql(self, types: Mapping[str, str]) -> str:
        """Write it for many rows, which are one parameter, `:rows`; `types` are the columns'."""
        typed = ", ".join(f"{column} {types[column]}" for column in self.columns)
        return (
            f"INSERT INTO {self.table} ({', '.join(self.columns)})"
            f" SELECT * FROM json_to_recordset(:rows::json) AS given ({typed}) {self.rest}"
        )

    def rows(self, rows: Iterable[Params]) -> str:
        """Write the parameter: as JSON, which is encoded in a tenth of the time of arrays."""
        named = tuple(zip(self.columns, self.params, strict=True))
        given = [
            {
                column: f"\\x{value.hex()}" if isinstance(value, bytes) else value
                for column, param in named
                if (value := row[param]) is not None  # NULL is what is left out
            }
            for row in rows
        ]
        return msgspec.json.encode(given, enc_hook=_plain).decode()


def array(numbers: Iterable[object]) -> str:
    """Write a parameter that is cast to an array of integers."""
    return f"{{{','.join(map(str, numbers))}}}"


def _plain(value: object) -> int:
    """Encode kinds of numbers of our own, such as `Instant`."""
    if isinstance(value, int):
        return int(value)
    raise TypeError(type(value))
