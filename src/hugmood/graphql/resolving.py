"""From a field to its command and back: the one resolver that all operations have."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import msgspec
from graphql import GraphQLError, GraphQLResolveInfo

from hugmood.engine.records import Answer, Ask, Caller
from hugmood.errors import Issue, Refusal, Rejected
from hugmood.operations import INPUT, MUTATION_ID, Data, Operation
from hugmood.wire import codec

_LONGEST_ID: Final = 128


class Context(Protocol):
    """What an operation is executed with."""

    caller: Caller | None
    client: str
    remote: str

    def fresh_id(self) -> str:
        """Make an id for a command that its sender gave none."""
        ...

    async def command(self, ask: Ask) -> Answer:
        """Have a command done."""
        ...


class Refused(GraphQLError):  # noqa: N818 (an answer)
    """A command was refused; `extensions` say so as an `error` message does."""


class Resolver:
    """Resolves the field that an operation is."""

    def __init__(self, operation: Operation) -> None:
        """Resolve this one."""
        self._operation = operation
        self._read = codec.decoder(operation.command)

    def __call__(self, _: object, info: GraphQLResolveInfo[Any], **given: Any) -> Awaitable[Any]:
        """Be what the library calls."""
        return self.answer(info.context, given)

    async def answer(self, context: Context, given: Data) -> Any:
        """Have the command done and return the field's value; raises `Refused`."""
        try:
            return await _resolve(self._operation, self._read, context, given)
        except Rejected as rejected:
            named = _named(self._operation, rejected.refusal, given)
            raise refused(named) from None


async def _resolve(
    operation: Operation, read: Callable[[bytes], object], context: Context, given: Data
) -> Any:
    if context.caller is None and not operation.opens:
        raise Rejected("auth_required", "Authentication is required for this operation")
    asked = given
    given = dict(_arguments(given))
    mutation_id = given.pop(MUTATION_ID, None)
    data = _data(operation, given)
    read(data)  # it raises `Rejected` where the command's own types forbid it
    ask = Ask(
        number=0,
        type=operation.command.wire_type,
        id=_checked(mutation_id) or context.fresh_id(),
        data=data,
        caller=context.caller,
        at=None,
        client=context.client,
        remote=context.remote,
    )
    answer = await context.command(ask)
    if answer.refusal:
        raise refused(_named(operation, answer.refusal, asked))
    result = operation.result(msgspec.json.decode(answer.data))
    if mutation_id is not None and isinstance(result, dict):
        result[MUTATION_ID] = mutation_id
    return result


def _arguments(given: Data) -> Data:
    """Return what is asked with, which mutations have in one argument."""
    return (given[INPUT] or {}) if INPUT in given else given


def _data(operation: Operation, given: Data) -> bytes:
    """Write the arguments as the command's `data`; null is what was left out."""
    changed = operation.arguments(given)
    data = {operation.renames.get(k, k): _given(v) for k, v in changed.items() if v is not None}
    variant = operation.command.variant
    if variant:
        data[variant.field] = variant.value
    try:
        return msgspec.json.encode(data)
    except (msgspec.MsgspecError, OverflowError, TypeError) as error:
        raise Rejected("invalid_request", "An argument cannot be read") from error


def _given(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _given(v) for k, v in value.items() if v is not None}
    return value


def _checked(mutation_id: str | None) -> str | None:
    if mutation_id is not None and not 1 <= len(mutation_id) <= _LONGEST_ID:
        issue: Issue = "too_long" if mutation_id else "out_of_range"
        text = "A clientMutationId has 1 to 128 characters"
        raise Rejected("invalid_request", text, field=f"data.{MUTATION_ID}", issue=issue)
    return mutation_id


def _named(operation: Operation, refusal: Refusal, asked: Data) -> Refusal:
    """Call a field by the name it was asked with: `data.filters.tags` is `filter.tags`."""
    if refusal.field is None or not refusal.field.startswith("data"):
        return msgspec.structs.replace(refusal, field=None)
    given = _arguments(asked)
    ours = {theirs: name for name, theirs in operation.renames.items() if name in given}
    path = refusal.field.removeprefix("data").removeprefix(".")
    first, dot, rest = path.partition(".")
    path = ours.get(first, first) + dot + rest
    names = [INPUT, path] if operation.parent == "Mutation" else [path]
    return msgspec.structs.replace(refusal, field=".".join(filter(None, names)) or None)


def refused(refusal: Refusal) -> Refused:
    """Make a GraphQL error of a refusal."""
    extensions: dict[str, Any] = {"code": refusal.code}
    if refusal.field:
        extensions["field"] = refusal.field
    if refusal.issue:
        extensions["issue"] = refusal.issue
    if refusal.retry_after is not None:
        extensions["retryAfter"] = refusal.retry_after
    return Refused(refusal.message, extensions=extensions)
