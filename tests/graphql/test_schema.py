"""The schema is the commands, the replies and the pushes, in GraphQL's words.

The tables say where the two faces differ on purpose, and why. A field is named
`Type.field`, an argument by the field it is of, wherever in the `input` it stands.
"""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    is_required_input_field,
    is_specified_scalar_type,
)
from msgspec import inspect

from hugmood import features
from hugmood.graphql import meanings
from hugmood.graphql.meanings import undescribed
from hugmood.graphql.schema import operations, schema
from hugmood.operations import INPUT, MUTATION_ID, Operation
from hugmood.wire.message import PUSHES, Event, Push, reply_type
from tests.graphql.wire import Comparison, fields_of, missing, sample, type_of

features.load_messages()

SCHEMA: Final = schema()
Table = Mapping[str, Mapping[str, str]]


class Result(NamedTuple):
    """How a field's value differs from the reply.

    It is what is in the reply under `within`, if that is given; `renames` are GraphQL's
    names with the wire's; `added` and `left_out` are names of the one and the other.
    """

    within: str = ""
    renames: Mapping[str, str] = MappingProxyType({})
    added: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()


_OWN: Final = {"userId": "it is private, so that there is nobody but oneself to name"}
_SOCKET: Final = {
    "lastSequenceNumber": "a connection has a position, and a request has none",
    "capabilities": "they are those of a connection",
}
LEFT_OUT: Final[Table] = {
    "Mutation.register": {"capabilities": _SOCKET["capabilities"]},
    "Mutation.login": _SOCKET,
    "Mutation.loginAnonymous": _SOCKET,
    "Mutation.refreshToken": _SOCKET,
    "Mutation.logout": {"reason": "there is one reason to ask for it"},
    "Mutation.updateMoodEntry": {"clear": "what is null is taken out"},
    "Query.streak": _OWN,
    "Query.viewer": {"userId": "`user` is for others"},
    "Query.user": {"userId": "it is `id` here, and must be given"},
    "Query.users": {"userId": "one searches for oneself"},
    "Query.notifications": _OWN,
    "Query.badges": _OWN,
    "Query.feed": _OWN,
    "Query.sessions": _OWN,
    "Query.followers": _OWN,
    "Query.following": _OWN,
    "Query.blocked": _OWN,
    "Query.statuses": _OWN,
    "Query.hugs": _OWN,
    "Query.hugRequests": _OWN,
    "Query.groupHugs": _OWN,
}
"""What can be said in a command and not in GraphQL, by operation, with the reason."""
ADDED: Final[Table] = {
    "Query.moodEntries": {"first": "Relay's word for `limit`"},
    "Query.user": {"id": "GraphQL's word for whose it is"},
}
"""What can be said in GraphQL and is not in a command by that name."""
RESULTS: Final[Mapping[str, Result]] = {
    "Query.moodEntries": Result(
        added=frozenset({"edges", "pageInfo"}), left_out=frozenset({"hasMore"})
    ),
    "Query.streak": Result(within="streak"),
    "Catalogues.moods": Result(
        renames={"moods": "moodCatalog"}, left_out=frozenset({"asOfSequence"})
    ),
    "Catalogues.hugs": Result(within="hugCatalog"),
    "Query.settings": Result(within="settings"),
    "Query.viewer": Result(within="profile"),
    "Query.user": Result(within="profile"),
    "Query.moodAnalytics": Result(within="analytics"),
}
"""Where a field's value is not the reply as it is."""
ALWAYS_SENT: Final = frozenset({("AuthResponse", "token")})
"""What can be absent on the wire, but not in reply to what can be asked in GraphQL.

A token is left out only where the old one goes on.
"""
FILLED_IN: Final = frozenset({("AuthResponse", "isAnonymous")})
"""What can be absent on the wire, and is then said in GraphQL: there it is true or left out."""
NEVER_REPLIED: Final = frozenset({"success", "dataType"})
"""What no reply has in GraphQL: an error is no reply, and the field says what was asked for.

Only where there is nothing else to say, it says `success`.
"""
NOT_TOLD: Final[Mapping[str, str]] = {}
"""Pushes that are not to be had by a subscription, with the reason."""

