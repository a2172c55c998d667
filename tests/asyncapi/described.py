"""The committed document, and what it says of a message."""

import json
from datetime import date
from functools import lru_cache
from typing import Any

from jsonschema import Draft7Validator, FormatChecker

from hugmood.ambient import Instant
from tests.markdown import ROOT, code_blocks

Json = dict[str, Any]

PATH = ROOT / "docs" / "asyncapi.json"
DOCUMENT: Json = json.loads(PATH.read_text("utf-8"))
MESSAGES: Json = DOCUMENT["components"]["messages"]
TYPES = {key: said["payload"]["properties"]["type"]["const"] for key, said in MESSAGES.items()}
"""The types on the wire, which are constants: the others need not be tried."""
OPERATIONS: Json = DOCUMENT["operations"]
RECEIVED = {key for key, operation in OPERATIONS.items() if operation["action"] == "receive"}
"""What clients send, whose operations are called as their messages are."""
EXAMPLES: list[Json] = [
    json.loads(text) for text in code_blocks(ROOT / "docs" / "protocol.md", "json")
]

FORMATS = FormatChecker(())
FORMATS.checks("date-time", raises=ValueError)(lambda text: Instant.parse(text) is not None)
FORMATS.checks("date", raises=ValueError)(lambda text: date.fromisoformat(text) is not None)


@lru_cache
def validator(key: str) -> Draft7Validator:
    """What judges messages by the payload schema of this one."""
    pointer = {"$ref": f"#/components/messages/{key}/payload"}
    schema = {"components": DOCUMENT["components"], **pointer}
    return Draft7Validator(schema, format_checker=FORMATS)


def accepts(key: str, message: Json) -> bool:
    """Whether the document says that this is such a message."""
    return bool(validator(key).is_valid(message))


def keys(message: Json) -> list[str]:
    """All kinds of messages that this one is, by the document.

    An example with a number is the server's, and compared with what the server says.
    """
    client = "sequenceNumber" not in message
    kinds = [key for key, kind in TYPES.items() if kind == message["type"]]
    return [key for key in kinds if (key in RECEIVED) is client and accepts(key, message)]


def shown(message: Json) -> str:
    """The name of an example in a test report."""
    return f"{message['type']}-{message['id'][:12]}"
