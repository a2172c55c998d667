"""The schema: what the features say in their `graphql.py`, and what all of them share."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from ariadne import ObjectType, ScalarType, SchemaBindable, make_executable_schema
from graphql import GraphQLEnumType, GraphQLSchema, print_schema

from hugmood.features import FEATURES
from hugmood.graphql.meanings import describe
from hugmood.graphql.resolving import Resolver
from hugmood.operations import Operation

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED: Final = '''
"""
Reading. Each field is answered as of one moment; `asOfSequence` of a page says which. A page is
`limit` entries, 1 to 100 (20 if left out), and begins after the first `offset`.
"""
type Query {
  "The words that moods and hugs are made of."
  catalogues: Catalogues!
}

"""
Changing something. Every input may have a `clientMutationId`: a mutation that is sent again with
the same id and input is answered as before, and has no second effect.
"""
type Mutation

"""
Being told, as it happens. Each person has one stream of numbered events without holes, the same on
all their devices and on the WebSocket protocol.
"""
type Subscription {
  """
  Your stream. With `afterSequence` first all that came after that number, then what comes; without
  it from now on. With `types` only these.
  """
  events(afterSequence: Long, types: [EventType!]): Event!
}

"What your stream is made of."
union Event = EventsLost

"The words for the types of events."
enum EventType

"Events up to this number are no longer kept: fetch what you show afresh."
type EventsLost {
  "The number of the last one that is lost; what follows is whole."
  sequenceNumber: Long!
}

"The words that moods and hugs are made of."
type Catalogues

"A moment, ISO 8601 in UTC with milliseconds: `2023-08-25T14:30:00.000Z`."
scalar DateTime

"A day, ISO 8601: `2023-08-25`."
scalar Date

"An integer up to 2^53 - 1."
scalar Long

"Numbers by name: a JSON object."
scalar Numbers

"A JSON object."
scalar JSONObject

"Where a page of a connection is."
type PageInfo {
  startCursor: String
  endCursor: String
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
}
'''


@cache
def operations() -> tuple[Operation, ...]:
    """List every operation of every feature."""
    return tuple(one for module in _modules() for one in module.OPERATIONS)


@cache
def schema() -> GraphQLSchema:
    """Make the schema that is executed."""
    scalars = [ScalarType(name) for name in _SCALARS]
    parts = [SHARED, *(module.SDL for module in _modules())]
    made = make_executable_schema(parts, *scalars, _WireEnums(), *_resolvers())
    describe(made)
    return made


def write() -> str:
    """Write the whole schema for people and tools, as `docs/schema.graphql` has it."""
    return print_schema(schema()) + "\n"


_SCALARS: Final = ("DateTime", "Date", "Long", "Numbers", "JSONObject")


def _modules() -> list[Any]:
    names = [f"hugmood.features.{feature}.graphql" for feature in FEATURES]
    return [import_module(name) for name in names if find_spec(name)]


def _resolvers() -> list[SchemaBindable]:
    fields: dict[str, dict[str, Callable[..., Any]]] = {
        "Query": {"catalogues": lambda *_: {}},
    }
    for operation in operations():
        fields.setdefault(operation.parent, {})[operation.field] = Resolver(operation)
    found: list[SchemaBindable] = []
    for name, resolvers in fields.items():
        kind = ObjectType(name)
        for field, resolve in resolvers.items():
            kind.set_field(field, resolve)
        found.append(kind)
    return found


class _WireEnums(SchemaBindable):
    """Lets `DO_NOT_DISTURB` be `do_not_disturb` on the wire."""

    def bind_to_schema(self, schema: GraphQLSchema) -> None:
        for kind in schema.type_map.values():
            if isinstance(kind, GraphQLEnumType) and not kind.name.startswith("__"):
                for name, value in kind.values.items():
                    value.value = name.lower()