PROMISED: Final = {
    "Mutation": """register login loginAnonymous refreshToken logout createMoodEntry updateMoodEntry
        deleteMoodEntry sendHug requestHug respondToHugRequest createGroupHug joinGroupHug
        leaveGroupHug cancelGroupHug followUser blockUser updateStatus updateProfile
        markNotificationRead deleteAccount""".split(),
    "Query": """viewer user users moodEntries moodAnalytics feed hugs hugRequests groupHugs
        followers following statuses notifications badges catalogues""".split(),
    "Subscription": """events moodChanged hugReceived hugRequestReceived groupHugInvitation
        groupHugUpdate userStatusChanged followUpdate notification""".split(),
}
"""Names that clients count on."""


def name(operation: Operation) -> str:
    """The name of an operation in the tables and in a test report."""
    return f"{operation.parent}.{operation.field}"


OPERATIONS: Final = {name(one): one for one in operations()}

every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=name)


def field_of(operation: Operation) -> Any:  # noqa: ANN401 (graphql-core's field has a type argument of no use here)
    """The field of the schema that an operation is."""
    parent = SCHEMA.type_map[operation.parent]
    assert isinstance(parent, GraphQLObjectType)
    return parent.fields[operation.field]


def without(struct: inspect.StructType, *names: str) -> inspect.StructType:
    """A struct that has some of its fields not."""
    fields = tuple(field for field in struct.fields if field.encode_name not in names)
    return inspect.StructType(struct.cls, fields)


def struct_of(cls: type) -> inspect.StructType:
    """What msgspec knows of a struct."""
    found = inspect.type_info(cls)
    assert isinstance(found, inspect.StructType)
    return found


# Operations


