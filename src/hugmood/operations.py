"""How a feature says in its `graphql.py` which GraphQL field is which command.

A field is nothing but another way to write a command: its arguments become the
command's `data`, the reply's `data` becomes its value. Names are the same on both
sides, so that most operations need no more than the two names.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from hugmood.wire.message import AnyCommand

Data = dict[str, Any]

INPUT: Final = "input"
"""The argument of a mutation that has all others in it."""
MUTATION_ID: Final = "clientMutationId"
"""The field of an input that makes a repetition harmless, as a message's id does."""

_NO_RENAMES: Final[Mapping[str, str]] = MappingProxyType({})


def _as_it_is(data: Data) -> Data:
    return data


class Operation(NamedTuple):
    """A field whose value is a command's reply.

    `parent` is the object type it is a field of. `renames` has arguments that are called
    otherwise on the wire (GraphQL's name: the wire's). `arguments` and `result` are for
    what differs in more than names; both may change what they are given.
    """

    parent: str
    field: str
    command: type[AnyCommand]
    renames: Mapping[str, str] = _NO_RENAMES
    arguments: Callable[[Data], Data] = _as_it_is
    result: Callable[[Data], Any] = _as_it_is
    opens: bool = False
    """Whether it is how one signs in, and needs nobody to be signed in."""


def query(
    field: str,
    command: type[AnyCommand],
    *,
    parent: str = "Query",
    renames: Mapping[str, str] = _NO_RENAMES,
    arguments: Callable[[Data], Data] = _as_it_is,
    result: Callable[[Data], Any] = _as_it_is,
) -> Operation:
    """Say that a field of `Query`, or of another type, is this command."""
    return Operation(parent, field, command, renames, arguments, result)


def mutation(
    field: str,
    command: type[AnyCommand],
    *,
    renames: Mapping[str, str] = _NO_RENAMES,
    arguments: Callable[[Data], Data] = _as_it_is,
    result: Callable[[Data], Any] = _as_it_is,
    opens: bool = False,
) -> Operation:
    """Say that a field of `Mutation` is this command; its argument is one `input`."""
    return Operation("Mutation", field, command, renames, arguments, result, opens)
