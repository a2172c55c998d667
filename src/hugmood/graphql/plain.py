"""Objects that are nothing but data, completed without a resolver for each field.

A reply is JSON that has all its fields. The library's executor asks for each of them
whether it is to be awaited, and notes where it stands in the response: for a page of
twenty entries that is most of the time. Here the selection becomes a list of picks, once
per operation, and each object is read by these. What is not plain, or not as the schema
says, goes the library's way, which also words the error.
"""

from collections.abc import Mapping
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    default_field_resolver,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.executor import Executor
from graphql.pyutils import Path

from hugmood.graphql.projection import NotPlain, Pick, projection


class PlainExecutor(Executor[Any]):
    """The library's executor, with a short cut through plain objects."""

    def execute_collected_subfields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path,
        grouped_field_set: Any,
        new_defer_usages: Any,
        position_context: Any,
    ) -> Any:
        """Complete an object's fields, the short way where that can be."""
        if type(source_value) is dict and is_plain(parent_type):
            try:
                return projection(self.picks(parent_type, grouped_field_set))(source_value)
            except NotPlain:
                pass  # and have the error worded
        return super().execute_collected_subfields(
            parent_type, source_value, path, grouped_field_set, new_defer_usages, position_context
        )

    def picks(self, kind: GraphQLObjectType, selected: Mapping[str, Any]) -> list[Pick]:
        """Say what is selected of a plain object."""
        return [self.pick(key, kind, details) for key, details in selected.items()]

    def pick(self, key: str, parent: GraphQLObjectType, details: Any) -> Pick:
        """Say what is selected of one field of a plain object."""
        name = details[0].node.name.value
        if name == "__typename":
            return Pick(key, parent.name, "constant")
        kind, optional = _unwrapped(parent.fields[name].type)
        many = is_list_type(kind)
        if many:
            kind, _ = _unwrapped(kind.of_type)
        if isinstance(kind, GraphQLObjectType):
            selected = self.collect_subfields(kind, details).grouped_field_set
            return Pick(key, name, "object", many, optional, self.picks(kind, selected))
        is_enum = isinstance(kind, GraphQLEnumType)
        return Pick(key, name, "enum" if is_enum else "plain", many, optional)


def is_plain(kind: GraphQLObjectType) -> bool:
    """Tell whether an object and all that is in it are data, without resolvers."""
    known = _PLAIN.get(kind)
    if known is None:
        known = _PLAIN[kind] = _is_plain(kind, frozenset())
    return known


def is_plain_type(kind: GraphQLOutputType) -> bool:
    """Tell whether a field of this type has nothing but data, however long a list it is."""
    named = get_named_type(kind)
    leaf = isinstance(named, GraphQLScalarType | GraphQLEnumType)
    plain = leaf or (isinstance(named, GraphQLObjectType) and is_plain(named))
    return plain and not _is_nested_list(kind)


_PLAIN: Final[dict[GraphQLObjectType, bool]] = {}


def _is_plain(kind: Any, above: frozenset[Any]) -> bool:
    if isinstance(kind, GraphQLScalarType | GraphQLEnumType) or kind in above:
        return True
    return isinstance(kind, GraphQLObjectType) and all(
        (field.resolve is None or field.resolve is default_field_resolver)
        and not field.args
        and not _is_nested_list(field.type)
        and _is_plain(get_named_type(field.type), above | {kind})
        for field in kind.fields.values()
    )


def _is_nested_list(kind: GraphQLOutputType) -> bool:
    inner, _ = _unwrapped(kind)
    return is_list_type(inner) and is_list_type(_unwrapped(inner.of_type)[0])


def _unwrapped(kind: Any) -> tuple[Any, bool]:
    """Take off `!`; True where there was none."""
    return (kind.of_type, False) if is_non_null_type(kind) else (kind, True)
