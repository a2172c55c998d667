"""What the gateway and the GraphQL process say to each other, framed as with the engine.

The gateway sends operations; the process has the commands in them done by way of the
gateway, which alone speaks with the engine, and answers with the whole response.
"""

from typing import Final

import msgspec
from msgspec import Struct

from hugmood.engine.records import Answer, Ask, Caller, Record
from hugmood.graphql.projection import Pick


class Execute(Record, frozen=True):
    """Do what a client asks: `body` is its JSON, `caller` who it is, if that is known.

    With `streaming` the answer to a subscription is its plan; else it is refused.
    """

    number: int
    body: bytes
    caller: Caller | None
    client: str
    remote: str
    streaming: bool = False


class Commanded(Record, frozen=True):
    """What came of a command of operation `number`; `answer.number` says which one."""

    number: int
    answer: Answer


class Abandon(Record, frozen=True):
    """Nobody waits for this operation any more."""

    number: int


class Command(Record, frozen=True):
    """Have this done for operation `number`; `ask.number` tells its commands apart."""

    number: int
    ask: Ask


class Plan(Struct, frozen=True, array_like=True):
    """What a subscription tells: of each type of message (the wire's word) what is picked.

    `key` is what the field is called in the response. `after` is the number in the stream
    that it begins behind, if it does not begin now.
    """

    key: str
    selections: dict[str, list[Pick]]
    after: int | None = None


class Planned(Record, frozen=True):
    """The operation is a subscription, and this is what it tells."""

    number: int
    plan: Plan


class Executed(Record, frozen=True):
    """The response to an operation, as JSON.

    `accepted` is False where the request itself was wrong, so that nothing was executed.
    `unauthenticated` where it needs somebody to be signed in and nobody is.
    """

    number: int
    body: bytes
    accepted: bool = True
    unauthenticated: bool = False


class Serving(Record, frozen=True):
    """The process has its schema and takes operations."""


ToProcess = Execute | Commanded | Abandon
FromProcess = Command | Executed | Planned | Serving

read_for_process: Final = msgspec.msgpack.Decoder(list[ToProcess]).decode
read_from_process: Final = msgspec.msgpack.Decoder(list[FromProcess]).decode
