"""A subscription understood: what is to be told of which messages, without a schema."""

from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_operation_ast,
)
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from hugmood.graphql.plain import PlainExecutor
from hugmood.graphql.records import Plan
from hugmood.wire.message import PUSHES

EVENTS: Final = "events"
AFTER: Final = "afterSequence"
TYPES: Final = "types"


def plan(
    schema: GraphQLSchema,
    document: DocumentNode,
    variables: dict[str, Any],
    operation_name: str | None,
) -> Plan:
    """Make the plan of a valid subscription; raises `GraphQLError` where variables are wrong."""
    executor = PlainExecutor.build(
        schema, document, raw_variable_values=variables, operation_name=operation_name
    )
    if isinstance(executor, list):
        raise executor[0]
    assert isinstance(executor, PlainExecutor)  # noqa: S101 (the library's hint is too wide)
    operation = get_operation_ast(document, operation_name)
    root = schema.subscription_type
    if operation is None or root is None:
        raise GraphQLError("There is no subscription")
    fields = collect_fields(
        schema, executor.fragments, executor.variable_values, root, operation
    ).grouped_field_set
    ((key, details),) = fields.items()
    node = details[0].node
    field = root.fields[node.name.value]
    given = get_argument_values(field, node, executor.variable_values)
    wanted: list[str] | None = given.get(TYPES)
    return Plan(
        key=key,
        after=given.get(AFTER),
        selections={
            wire: executor.picks(kind, executor.collect_subfields(kind, details).grouped_field_set)
            for wire, kind in _kinds(schema, get_named_type(field.type)).items()
            if wanted is None or wire in wanted
        },
    )


def _kinds(schema: GraphQLSchema, told: Any) -> dict[str, GraphQLObjectType]:  # noqa: ANN401 (any output type)
    """The object types that may be told of, by the wire's words for them."""
    kinds = schema.get_possible_types(told) if isinstance(told, GraphQLUnionType) else [told]
    words = {cls.__name__: word for word, cls in PUSHES.items()} | LOST_WORD
    return {words[kind.name]: kind for kind in kinds}


LOST_WORD: Final = {"EventsLost": "events_lost"}
"""What is told where events are no longer kept: on sockets a flag of `missed_messages`."""
