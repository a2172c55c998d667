"""A request executed: read, judged, resolved and written as a response."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from msgspec import Struct

from hugmood.errors import Rejected, unavailable
from hugmood.graphql import limits as rules
from hugmood.graphql.limits import Limits
from hugmood.graphql.plain import PlainExecutor
from hugmood.graphql.planning import plan
from hugmood.graphql.prepared import Prepared, prepare
from hugmood.graphql.records import Plan
from hugmood.graphql.resolving import Context, Refused, refused
from hugmood.operations import Operation
from hugmood.wire import codec

MOST_DOCUMENTS: Final = 1_000
"""Documents that are kept read and judged, the least used going first."""

_ERRORS_SHOWN: Final = 10
_NOT_SIGNED_IN: Final = frozenset({"auth_required", "invalid_auth", "auth_expired"})

log = structlog.get_logger(__name__)


class Request(Struct):
    """What a client sends."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 (the protocol's word)
    extensions: dict[str, Any] | None = None


class Response(NamedTuple):
    """A response as JSON, and what became of the request as a whole."""

    body: bytes
    accepted: bool = True
    unauthenticated: bool = False


class _Judged(Struct):
    document: DocumentNode
    flaws: list[GraphQLError]
    fixed: bool = False
    """Whether what is selected does not depend on variables."""
    ready: dict[str | None, Prepared | None] = {}
    """What is prepared of its operations, by the name that was given."""


