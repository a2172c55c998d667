"""What a log line looks like, and what never stands in one."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import pytest
import structlog

from hugmood import logs


@dataclass
class Note:
    """Something that a careless line might log as a whole."""

    text: str


class Sent(msgspec.Struct):
    """Likewise."""

    text: str


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the lines go; all that logging holds is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in logs._LEVELS}
    yield io.StringIO()
    root.handlers, root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def logged(stream: io.StringIO) -> list[dict[str, object]]:
    """The lines, each of which must be one JSON object."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_line(stream: io.StringIO) -> None:
    """Who says what about what, and when."""
    logs.configure("info", "json", "gateway", stream)
    structlog.get_logger("hugmood.app").info("listening", port=5000)
    (line,) = logged(stream)
    assert str(line.pop("timestamp")).endswith("Z")
    assert {
        "event": "listening",
        "level": "info",
        "logger": "hugmood.app",
        "process": "gateway",
        "port": 5000,
    } == line


def test_console_line(stream: io.StringIO) -> None:
    """For people: key=value, without colours where there is no terminal."""
    logs.configure("info", "console", "gateway", stream)
    structlog.get_logger("hugmood.app").info("listening", port=5000)
    assert "listening" in stream.getvalue()
    assert stream.getvalue().endswith("port=5000 process=gateway\n")


def test_auto_is_json_without_a_terminal(stream: io.StringIO) -> None:
    """What collects lines reads JSON."""
    logs.configure("info", "auto", "gateway", stream)
    structlog.get_logger("hugmood.app").info("listening")
    assert "listening" == logged(stream)[0]["event"]


def test_auto_is_console_on_a_terminal(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People read words."""
    monkeypatch.setattr(stream, "isatty", lambda: True)
    logs.configure("info", "auto", "gateway", stream)
    structlog.get_logger("hugmood.app").info("listening")
    assert not stream.getvalue().startswith("{")


def test_level(stream: io.StringIO) -> None:
    """Less important lines are left out, whoever wrote them."""
    logs.configure("warning", "json", "gateway", stream)
    structlog.get_logger("hugmood.app").info("no")
    logging.getLogger("other").info("no")
    structlog.get_logger("hugmood.app").warning("yes")
    assert ["yes"] == [line["event"] for line in logged(stream)]


def test_second_call_counts(stream: io.StringIO) -> None:
    """Also for loggers that exist already."""
    log = structlog.get_logger("hugmood.app")
    logs.configure("info", "json", "one", io.StringIO())
    log.info("first")
    logs.configure("info", "json", "two", stream)
    log.info("second")
    assert ["two"] == [line["process"] for line in logged(stream)]


def test_bound_context_stands_in_the_line(stream: io.StringIO) -> None:
    """A connection's id is bound once and appears everywhere below."""
    logs.configure("info", "json", "gateway", stream)
    with structlog.contextvars.bound_contextvars(client="c-1"):
        structlog.get_logger("hugmood.app").info("signed in")
    assert "c-1" == logged(stream)[0]["client"]


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error", "asyncio", "alembic"])
def test_libraries_write_the_same_shape(name: str, stream: io.StringIO) -> None:
    """Standard logging comes out as ours does, once."""
    logs.configure("info", "json", "gateway", stream)
    logging.getLogger(name).info("started on %d", 5000)
    (line,) = logged(stream)
    assert ("started on 5000", name, "gateway") == (line["event"], line["logger"], line["process"])


def test_access_log_is_off(stream: io.StringIO) -> None:
    """Its lines would hold query strings, and there is one for each request."""
    logs.configure("debug", "json", "gateway", stream)
    logging.getLogger("uvicorn.access").info("GET /?token=sesame")
    assert "" == stream.getvalue()


def test_frames_are_never_logged(stream: io.StringIO) -> None:
    """At DEBUG the library would write whole messages."""
    logs.configure("debug", "json", "gateway", stream)
    logging.getLogger("websockets.client").debug("> TEXT sesame")
    assert "" == stream.getvalue()


def test_warnings_are_lines(stream: io.StringIO) -> None:
    """Python's own warnings too."""
    logs.configure("info", "json", "gateway", stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert "py.warnings" == logged(stream)[0]["logger"]


def test_traceback_without_locals(stream: io.StringIO) -> None:
    """It tells where, and shows no variable's value."""
    logs.configure("info", "console", "gateway", stream)
    sesame = "open"
    try:
        int(sesame and "x")
    except ValueError:
        structlog.get_logger("hugmood.app").exception("failed")
    assert "ValueError" in stream.getvalue()
    assert "'open'" not in stream.getvalue()


@pytest.mark.parametrize(
    "key",
    [
        "token", "password", "note", "message", "location", "latitude", "longitude", "secret",
        "email", "newPassword", "access_token", "Note", "customMessage", "secret_key",
        "database_url",
    ],
)  # fmt: skip
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_sensitive_key(key: str, log_format: logs.LogFormat, stream: io.StringIO) -> None:
    """Its value is replaced in every format."""
    logs.configure("info", log_format, "gateway", stream)
    structlog.get_logger("hugmood.app").info("careless", **{key: "sesame"})
    assert "sesame" not in stream.getvalue()
    assert logs.REDACTED in stream.getvalue()


@pytest.mark.parametrize("key", ["message_id", "message_type", "notes_kept", "client", "event_id"])
def test_harmless_key(key: str, stream: io.StringIO) -> None:
    """What only sounds alike is kept."""
    logs.configure("info", "json", "gateway", stream)
    structlog.get_logger("hugmood.app").info("careful", **{key: "kept"})
    assert "kept" == logged(stream)[0][key]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"user": "u-1", "note": "sesame"}, {"user": "u-1", "note": logs.REDACTED}),
        ([{"email": "sesame"}], [{"email": logs.REDACTED}]),
        (({"a": {"token": "sesame"}},), [{"a": {"token": logs.REDACTED}}]),
        (b"sesame", "6 bytes"),
        (msgspec.Raw(b'"sesame"'), "8 bytes"),
        (Note("sesame"), "Note"),
        (Sent("sesame"), "Sent"),
    ],
)
def test_sensitive_inside(value: object, shown: object, stream: io.StringIO) -> None:
    """At any depth; what cannot be told apart by key is not shown at all."""
    logs.configure("info", "json", "gateway", stream)
    structlog.get_logger("hugmood.app").info("careless", data=value)
    assert shown == logged(stream)[0]["data"]
