"""What the wire's structs are in GraphQL's words, and where a schema says something else."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    is_list_type,
    is_non_null_type,
)
from msgspec import NODEFAULT, inspect

from hugmood.ambient import Instant

Given = Mapping[str, Any]
"""Arguments, fields of an input or fields of an object: what there is by name."""

_IDS: Final = frozenset({"id", "analyticsTo"})
"""Names of ids that do not end as those of ids do."""
_POSITIONS: Final = ("sequenceNumber", "asOfSequence")
"""Numbers that outgrow an `Int`."""
_LEAVES: Final[dict[type[inspect.Type], frozenset[str]]] = {
    inspect.BoolType: frozenset({"Boolean"}),
    inspect.FloatType: frozenset({"Float"}),
    inspect.IntType: frozenset({"Int", "Long"}),
    inspect.DateType: frozenset({"Date"}),
}


def can_be_absent(field: inspect.Field) -> bool:
    """Whether this field has no value when it is left out: msgspec hides `UNSET`."""
    return not field.required and field.default is NODEFAULT


def fields_of(struct: inspect.Type) -> dict[str, inspect.Field]:
    """The fields of a struct by their names on the wire."""
    assert isinstance(struct, inspect.StructType)
    return {field.encode_name: field for field in struct.fields}


class Comparison:
    """A schema's types beside structs; `found` says in words where they differ.

    `always` are fields that can be absent but never are where GraphQL has them.
    """

    def __init__(self, always: Iterable[tuple[str, str]] = ()) -> None:
        self.found: list[str] = []
        self.enums: set[str] = set()
        self._always = frozenset(always)
        self._under_way: set[str] = set()

    def taken(self, path: str, struct: inspect.Type, given: Given) -> None:
        """Compare what is given to GraphQL with a struct that is read."""
        for name, field in self._both(path, fields_of(struct), given):
            kind = given[name].type
            self._nullable(f"{path}.{name}", kind, wanted=not field.required)
            self._type(f"{path}.{name}", name, field.type, kind)

    def shown(self, path: str, struct: inspect.Type, given: Given) -> None:
        """Compare what GraphQL gives with a struct that is written."""
        assert isinstance(struct, inspect.StructType)
        for name, field in self._both(path, fields_of(struct), given):
            kind = given[name].type
            always = (struct.cls.__name__, name) in self._always
            self._nullable(f"{path}.{name}", kind, wanted=can_be_absent(field) and not always)
            self._type(f"{path}.{name}", name, field.type, kind)

    def pair(self, path: str, name: str, field: inspect.Field, kind: Any) -> None:  # noqa: ANN401 (a type of either side)
        """Compare one field that is written."""
        self._nullable(path, kind, wanted=can_be_absent(field))
        self._type(path, name, field.type, kind)

    def _both(
        self, path: str, fields: dict[str, inspect.Field], given: Given
    ) -> Iterator[tuple[str, inspect.Field]]:
        for name in sorted(fields.keys() ^ given.keys()):
            where = "the wire" if name in fields else "GraphQL"
            self.found.append(f"{path}.{name} is only on {where}")
        yield from ((name, field) for name, field in fields.items() if name in given)

    def _nullable(self, path: str, kind: Any, *, wanted: bool) -> None:  # noqa: ANN401 (a type of either side)
        if is_non_null_type(kind) is wanted:
            self.found.append(f"{path} is {kind}, and should{'' if wanted else ' not'} be nullable")

    def _type(self, path: str, name: str, wire: inspect.Type, kind: Any) -> None:  # noqa: ANN401 (a type of either side)
        kind = _bare(kind)
        if isinstance(wire, inspect.Metadata):
            self._type(path, name, wire.type, kind)
        elif isinstance(wire, inspect.ListType):
            self._list(path, name, wire.item_type, kind)
        elif isinstance(wire, inspect.TupleType):
            self._list(path, name, wire.item_types[0], kind)
        elif isinstance(wire, inspect.LiteralType):
            self._words(path, wire.values, kind)
        elif isinstance(wire, inspect.StructType):
            self._struct(path, wire, kind)
        elif not isinstance(kind, GraphQLNamedType) or kind.name not in _leaves(name, wire):
            self.found.append(f"{path} is {kind}, and {type(wire).__name__} on the wire")

    def _list(self, path: str, name: str, wire: inspect.Type, kind: Any) -> None:  # noqa: ANN401 (a type of either side)
        if not is_list_type(kind) or not is_non_null_type(kind.of_type):
            self.found.append(f"{path} is {kind}, and should be a list without nulls")
        else:
            self._type(path, name, wire, kind.of_type)

    def _words(self, path: str, words: tuple[Any, ...], kind: GraphQLNamedType) -> None:
        if words == (True,):
            if kind.name != "Boolean":
                self.found.append(f"{path} is {kind}, and should be Boolean")
        elif not isinstance(kind, GraphQLEnumType):
            self.found.append(f"{path} is {kind}, and should be an enum")
        else:
            self.enums.add(kind.name)
            if {word.upper() for word in words} != kind.values.keys():
                self.found.append(f"{path} is {kind}, with words that are not {words}")

    def _struct(self, path: str, wire: inspect.StructType, kind: GraphQLNamedType) -> None:
        if not isinstance(kind, GraphQLObjectType | GraphQLInputObjectType):
            self.found.append(f"{path} is {kind}, and should be an object")
        elif kind.name not in self._under_way:
            self._under_way.add(kind.name)
            compare = self.taken if isinstance(kind, GraphQLInputObjectType) else self.shown
            compare(kind.name, wire, kind.fields)
            self._under_way.remove(kind.name)


def _bare(kind: Any) -> Any:  # noqa: ANN401 (a type of either side)
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def _leaves(name: str, wire: inspect.Type) -> frozenset[str]:
    if isinstance(wire, inspect.StrType):
        is_id = name in _IDS or name.endswith(("Id", "Ids"))
        return frozenset({"ID" if is_id else "String"})
    if isinstance(wire, inspect.CustomType) and wire.cls is Instant:
        return frozenset({"DateTime"})
    if isinstance(wire, inspect.DictType):
        is_numbers = isinstance(wire.value_type, inspect.FloatType | inspect.IntType)
        return frozenset({"Numbers" if is_numbers else "JSONObject"})
    if name in _POSITIONS:
        return frozenset({"Long"})
    return _LEAVES.get(type(wire), frozenset())


def sample(wire: inspect.Type, *, full: bool, always: Iterable[tuple[str, str]] = ()) -> Any:  # noqa: ANN401 (any JSON)
    """Make JSON of this type: with everything that can be there, or as little as can be."""
    if isinstance(wire, inspect.Metadata):
        return sample(wire.type, full=full, always=always)
    if isinstance(wire, inspect.StructType):
        return {
            name: sample(field.type, full=full, always=always)
            for name, field in fields_of(wire).items()
            if full or not can_be_absent(field) or (wire.cls.__name__, name) in always
        }
    if isinstance(wire, inspect.ListType):
        return [sample(wire.item_type, full=full, always=always)] if full else []
    if isinstance(wire, inspect.TupleType):
        return [sample(one, full=full, always=always) for one in wire.item_types]
    if isinstance(wire, inspect.LiteralType):
        return wire.values[0]
    return _SAMPLES[type(wire)]


_SAMPLES: Final[dict[type[inspect.Type], Any]] = {
    inspect.StrType: "word",
    inspect.IntType: 1,
    inspect.FloatType: 0.5,
    inspect.BoolType: True,
    inspect.DateType: "2023-08-25",
    inspect.CustomType: "2023-08-25T14:30:00.000Z",
    inspect.DictType: {"word": 1},
}


def missing(path: str, value: Any, kind: GraphQLOutputType, *, full: bool) -> Iterator[str]:  # noqa: ANN401 (any JSON)
    """Say what is null and may not be; with `full`, also what is and could be something."""
    if value is None:
        if full or is_non_null_type(kind):
            yield path
        return
    kind = _bare(kind)
    if is_list_type(kind):
        for item in value:
            yield from missing(f"{path}[]", item, kind.of_type, full=full)
    elif isinstance(kind, GraphQLObjectType):
        for name, field in kind.fields.items():
            yield from missing(f"{path}.{name}", value.get(name), field.type, full=full)
    elif isinstance(kind, GraphQLEnumType):
        if value.upper() not in kind.values:
            yield f"{path} as a word of {kind}"
    elif isinstance(kind, GraphQLScalarType):
        kind.serialize(value)


def type_of(given: GraphQLField | GraphQLInputField) -> Any:  # noqa: ANN401 (a type of either side)
    """The type of a field without the `!`."""
    return _bare(given.type)
