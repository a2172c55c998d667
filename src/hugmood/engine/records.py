"""What gateway and engine say to each other, in MessagePack over a socket pair (`framing`)."""

from array import array
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from hugmood.errors import CloseCode, Refusal

NOBODY: Final = -1
"""The number of an `Ask` whose answer nobody waits for; it gets none."""


class Record(Struct, frozen=True, array_like=True, tag=True, tag_field="record"):
    """One thing said; `number` ties an answer to its question."""


class Caller(Struct, frozen=True, array_like=True):
    """Who is asking: `key` in the database, ids as on the wire."""

    key: int
    user_id: str
    session_id: str
    guest: bool


class Ask(Record, frozen=True):
    """A command or query: `data` is JSON, `at` the client's own time in ms."""

    number: int
    type: str
    id: str
    data: bytes
    caller: Caller | None
    at: int | None
    client: str
    remote: str
    internal: bool = False
    fingerprint: bytes = b""
    """Of the client's own payload, where this goes on with a command to be remembered."""


def internal_ask(kind: str, data: bytes, number: int = NOBODY) -> Ask:
    """Make an `Ask` of an internal command, which no client sent."""
    return Ask(
        number=number,
        type=kind,
        id="",
        data=data,
        caller=None,
        at=None,
        client="",
        remote="",
        internal=True,
    )


class AskPage(Record, frozen=True):
    """Give me what this user's stream holds after a number."""

    number: int
    user: int
    after: int


class AskHeads(Record, frozen=True):
    """Give me the newest number of each of these users."""

    number: int
    users: list[int]


class Presence(Record, frozen=True):
    """These users came, those went; the gateway is the one who sees it.

    With a number it is news, and is answered when others have been told; without one
    it is what an engine process has to know. Of the users in `again` others may not
    have heard the latest, for the writer died.
    """

    here: list[int]
    gone: list[int]
    again: list[int] = []
    number: int = 0


class Probe(Record, frozen=True):
    """Is the database there? Answered by an empty `Answer`, or a refusal."""

    number: int


class Grant(Struct, frozen=True, array_like=True):
    """A connection is signed in, until `expires` (ms).

    It stands at `position` of a stream whose newest number is `head`. With `resume`
    the client named a position; `reset` says that it named one we do not have.
    """

    caller: Caller
    expires: int
    position: int
    head: int
    resume: bool
    reset: bool


class Narrowing(Struct, frozen=True, array_like=True):
    """A connection wants only events of these types, from these people (keys).

    None is any: both None is everything.
    """

    types: list[str] | None
    authors: list[int] | None


class Onward(Struct, frozen=True, array_like=True):
    """Go on with an internal command in the writer."""

    type: str
    data: bytes
    fingerprint: bytes = b""
    """Of what the client sent, if the reply to it is to be remembered."""


class Answer(Record, frozen=True):
    """What came of an `Ask`: `data` as JSON, or a refusal, or something more to do."""

    number: int
    data: bytes = b""
    refusal: Refusal | None = None
    grant: Grant | None = None
    onward: Onward | None = None
    narrowing: Narrowing | None = None


class Delivery(Record, frozen=True):
    """A stored event and its number in each recipient's stream.

    `prefix` is the message without its number (`codec.prefix`); users and numbers
    are arrays of signed 64-bit integers in machine order. `author` is the key of the
    person who caused it, 0 for none.
    """

    prefix: bytes
    users: bytes
    numbers: bytes
    author: int = 0

    @classmethod
    def of(
        cls, prefix: bytes, users: Sequence[int], numbers: Sequence[int], author: int = 0
    ) -> "Delivery":
        """Pack users and numbers, which belong together by place."""
        return cls(prefix, array("q", users).tobytes(), array("q", numbers).tobytes(), author)


class Transient(Record, frozen=True):
    """A notice: no stream has it, and its number is the connection's position.

    `prefix` and `users` are as in a `Delivery`. Of those with the same `fold` only the
    latest need reach a user; one without it is not held back. The connection of the
    client `spare` gets none. `author` is as in a `Delivery`.
    """

    prefix: bytes
    users: bytes
    fold: str = ""
    spare: str = ""
    author: int = 0

    @classmethod
    def of(
        cls,
        prefix: bytes,
        users: Sequence[int],
        *,
        fold: str = "",
        spare: str = "",
        author: int = 0,
    ) -> "Transient":
        """Pack the users."""
        return cls(prefix, array("q", users).tobytes(), fold, spare, author)


class Entry(Struct, frozen=True, array_like=True):
    """An event in one user's stream; `author` as in a `Delivery`."""

    number: int
    prefix: bytes
    author: int = 0


class StreamPage(Record, frozen=True):
    """A stretch of a stream: all from `start` to `end`, less what was filtered.

    `complete` is False where the stretch begins later than was asked, because older
    events are no longer kept. `head` is the newest number there is.
    """

    number: int
    entries: list[Entry]
    start: int
    end: int
    head: int
    complete: bool = True


class Heads(Record, frozen=True):
    """The newest number of each user asked for, in the same order."""

    number: int
    heads: list[int]


class Cut(Record, frozen=True):
    """A user's sessions are over: close their sockets, all but one client's.

    With `farewell` the user logged out: there is no grace for coming back.
    """

    user: int
    sessions: list[str]
    code: CloseCode
    spare: str = ""
    farewell: bool = False


class Ready(Record, frozen=True):
    """The engine process is up; its database is migrated, or it says why not."""

    migrated: bool
    reason: str = ""


Question = Ask | AskPage | AskHeads | Presence | Probe
Said = Answer | Delivery | Transient | StreamPage | Heads | Cut | Ready

read_questions: Final = msgspec.msgpack.Decoder(list[Question]).decode
read_said: Final = msgspec.msgpack.Decoder(list[Said]).decode


def integers(packed: bytes) -> "array[int]":
    """Read the users or numbers of a `Delivery` or `Transient`."""
    values = array("q")
    values.frombytes(packed)
    return values
