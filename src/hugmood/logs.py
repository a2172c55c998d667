"""Log lines: one shape for ours, for the libraries' and for Python's warnings.

Get a logger with `structlog.get_logger(__name__)`. An event is a few fixed words;
what varies goes into keys. Keys that may hold what people wrote, who or where they
are come out as `[redacted]`: the last line of defence, not a licence to log them.
"""

import dataclasses
import logging
import re
import sys
from collections.abc import Mapping
from typing import Final, Literal, TextIO

import msgspec
import structlog
from structlog.stdlib import LoggerFactory, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict, Processor, WrappedLogger

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "console", "json"]

REDACTED: Final = "[redacted]"

_SENSITIVE: Final = frozenset(
    ["email", "latitude", "location", "longitude", "message", "note", "password", "secret", "token"]
)
"""Compared with the last word of a key: `newPassword` and `access_token`, not `message_id`."""

_SENSITIVE_KEYS: Final = frozenset(["authorization", "cookie", "database_url", "secret_key"])

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")

_LEVELS: Final = {
    # At DEBUG they write whole frames, and with them what people say.
    "websockets": logging.INFO,
    # One line per request, with its query string; the gateway logs what matters.
    "uvicorn.access": logging.CRITICAL + 1,
    # One line for each part of itself, at the first start.
    "alembic.runtime.plugins": logging.WARNING,
}


def configure(
    level: LogLevel, log_format: LogFormat, process_name: str, stream: TextIO | None = None
) -> None:
    """Send all log lines of this process to `stream`, by default standard error.

    `process_name` stands in each line, since several processes share one output.
    Start uvicorn with `log_config=None`, or it undoes this. May be called again.
    """
    stream = stream or sys.stderr
    shared = _shared(process_name)
    renderers = _renderers(log_format, terminal=stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[ProcessorFormatter.remove_processors_meta, redact, *renderers],
        )
    )
    _route_standard_logging(handler, level)
    structlog.configure(
        processors=[*shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,  # else a second call would not reach old loggers
    )


def _shared(process_name: str) -> list[Processor]:
    """What every line goes through, whoever wrote it."""

    def add_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"] = process_name
        return event

    return [
        structlog.contextvars.merge_contextvars,
        add_log_level,
        add_logger_name,
        add_process,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _renderers(log_format: LogFormat, *, terminal: bool) -> list[Processor]:
    """Tracebacks are plain in both: the fancy ones show local variables, so secrets."""
    if log_format == "console" or (log_format == "auto" and terminal):
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _route_standard_logging(handler: logging.Handler, level: LogLevel) -> None:
    """Make the root logger's handler the only one there is."""
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    for name, least in _LEVELS.items():
        logging.getLogger(name).setLevel(max(least, root.level))


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the values of sensitive keys, at any depth, and what cannot be looked into."""
    for key, value in event.items():
        if key not in {"event", "exc_info"}:
            event[key] = _cleaned(key, value)
    return event


def _cleaned(key: str, value: object) -> object:
    if _is_sensitive(key):
        return REDACTED
    if isinstance(value, Mapping):
        return {inner: _cleaned(str(inner), held) for inner, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned("", held) for held in value]
    if isinstance(value, bytes | bytearray | memoryview | msgspec.Raw):
        return f"{memoryview(value).nbytes} bytes"
    if isinstance(value, msgspec.Struct) or dataclasses.is_dataclass(value):
        return type(value).__name__
    return value


def _is_sensitive(key: str) -> bool:
    last = _WORD.findall(key)[-1:]
    return key.lower() in _SENSITIVE_KEYS or (bool(last) and last[0].lower() in _SENSITIVE)
