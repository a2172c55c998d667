"""What exactly is wrong with a message: from a decoder's error to field and issue.

Only the failing path comes here, so it may parse again and take its time. The
decoder's own words never reach a client: they can repeat what it sent.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from hugmood.errors import Issue, Rejected, invalid

MAX_DEPTH: Final = 32

# Only the name of an unknown enum value is a client's text: it may look like the rest.
_AT: Final = re.compile(
    r"(?P<what>.*?)(?: - at (?:`key` in )?`(?:key in )?\$(?P<path>[^`]*)`)?", re.DOTALL
)
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_STEP: Final = re.compile(r"[^.\[\]]+")
_ANY_KEY: Final = "[...]"
_UNCLEAN: Final = re.compile(r"[\x00\ud800-\udfff]")
_ISSUES: Final[tuple[tuple[str, Issue], ...]] = (
    (r"^Invalid enum value", "unknown_value"),
    (r"^Object missing required field", "required_field_missing"),
    (r", got `", "invalid_type"),
    (r"of length <=", "too_long"),
    (r"matching regex|RFC3339|timezone|of length", "invalid_format"),
    (r"Expected `\w+` [<>]=?|out of range", "out_of_range"),
)


Flaw = tuple[str, Issue]
"""The path of a value, and what is wrong with it."""


class Unreadable(Rejected):
    """A message that is refused before its `data` means anything.

    It is `malformed` when it is not JSON, not an object, or has a bad envelope, and
    not when only text inside `data` is bad. `message_id` is its id if one was read.
    """

    def __init__(self, field: str | None, issue: Issue, message_id: str | None = None) -> None:
        """Leave `field` None where the message as a whole is wrong."""
        super().__init__(
            "invalid_request", "The request format is invalid", field=field, issue=issue
        )
        self.message_id = message_id
        self.malformed = not (field or "").startswith("data.")


def explain_envelope(error: Exception, message: bytes) -> Unreadable:
    """Say why a JSON message is not an envelope."""
    try:
        parsed = json.loads(message, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return Unreadable(None, "invalid_format")
    if not isinstance(parsed, dict):
        return Unreadable(None, "invalid_type")
    issue, path = _read(error)
    if isinstance(error, msgspec.ValidationError) and _ANY_KEY not in path:
        return Unreadable(path or None, issue, readable_id(parsed))
    # JSON for Python's reader, not for msgspec's: a lone surrogate, too deep, 1e999.
    field, issue = next(flaws(parsed), (None, "invalid_format"))
    return Unreadable(field, issue, readable_id(parsed))


def check_values(parsed: Any) -> None:
    """Refuse what neither JSON nor the protocol allows inside a message.

    Too deep, NUL or lone surrogates in text, and what only MessagePack can say:
    bytes, times, numbers that are not finite. Raises `Unreadable`.
    """
    for field, issue in flaws(parsed):
        raise Unreadable(field or None, issue, readable_id(parsed))


def flaws(value: Any, path: str = "", depth: int = 1) -> Iterator[Flaw]:
    """Yield the path and issue of every value that no message may hold."""
    if depth > MAX_DEPTH and isinstance(value, dict | list):
        yield "", "invalid_format"
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _key_flaws(key, path)
            yield from flaws(item, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from flaws(item, f"{path}[{index}]", depth + 1)
    else:
        yield from _scalar_flaws(value, path)


def _key_flaws(key: Any, path: str) -> Iterator[Flaw]:
    if not isinstance(key, str):
        yield path, "invalid_type"
    elif not _clean(key):
        yield path, "invalid_format"


def _scalar_flaws(value: Any, path: str) -> Iterator[Flaw]:
    if isinstance(value, str):
        good = _clean(value)
    elif isinstance(value, float):
        good = math.isfinite(value)
    elif value is None or isinstance(value, int):
        return
    else:
        yield path, "invalid_type"
        return
    if not good:
        yield path, "invalid_format"


def explain(error: msgspec.MsgspecError, data: bytes, convert: Callable[[Any], Any]) -> Rejected:
    """Turn a decoder's error about `data` into `invalid_request` with its field.

    `convert` decodes plain values as the same struct: it finds the key of a map's
    bad value, which the decoder does not name.
    """
    issue, path = _read(error)
    if _ANY_KEY in path:
        path = _name_key(path, data, convert)
    return invalid(f"data.{path}" if path else "data", issue)


def readable_id(parsed: Any) -> str | None:
    """Return the message's id if it has a good one."""
    value = parsed.get("id") if isinstance(parsed, dict) else None
    good = isinstance(value, str) and 1 <= len(value) <= 128 and _clean(value)  # noqa: PLR2004
    return value if good else None


def _read(error: Exception) -> tuple[Issue, str]:
    match = _AT.fullmatch(str(error))
    what, path = (match["what"], match["path"] or "") if match else (str(error), "")
    path = path.removeprefix(".")
    missing = _MISSING.fullmatch(what)
    if missing:
        path = f"{path}.{missing['name']}" if path else missing["name"]
    for pattern, issue in _ISSUES:
        if re.search(pattern, what):
            return issue, path
    return "invalid_format", path


def _name_key(path: str, data: bytes, convert: Callable[[Any], Any]) -> str:
    name, _, rest = path.partition(_ANY_KEY)
    try:
        parsed = mapping = json.loads(data)
    except ValueError:  # a number with thousands of digits
        return name
    for step in _STEP.findall(name):
        mapping = mapping[int(step) if isinstance(mapping, list) else step]
    for key, item in list(mapping.items()):
        mapping.clear()
        mapping[key] = item  # alone in its place, to see if it is the one
        endless = isinstance(item, float) and math.isinf(item)
        if endless or not _converts(parsed, convert):
            return f"{name}.{key}{rest}"
    return name


def _converts(parsed: Any, convert: Callable[[Any], Any]) -> bool:
    try:
        convert(parsed)
    except msgspec.ValidationError:
        return False
    return True


def _clean(text: str) -> bool:
    return _UNCLEAN.search(text) is None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
