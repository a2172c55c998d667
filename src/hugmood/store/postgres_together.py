"""PostgreSQL: one statement for what would be one for each user, or for each row.

A round trip costs more than the statement it is made for. So what is asked of one user is
asked of the next few as well, and rows are inserted many at a time.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from hugmood.store.database import Params, Row, UserKey

MOST_ROWS: Final = 100
"""Of one user that are read ahead; who has more is asked for when the turn comes."""
MOST_AT_ONCE: Final = 5_000
"""Rows in one statement."""

_AHEAD: Final = 16
"""So many users are asked ahead for each that was served since something was written."""
_INSERT: Final = re.compile(
    r"\s*INSERT INTO (?P<table>\w+) \((?P<columns>[\w\s,]+)\)"
    r"\s*VALUES \((?P<params>[:\w\s,]+)\)\s*(?P<rest>|ON CONFLICT .*)",
    re.DOTALL,
)
_TURNED: Final = """
    SELECT asked.user_key, found.* FROM unnest(:users::{kind}[]) AS asked (user_key)
    CROSS JOIN LATERAL ({sql} {limit}) AS found
"""


class ReadAhead:
    """What statements tell of users: of those already served, and of those to come."""

    def __init__(self, fetch: Callable[[str, Params], list[Row]]) -> None:
        """Ask by `fetch`."""
        self._fetch = fetch
        self._known: dict[str, dict[UserKey, list[Row] | None]] = {}
        self._next: Sequence[int] = ()
        self._served = 0

    @property
    def expecting(self) -> bool:
        """Tell whether anybody is known to come."""
        return bool(self._next)

    def expect(self, users: Sequence[int]) -> None:
        """Note who comes next; see `Transaction`."""
        self._next = users
        self._served += 1

    def rows_of(self, user: UserKey, sql: str) -> list[Row]:
        """Return what the statement tells of this user."""
        known = self._known.setdefault(sql, {})
        if user not in known and self._next and user == self._next[0]:
            self.ask(self._next[: _AHEAD * (1 + self._served)], sql)
        rows = known.get(user)
        if rows is None:
            rows = known[user] = self._fetch(sql, {"user": user})
        return rows

    def ask(self, users: Sequence[UserKey], sql: str) -> None:
        """Have an answer ready for each of these users."""
        known = self._known.setdefault(sql, {})
        unknown = [user for user in users if user not in known]
        if unknown:
            known |= self._asked(sql, unknown)

    def forget(self) -> None:
        """Ask again: something was written that may be about anybody."""
        self._known.clear()
        self._served = 0

    def forget_user(self, user: int, table: str) -> None:
        """Ask again what of this user is in this table: a row was added."""
        for sql, known in self._known.items():
            if table in sql:  # in the name of another, too: that costs a question, no more
                known.pop(user, None)

    def _asked(self, sql: str, users: Sequence[UserKey]) -> dict[UserKey, list[Row] | None]:
        """Ask for all of them at once; None for those of whom there is too much."""
        found: dict[UserKey, list[Row]] = {user: [] for user in users}
        kind = "text" if isinstance(users[0], str) else "bigint"
        given = list(found) if kind == "text" else array(found)
        for user, *row in self._fetch(_turned(sql, kind), {"users": given}):
            found[user].append(tuple(row))
        return {user: rows if len(rows) <= MOST_ROWS else None for user, rows in found.items()}


def _turned(sql: str, kind: str) -> str:
    """Turn a statement about one user into one about many, each in its own order."""
    limit = "" if " LIMIT " in sql else f"LIMIT {MOST_ROWS + 1}"
    return _TURNED.format(kind=kind, sql=sql.replace(":user", "asked.user_key"), limit=limit)


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
        values = ([_in_json(row[param]) for param in self.params] for row in rows)
        given = [dict(zip(self.columns, row, strict=True)) for row in values]
        return msgspec.json.encode(given, enc_hook=_plain).decode()


def array(numbers: Iterable[object]) -> str:
    """Write a parameter that is cast to an array of integers."""
    return f"{{{','.join(map(str, numbers))}}}"


def _in_json(value: object) -> object:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value


def _plain(value: object) -> int:
    """Encode kinds of numbers of our own, such as `Instant`."""
    if isinstance(value, int):
        return int(value)
    raise TypeError(type(value))
