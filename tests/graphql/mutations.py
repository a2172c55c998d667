"""Mutations as they are written when there is nothing special about them."""

from typing import Any

from tests.device import Device
from tests.graphql.face import Face, Reply


def do(
    face: Face,
    field: str,
    shape: str,
    device: Device | None = None,
    **data: Any,  # noqa: ANN401 (any JSON)
) -> Reply:
    """Have a mutation done; `data` is its input, `shape` what is asked of the payload."""
    kind = field[0].upper() + field[1:] + "Input!"
    query = f"mutation ($input: {kind}) {{ {field}(input: $input) {shape} }}"
    return face.ask(query, device, input=data)
