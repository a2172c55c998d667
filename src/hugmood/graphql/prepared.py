"""An operation made ready once, so that of each request only arguments and data remain.

The library's executor collects fields, finds resolvers and completes values anew for each
request. Where no directive makes them depend on variables they are always the same, and of
an operation whose fields are all commands there is nothing else: of such a one variables
and arguments are coerced by the library, and the rest is done here.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    located_error,
)
from graphql.execution.collect_fields import FieldDetailsList, collect_fields
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from hugmood.graphql.plain import PlainExecutor, is_plain_type
from hugmood.graphql.projection import Complete, completing
from hugmood.graphql.resolving import Context, Resolver

_MOST_ERRORS: Final = 50
"""Of variables that are wrong, as many as the library tells by default."""


class _Field(NamedTuple):
    key: str
    nodes: list[FieldNode]
    definition: GraphQLField
    resolver: Resolver
    complete: Complete
    optional: bool


class Prepared:
    """An operation, ready to be executed with any variables."""

    def __init__(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, fields: list[_Field]
    ) -> None:
        """Know what is asked for."""
        self._schema = schema
        self._variables = operation.variable_definitions or ()
        self._serial = operation.operation is OperationType.MUTATION
        self._fields = fields

    async def execute(
        self, variables: dict[str, Any], context: Context, *, hide_suggestions: bool
    ) -> ExecutionResult:
        """Have the commands done; mutations one after the other."""
        values = get_variable_values(
            self._schema, self._variables, variables, _MOST_ERRORS, hide_suggestions
        )
        if isinstance(values, list):
            return ExecutionResult(None, values)
        if self._serial or len(self._fields) == 1:
            return await self._one_by_one(values, context)
        found = await asyncio.gather(*(_value(one, values, context) for one in self._fields))
        return _result(zip(self._fields, found, strict=True))

    async def _one_by_one(self, values: VariableValues, context: Context) -> ExecutionResult:
        found = []
        for field in self._fields:
            value = await _value(field, values, context)
            found.append((field, value))
            if isinstance(value, GraphQLError) and not field.optional:
                break  # there is no response in which the others could be told
        return _result(found)


def prepare(schema: GraphQLSchema, executor: PlainExecutor) -> Prepared | None:
    """Prepare the operation that the library has read; None where it is not only commands.

    There must be no directives in its document.
    """
    operation = executor.operation
    root = schema.get_root_type(operation.operation)
    if root is None:
        return None
    selected = collect_fields(
        schema, executor.fragments, executor.variable_values, root, operation
    ).grouped_field_set
    fields = [_field(executor, root, key, details) for key, details in selected.items()]
    found = [field for field in fields if field]
    return Prepared(schema, operation, found) if len(found) == len(fields) else None


def _field(
    executor: PlainExecutor, root: GraphQLObjectType, key: str, details: FieldDetailsList
) -> _Field | None:
    """Prepare one field of the root type; None if it is no command, or not only data."""
    definition = root.fields.get(details[0].node.name.value)
    if definition is None or not isinstance(definition.resolve, Resolver):
        return None
    if not is_plain_type(definition.type):
        return None
    pick = executor.pick(key, root, details)
    return _Field(
        key=key,
        nodes=[one.node for one in details],
        definition=definition,
        resolver=definition.resolve,
        complete=completing(pick),
        optional=pick.optional,
    )


async def _value(field: _Field, values: VariableValues, context: Context) -> Any:
    """Find the value of a field; an error is one, too."""
    try:
        given = get_argument_values(field.definition, field.nodes[0], values)
        return field.complete(await field.resolver.answer(context, given))
    except Exception as error:  # noqa: BLE001 (it is told in the response, or logged)
        return located_error(error, field.nodes, [field.key])


def _result(found: Iterable[tuple[_Field, Any]]) -> ExecutionResult:
    data: dict[str, Any] | None = {}
    errors = []
    for field, value in found:
        failed = isinstance(value, GraphQLError)
        if failed:
            errors.append(value)
        if failed and not field.optional:
            data = None
        elif data is not None:
            data[field.key] = None if failed else value
    return ExecutionResult(data, errors or None)
