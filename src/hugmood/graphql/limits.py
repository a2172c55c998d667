"""What a document may ask for, found out before anything is done.

`check` judges what is written: its depth, its aliases, how many credential operations.
`cost` also needs the variables, for the size of a page may be one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from msgspec import Struct

from hugmood.errors import Rejected

DEFAULT_PAGE: Final = 20
_PAGE_ARGUMENTS: Final = ("limit", "first")
_LISTS: Final = frozenset({"items", "edges", "nodes"})


class Limits(Struct, frozen=True, kw_only=True):
    """What one request may ask for at most."""

    depth: int = 8
    """How many fields may be within each other."""
    cost: int = 1_000
    """One for each field, those in a list once for each entry of the page that is asked for."""
    aliases: int = 15
    tokens: int = 2_000
    seconds: float = 5
    """How long it may take; then it is given up."""


class TooMuch(GraphQLError):  # noqa: N818 (an answer)
    """A document asks for more than is allowed."""

    def __init__(self, message: str) -> None:
        """Say what it is too much of."""
        super().__init__(message, extensions={"code": "invalid_request", "issue": "out_of_range"})


def check(document: DocumentNode, limits: Limits, opening: frozenset[str]) -> list[GraphQLError]:
    """Judge a valid document; `opening` are the mutations that sign somebody in."""
    fragments = _fragments(document)
    flaws: list[GraphQLError] = []
    for operation in _operations(document):
        fields = list(_walk(operation.selection_set, fragments, 1))
        if max(depth for _, depth in fields) > limits.depth:
            flaws.append(TooMuch(f"Fields are more than {limits.depth} deep"))
        if sum(field.alias is not None for field, _ in fields) > limits.aliases:
            flaws.append(TooMuch(f"There are more than {limits.aliases} aliases"))
        opened = [f for f, depth in fields if depth == 1 and f.name.value in opening]
        if len(opened) > 1:
            flaws.append(TooMuch("One request may sign in once"))
    return flaws


def cost(
    document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> int:
    """Count the fields of the response, if pages are as long as was asked for."""
    given = _defaults(operation) | dict(variables)
    return _cost(operation.selection_set, _fragments(document), given, DEFAULT_PAGE)


def refuse_if_costly(found: int, limits: Limits) -> None:
    """Refuse what costs too much."""
    if found > limits.cost:
        text = f"This costs {found}, and {limits.cost} is allowed; ask for less at once"
        raise Rejected("invalid_request", text, issue="out_of_range")


def _cost(
    selected: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
    page: int,
) -> int:
    total = 0
    for node in selected.selections:
        if isinstance(node, FieldNode):
            total += 1
            if node.selection_set:
                size = _page(node, variables)
                inner = _cost(node.selection_set, fragments, variables, size or page)
                total += inner * (page if node.name.value in _LISTS else 1)
        else:
            total += _cost(_spread(node, fragments), fragments, variables, page)
    return total


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """The whole numbers that variables are where nothing is given."""
    return {
        one.variable.name.value: int(one.default_value.value)
        for one in operation.variable_definitions or ()
        if isinstance(one.default_value, IntValueNode)
    }


def _page(field: FieldNode, variables: Mapping[str, Any]) -> int | None:
    """The size of the page that a field asks for, if it says so."""
    for argument in field.arguments or ():
        if argument.name.value in _PAGE_ARGUMENTS:
            value = argument.value
            if isinstance(value, IntValueNode):
                return max(1, int(value.value))
            if isinstance(value, VariableNode):
                given = variables.get(value.name.value)
                return max(1, given) if isinstance(given, int) else None
    return None


def _walk(
    selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], depth: int
) -> Iterator[tuple[FieldNode, int]]:
    for node in selected.selections:
        if isinstance(node, FieldNode):
            yield node, depth
            # Tools ask for the schema some 15 deep; for that the library has a rule of its own.
            if node.selection_set and not node.name.value.startswith("__"):
                yield from _walk(node.selection_set, fragments, depth + 1)
        else:
            yield from _walk(_spread(node, fragments), fragments, depth)


def _spread(node: Any, fragments: Mapping[str, FragmentDefinitionNode]) -> SelectionSetNode:  # noqa: ANN401 (one of two nodes)
    if isinstance(node, FragmentSpreadNode):
        return fragments[node.name.value].selection_set
    assert isinstance(node, InlineFragmentNode)  # noqa: S101 (there is no third)
    return node.selection_set


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