class Executor:
    """Executes requests against one schema."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operations: tuple[Operation, ...],
        limits: Limits,
        *,
        introspection: bool,
    ) -> None:
        """`introspection` lets clients ask what there is."""
        self._schema = schema
        self._limits = limits
        self._opening = frozenset(one.field for one in operations if one.opens)
        hidden = () if introspection else (NoSchemaIntrospectionCustomRule,)
        self._rules = [*specified_rules, *hidden]
        self._hide_suggestions = not introspection
        self._documents: OrderedDict[str, _Judged] = OrderedDict()

    async def respond(
        self, body: bytes, context: Context, *, streaming: bool = False
    ) -> Response | Plan:
        """Execute the request in a body of JSON; of a subscription tell the plan."""
        try:
            request = _read(body)
            judged = self._judged(request.query)
            if judged.flaws:
                return _refusal(judged.flaws)
            operation = _chosen(judged.document, request, streaming=streaming)
            variables = request.variables or {}
            found = rules.cost(judged.document, operation, variables)
            rules.refuse_if_costly(found, self._limits)
            if operation.operation is OperationType.SUBSCRIPTION:
                return self._plan(judged.document, request, context)
        except Rejected as rejected:
            return _refusal([refused(rejected.refusal)])
        except GraphQLError as error:
            return _refusal([error])
        return await self._execute(judged, request, variables, context)

    async def _execute(
        self, judged: _Judged, request: Request, variables: dict[str, Any], context: Context
    ) -> Response:
        try:
            async with asyncio.timeout(self._limits.seconds):
                prepared = self._prepared(judged, request.operationName, variables)
                if prepared is None:
                    result = await self._by_library(judged.document, request, variables, context)
                else:
                    result = await prepared.execute(
                        variables, context, hide_suggestions=self._hide_suggestions
                    )
        except TimeoutError:
            text = f"This took longer than {self._limits.seconds:g} seconds"
            return _refusal([GraphQLError(text, extensions={"code": "server_error"})])
        return _written(result)

    async def _by_library(
        self,
        document: DocumentNode,
        request: Request,
        variables: dict[str, Any],
        context: Context,
    ) -> ExecutionResult:
        result = execute(
            self._schema,
            document,
            context_value=context,
            variable_values=variables,
            operation_name=request.operationName,
            executor_class=PlainExecutor,
            hide_suggestions=self._hide_suggestions,
        )
        return result if isinstance(result, ExecutionResult) else await result

    def _prepared(
        self, judged: _Judged, name: str | None, variables: dict[str, Any]
    ) -> Prepared | None:
        """Find or make what can be prepared of an operation."""
        if not judged.fixed or name in judged.ready:
            return judged.ready.get(name)
        executor = PlainExecutor.build(
            self._schema, judged.document, raw_variable_values=variables, operation_name=name
        )
        if not isinstance(executor, PlainExecutor):
            return None  # the variables are wrong: the library says how
        prepared = judged.ready[name] = prepare(self._schema, executor)
        return prepared

    def _plan(self, document: DocumentNode, request: Request, context: Context) -> Plan:
        if context.caller is None:
            raise Rejected("auth_required", "Authentication is required for this operation")
        return plan(self._schema, document, request.variables or {}, request.operationName)

    def _judged(self, query: str) -> _Judged:
        known = self._documents.get(query)
        if known is not None:
            self._documents.move_to_end(query)
            return known
        judged = self._documents[query] = self._judge(query)
        if len(self._documents) > MOST_DOCUMENTS:
            self._documents.popitem(last=False)
        return judged

    def _judge(self, query: str) -> _Judged:
        try:
            document = parse(query, max_tokens=self._limits.tokens, no_location=False)
        except GraphQLSyntaxError as error:
            return _Judged(DocumentNode(definitions=()), [error])
        except RecursionError:
            return _Judged(DocumentNode(definitions=()), [rules.TooMuch("This is nested too deep")])
        flaws = validate(
            self._schema,
            document,
            self._rules,
            max_errors=_ERRORS_SHOWN,
            hide_suggestions=self._hide_suggestions,
        )
        flaws = flaws or rules.check(document, self._limits, self._opening)
        # Variables decide what is selected by @skip and @include.
        return _Judged(document, flaws, fixed="@" not in query)


def _read(body: bytes) -> Request:
    try:
        request = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        text = "The body must be a JSON object with `query`, and `variables` if there are any"
        raise Rejected("invalid_request", text, issue="invalid_format") from error
    return request


_decode: Final = codec.decoder(Request)


def _chosen(
    document: DocumentNode, request: Request, *, streaming: bool
) -> OperationDefinitionNode:
    operation = get_operation_ast(document, request.operationName)
    if operation is None:
        text = "Say by `operationName` which operation of the document is meant"
        raise Rejected("invalid_request", text, field="operationName", issue="unknown_value")
    if operation.operation is OperationType.SUBSCRIPTION and not streaming:
        text = "Subscriptions need a WebSocket, or Server-Sent Events"
        raise Rejected("invalid_request", text, issue="unknown_type")
    return operation


def _written(result: ExecutionResult) -> Response:
    errors = [_masked(error) for error in result.errors or ()]
    if not errors:
        return Response(msgspec.json.encode({"data": result.data}))
    response: dict[str, Any] = {"errors": [_formatted(error) for error in errors]}
    before = result.data is None and all(error.path is None for error in errors)
    if not before:
        response["data"] = result.data
    return Response(
        msgspec.json.encode(response),
        accepted=not before,
        unauthenticated=_unauthenticated(errors),
    )


def _refusal(errors: list[GraphQLError]) -> Response:
    body = msgspec.json.encode({"errors": [_formatted(_masked(error)) for error in errors]})
    return Response(body, accepted=False, unauthenticated=_unauthenticated(errors))


def _unauthenticated(errors: list[GraphQLError]) -> bool:
    return any((error.extensions or {}).get("code") in _NOT_SIGNED_IN for error in errors)


def _masked(error: GraphQLError) -> GraphQLError:
    """Tell of no fault of ours more than that there was one."""
    original = error.original_error
    if original is None or isinstance(original, GraphQLError):
        return error
    fault = unavailable().refusal
    log.error("resolver failed", path=error.path, exc_info=original)
    return GraphQLError(fault.message, path=error.path, extensions={"code": fault.code})


def _formatted(error: GraphQLError) -> Mapping[str, Any]:
    formatted = dict(error.formatted)
    extensions = dict(error.extensions or {})
    original = error.original_error
    if isinstance(original, Refused) and original.extensions:
        extensions |= original.extensions
    extensions.setdefault("code", "invalid_request")
    formatted["extensions"] = extensions
    return formatted
