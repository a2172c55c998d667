"""Statements on their way to PostgreSQL: sent at once, waited for only where it must be.

psycopg connects, and turns values into PostgreSQL's and back. Its cursors are not used: one
statement takes them some 100 us of Python, 30 here; and nothing else can be done meanwhile.
"""

import re
from collections import OrderedDict, deque
from contextlib import suppress
from functools import lru_cache
from itertools import count
from select import POLLIN, POLLOUT, poll
from typing import Any, Final

import psycopg
from psycopg import errors, pq
from psycopg.adapt import PyFormat, Transformer

from hugmood.store.database import NO_PARAMS, Params, Row

_NAMED: Final = re.compile(r"(?<!:):([a-z_][a-z_0-9]*)")
_MOST_COUNTED: Final = 1000
"""Statements of which is known how often they were sent."""

_Kind = tuple[str, tuple[int, ...]]
"""A statement and the types of its parameters: what one prepared statement serves."""


@lru_cache(maxsize=1024)
def _placed(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """Write `:name` as `$1`, the same for the same; casts (`::text`) stay."""
    names: dict[str, int] = {}
    text = _NAMED.sub(lambda found: f"${names.setdefault(found[1], len(names) + 1)}", sql)
    return text.encode(), tuple(names)


class Sent:
    """A statement on its way; `result` is there once the server has done it."""

    __slots__ = ("result",)

    def __init__(self) -> None:
        """Have no result yet."""
        self.result: pq.abc.PGresult | None = None


_SYNC: Final = Sent()
"""Where the server, after an error, goes on with what comes next."""


class Pipeline:
    """What was sent over one connection, in order.

    After a statement failed the server does none of those sent before the next wait, not
    even a `COMMIT`; and whoever waits for any of them is told of the first that failed.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Take over a connection, on which nothing else may be run from now on."""
        self._connection = connection
        self._pgconn = connection.pgconn
        self._pgconn.enter_pipeline_mode()
        self._transformer = Transformer(connection)
        self._unanswered: deque[Sent] = deque()
        self._failed: psycopg.Error | None = None
        self._uses: OrderedDict[_Kind, int] = OrderedDict()
        self._prepared: OrderedDict[_Kind, bytes] = OrderedDict()
        self._names = count()
        self._doubtful = False
        self._readable, self._either = poll(), poll()
        self._readable.register(self._pgconn.socket, POLLIN)
        self._either.register(self._pgconn.socket, POLLIN | POLLOUT)

    @property
    def closed(self) -> bool:
        """Tell whether the connection is lost."""
        return self._connection.closed

    def send(self, sql: str, params: Params = NO_PARAMS) -> Sent:
        """Put a statement on its way."""
        text, names = _placed(sql)
        try:
            given = [params[name] for name in names]
        except KeyError as missing:
            message = f"a parameter is missing: {missing}"
            raise psycopg.ProgrammingError(message) from None
        values = self._transformer.dump_sequence(given, [PyFormat.AUTO] * len(given))
        # A copy: the next call of the transformer changes these.
        types, formats = tuple(self._transformer.types or ()), self._transformer.formats
        name = self._prepare((sql, types), text)
        if name is None:
            self._pgconn.send_query_params(text, values, types, formats)
        else:
            self._pgconn.send_query_prepared(name, values, formats)
        sent = Sent()
        self._unanswered.append(sent)
        return sent

    def start(self) -> None:
        """Have the server do what was sent; else that is when it is waited for.

        A call for each statement would take as long as the statement itself.
        """
        self._pgconn.flush()

    def sync(self) -> None:
        """Have the server do what was sent, and answer it as soon as that is done."""
        if self._unanswered and self._unanswered[-1] is not _SYNC:
            self._pgconn.pipeline_sync()
            self._unanswered.append(_SYNC)

    def wait(self, sent: Sent) -> pq.abc.PGresult:
        """Return the answer to a statement; raise psycopg's error if one failed until then."""
        while sent.result is None and self._failed is None and self._unanswered:
            self.sync()
            self._receive()
        if self._failed is not None:
            self.finish()
        if sent.result is None:
            message = "what was sent before it failed"
            raise psycopg.OperationalError(message)
        return sent.result

    def finish(self) -> None:
        """Wait for all that is on its way; raise psycopg's error if anything failed."""
        self.sync()
        while self._unanswered:
            self._receive()
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed

    def rows(self, result: pq.abc.PGresult) -> list[Row]:
        """Read the rows of an answer."""
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    def roll_back(self) -> None:
        """Undo the transaction, if one is open, whatever is on its way."""
        with suppress(psycopg.Error):
            self.finish()
        if self._pgconn.transaction_status != pq.TransactionStatus.IDLE:
            self.wait(self.send("ROLLBACK"))
        if self._doubtful:
            self._doubtful = False
            self._prepared.clear()
            self.wait(self.send("DEALLOCATE ALL"))

    def roll_back_to(self, savepoint: str) -> None:
        """Undo what was done since a savepoint, and drop that, whatever is on its way."""
        with suppress(psycopg.Error):
            self.finish()
        self.send(f"ROLLBACK TO {savepoint}")
        self.wait(self.send(f"RELEASE {savepoint}"))

    def close(self) -> None:
        """Close the connection; what is on its way is lost."""
        self._unanswered.clear()
        self._connection.close()

    def _prepare(self, kind: _Kind, text: bytes) -> bytes | None:
        """Name the prepared statement of this kind; None for what is not often sent."""
        name = self._prepared.get(kind)
        if name is not None:
            self._prepared.move_to_end(kind)
            return name
        threshold = self._connection.prepare_threshold
        self._uses[kind] = self._uses.get(kind, 0) + 1
        if threshold is None or self._uses[kind] <= threshold:
            if len(self._uses) > _MOST_COUNTED:
                self._uses.popitem(last=False)
            return None
        del self._uses[kind]
        name = self._prepared[kind] = f"_{next(self._names)}".encode()
        self._pgconn.send_prepare(name, text, kind[1])
        self._unanswered.append(Sent())
        if len(self._prepared) > (self._connection.prepared_max or 1):
            _, oldest = self._prepared.popitem(last=False)
            self._pgconn.send_query_params(b"DEALLOCATE " + oldest, None)
            self._unanswered.append(Sent())
        return name

    def _receive(self) -> None:
        """Take the next answer."""
        try:
            result = self._next()
            while result is None:
                result = self._next()
            sent = self._unanswered.popleft()
            if sent is not _SYNC:
                while self._next() is not None:
                    pass
        except psycopg.Error as error:  # the connection is lost
            self._unanswered.clear()
            self._failed = self._failed or error
            return
        self._take(sent, result)

    def _take(self, sent: Sent, result: pq.abc.PGresult) -> None:
        if result.status in _FINE:
            sent.result = result
            return
        # What would have been prepared is not; or a table has changed since it was.
        self._doubtful = True
        if result.status == pq.ExecStatus.FATAL_ERROR and self._failed is None:
            encoding = self._connection.info.encoding
            self._failed = errors.error_from_result(result, encoding=encoding)

    def _next(self) -> pq.abc.PGresult | None:
        pgconn = self._pgconn
        while pgconn.is_busy():
            waiting = self._either if pgconn.flush() else self._readable
            waiting.poll()
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None and pgconn.status == pq.ConnStatus.BAD:
            raise psycopg.OperationalError(pgconn.get_error_message())
        return result


_FINE: Final = {
    pq.ExecStatus.COMMAND_OK,
    pq.ExecStatus.TUPLES_OK,
    pq.ExecStatus.EMPTY_QUERY,
    pq.ExecStatus.PIPELINE_SYNC,
}


def wrote(result: pq.abc.PGresult) -> bool:
    """Tell whether a statement wrote: such may return rows, only the server knows."""
    return not (result.command_status or b"").startswith(b"SELECT")


def touched(result: pq.abc.PGresult) -> int:
    """Count the rows that a statement wrote."""
    return result.command_tuples or 0