def arguments(operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given to an operation, by the wire's names."""
    added = ADDED.get(name(operation), {})
    return {operation.renames.get(k, k): v for k, v in given.items() if k not in added}


def compare_arguments(comparison: Comparison, operation: Operation) -> None:
    """Compare what an operation takes with its command."""
    given = field_of(operation).args
    if operation.parent == "Mutation":
        given = dict(type_of(given[INPUT]).fields)
        del given[MUTATION_ID]
    variant = operation.command.variant
    left_out = [*LEFT_OUT.get(name(operation), ()), *([variant.field] if variant else ())]
    command = without(struct_of(operation.command), *left_out)
    comparison.taken(name(operation), command, arguments(operation, given))


def compare_result(comparison: Comparison, operation: Operation) -> None:
    """Compare what an operation gives with its reply."""
    path, kind = name(operation), field_of(operation).type
    result = RESULTS.get(path, Result())
    reply = struct_of(reply_type(operation.command))
    if fields_of(reply).keys() - NEVER_REPLIED:
        reply = without(reply, *NEVER_REPLIED, *result.left_out)
    if result.within:
        comparison.pair(path, operation.field, fields_of(reply)[result.within], kind)
        return
    added = result.added | {MUTATION_ID}
    given = {
        result.renames.get(k, k): v
        for k, v in type_of(field_of(operation)).fields.items()
        if k not in added
    }
    comparison.shown(path, reply, given)


@every_operation
def test_arguments(operation: Operation) -> None:
    """A field takes what its command says, and no less has to be given."""
    comparison = Comparison()
    compare_arguments(comparison, operation)
    assert [] == comparison.found


@every_operation
def test_result(operation: Operation) -> None:
    """A field's value is the command's reply, with the same types and nothing left out."""
    comparison = Comparison(ALWAYS_SENT | FILLED_IN)
    compare_result(comparison, operation)
    assert [] == comparison.found


@every_operation
@pytest.mark.parametrize("full", [True, False], ids=["full", "sparse"])
def test_nothing_is_missing(operation: Operation, *, full: bool) -> None:
    """Whatever a reply leaves out, a field has all that its type promises."""
    reply = sample(struct_of(reply_type(operation.command)), full=full, always=ALWAYS_SENT)
    value = operation.result(reply)
    if operation.parent == "Mutation":
        value[MUTATION_ID] = "one"
    found = list(missing(name(operation), value, field_of(operation).type, full=full))
    assert [] == found


def test_every_field_is_an_operation() -> None:
    """No field of a root type is without a resolver, and no operation is there twice."""
    fields = {
        f"{parent}.{field}"
        for parent in ("Query", "Mutation", "Catalogues")
        for field in SCHEMA.type_map[parent].fields  # type: ignore[attr-defined]  # they are objects
    }
    assert fields - {"Query.catalogues"} <= OPERATIONS.keys()
    assert len(OPERATIONS) == len(operations())


@pytest.mark.parametrize(
    "operation", [one for one in operations() if one.parent == "Mutation"], ids=name
)
def test_mutation_has_one_input(operation: Operation) -> None:
    """A mutation has one `input`, which is needed if anything in it is; its id goes through it."""
    field = field_of(operation)
    assert [INPUT] == list(field.args)
    fields = type_of(field.args[INPUT]).fields
    of_payload = type_of(field).fields[MUTATION_ID]
    assert ["String", "String"] == [str(fields[MUTATION_ID].type), str(of_payload.type)]
    capital = operation.field[0].upper() + operation.field[1:]
    needed = any(is_required_input_field(one) for one in fields.values())
    assert f"{capital}Input{'!' if needed else ''}" == str(field.args[INPUT].type)


def test_credentials_are_known() -> None:
    """Nobody needs to be signed in to sign in, and for nothing else."""
    opening = {operation.field for operation in operations() if operation.opens}
    assert {"register", "login", "loginAnonymous", "refreshToken"} == opening


def test_every_feature_has_a_face() -> None:
    """No feature was forgotten: each has a `graphql.py`, but for one that is about sockets."""
    faces = {operation.command.__module__.split(".")[2] for operation in operations()}
    assert {"subscriptions"} == set(features.FEATURES) - faces


@pytest.mark.parametrize("root", PROMISED)
def test_promised_names(root: str) -> None:
    """Every operation that is promised is there."""
    kind = SCHEMA.type_map[root]
    assert isinstance(kind, GraphQLObjectType)
    assert [] == [field for field in PROMISED[root] if field not in kind.fields]


@every_operation
def test_tables_are_true(operation: Operation) -> None:
    """What a table says of an operation is so: it leaves nothing out that is not there."""
    fields = fields_of(struct_of(operation.command)).keys()
    reply = fields_of(struct_of(reply_type(operation.command))).keys()
    result = RESULTS.get(name(operation), Result())
    assert LEFT_OUT.get(name(operation), {}).keys() <= fields
    assert set() == ADDED.get(name(operation), {}).keys() & fields
    assert result.left_out <= reply
    assert set() == result.added & reply


def test_tables_are_needed() -> None:
    """No table speaks of what is not there."""
    assert set() == (LEFT_OUT.keys() | ADDED.keys() | RESULTS.keys()) - OPERATIONS.keys()
    assert set() == NOT_TOLD.keys() - PUSHES.keys()


# Words


def own_types() -> Iterator[GraphQLNamedType]:
    """The types that are ours."""
    for kind in SCHEMA.type_map.values():
        if not kind.name.startswith("__") and not is_specified_scalar_type(kind):
            yield kind


def compared() -> Comparison:
    """All comparisons there are, for what they came by."""
    comparison = Comparison(ALWAYS_SENT | FILLED_IN)
    for operation in OPERATIONS.values():
        compare_arguments(comparison, operation)
        compare_result(comparison, operation)
    for push in pushes():
        compare_push(comparison, push)
    return comparison


def test_enums_are_the_wires() -> None:
    """Every enum is some field's on the wire, and its words become the wire's."""
    enums = {kind.name: kind for kind in own_types() if isinstance(kind, GraphQLEnumType)}
    assert enums.keys() == compared().enums | {"EventType"}
    for kind in enums.values():
        assert [word.lower() for word in kind.values] == [v.value for v in kind.values.values()]


@pytest.mark.parametrize("parent", ["Query", "Mutation", "Subscription", "Catalogues"])
def test_operations_are_described(parent: str) -> None:
    """Whatever one can ask for is described, however plain its name."""
    kind = SCHEMA.type_map[parent]
    assert isinstance(kind, GraphQLObjectType)
    assert [] == [field for field, value in kind.fields.items() if not value.description]


# Pushes


def pushes() -> list[type[Push]]:
    """The pushes of features that have a GraphQL side, but those that are not told."""
    return [
        push
        for word, push in PUSHES.items()
        if push.__module__.startswith("hugmood.features.")
        and find_spec(push.__module__.replace(".messages", ".graphql"))
        and word not in NOT_TOLD
    ]


def compare_push(comparison: Comparison, push: type[Push]) -> None:
    """Compare a push with the object type of the same name."""
    kind = SCHEMA.type_map[push.__name__]
    assert isinstance(kind, GraphQLObjectType)
    given = {k: v for k, v in kind.fields.items() if k != "sequenceNumber"}
    comparison.shown(push.__name__, struct_of(push), given)


every_push = pytest.mark.parametrize("push", pushes(), ids=lambda push: push.wire_type)


@every_push
def test_push(push: type[Push]) -> None:
    """Whatever is sent unasked has an object type with the same fields."""
    comparison = Comparison()
    compare_push(comparison, push)
    assert [] == comparison.found


@every_push
def test_number_in_the_stream(push: type[Push]) -> None:
    """An event begins with its number; what is not kept has none."""
    kind = SCHEMA.type_map[push.__name__]
    assert isinstance(kind, GraphQLObjectType)
    numbers = [str(v.type) for k, v in kind.fields.items() if k == "sequenceNumber"]
    if issubclass(push, Event):
        assert "sequenceNumber" == next(iter(kind.fields))
        assert ["Long!"] == numbers
    else:
        assert [] == numbers


def test_stream() -> None:
    """The stream is made of all events, each by its word on the wire."""
    union, words = SCHEMA.type_map["Event"], SCHEMA.type_map["EventType"]
    assert isinstance(union, GraphQLUnionType)
    assert isinstance(words, GraphQLEnumType)
    events = [push for push in pushes() if issubclass(push, Event)]
    assert {kind.name for kind in union.types} == {one.__name__ for one in events} | {"EventsLost"}
    assert words.values.keys() == {one.wire_type.upper() for one in events}


def test_notices_can_be_had() -> None:
    """What is not in the stream has a subscription of its own, called as on the wire."""
    root = SCHEMA.subscription_type
    assert root is not None
    named = {field: str(value.type).rstrip("!") for field, value in root.fields.items()}
    for push in pushes():
        if not issubclass(push, Event):
            assert push.__name__ in named.values()
    for field, kind in named.items():
        if field != "events":
            assert field == kind[0].lower() + kind[1:]


def test_all_is_described() -> None:
    """Every type, field, argument and value says what it is."""
    assert [] == undescribed(schema())


def test_no_meaning_is_left_over() -> None:
    """What is described from afar is there, and says no more than what is needed."""
    places = {place for place, _, _ in meanings._parts(schema())}
    names = {name for _, name, _ in meanings._parts(schema())}
    assert set(meanings._PLACES) <= places
    assert set(meanings._NAMES) <= names
