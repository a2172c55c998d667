"""Whatever fits the schema, the server has no fault of its own to tell of.

Schemathesis makes the documents out of the published schema; they go to a running server.
These tests take seconds: they start real processes, and wait for them.
"""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, get_args
from uuid import uuid4

import httpx
import pytest
import schemathesis
from graphql import FloatValueNode, NameNode, ObjectFieldNode, ObjectValueNode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import response_schema_conformance
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation

from hugmood.errors import AuthErrorCode, ErrorCode
from tests.e2e.conftest import NewDatabase
from tests.e2e.server import Service, serving, until

SCHEMA: Final = Path(__file__).parents[2] / "docs" / "schema.graphql"
EXAMPLES: Final = 12
REGISTER: Final = "mutation ($input: RegisterInput!) { register(input: $input) { token } }"


def _object(numbers: dict[str, float]) -> ObjectValueNode:
    return ObjectValueNode(
        fields=tuple(
            ObjectFieldNode(name=NameNode(value=name), value=FloatValueNode(value=str(number)))
            for name, number in numbers.items()
        )
    )


schemathesis.graphql.scalar(
    "Numbers",
    st.dictionaries(st.from_regex("[a-z]{1,8}", fullmatch=True), st.floats(-9, 9)).map(_object),
)
REFUSALS: Final = {*get_args(ErrorCode), *get_args(AuthErrorCode)} - {"server_error"}
OPERATIONS: Final = [
    found.ok()
    for found in schemathesis.graphql.from_path(SCHEMA).get_all_operations()
    if isinstance(found, Ok)
]


def no_fault(_context: object, response: Response, _case: object) -> None:
    """Take what has an error code of ours for a refusal, but `server_error` for what it is.

    The tool's own check knows the codes of other servers, and takes all others for faults.
    """
    codes = [error["extensions"]["code"] for error in response.json().get("errors", [])]
    assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    assert REFUSALS.issuperset(codes), response.text


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[Service]:
    """A server without limits."""
    folder = tmp_path_factory.mktemp("schemathesis")
    with serving(folder, new_database(folder), graphql="on", rate_limit="off") as service:
        yield service


@pytest.fixture
async def service(running: Service) -> Service:
    """The server, ready, its GraphQL too."""
    await running.ready()
    await until(lambda: bool(running.logged("graphql ready")))
    return running


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
async def test_no_server_error(
    service: Service, operation: APIOperation[Any, Any, Any, Any]
) -> None:
    """An operation with whatever its types allow is done or refused."""
    url = f"http://127.0.0.1:{service.port}/graphql"
    headers = {"Authorization": f"Bearer {token(url)}"}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy())
    def ask(case: Case[Any]) -> None:
        response = case.call(base_url=url, headers=headers)
        case.validate_response(response, checks=[response_schema_conformance, no_fault])

    ask()
    assert not [line for line in service.log_lines if line["level"] == "error"]


def token(url: str) -> str:
    """Register somebody, for operations may end a session or an account."""
    person = {"email": f"{uuid4()}@example.org", "password": "a long password", "name": "A"}
    body = {"query": REGISTER, "variables": {"input": person}}
    found: str = httpx.post(url, json=body).json()["data"]["register"]["token"]
    return found
