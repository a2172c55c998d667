"""What a setting is, and how the text of a variable becomes its value.

A kind of setting also says in words what it accepts, for errors and documentation.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
N = TypeVar("N", int, float)

SQLITE: Final = "sqlite:///"
SECRET_LENGTH: Final = 32
"""Characters at least: a key for HMAC-SHA256 has 256 bits or more (RFC 7518, 3.2)."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Kind(Generic[T_co]):
    """How a variable's text becomes a value, and what to say when it does not."""

    accepts: str
    parse: Callable[[str], T_co]
    """Raises ValueError or OSError."""
    secret: bool = False
    """The text must not be repeated, not even in an error."""


@dataclass(frozen=True)
class Setting:
    """What error texts and the documentation say of a field."""

    kind: Kind[object]
    default: str
    description: str


def setting(kind: Kind[T], description: str, *, default: T) -> T:
    """A dataclass field whose metadata holds its `Setting`."""
    metadata = {"setting": Setting(kind, _written(default), description)}
    return field(default=default, metadata=metadata, repr=not kind.secret)


def setting_made(kind: Kind[T], description: str, make: Callable[[], T], default: str) -> T:
    """Like `setting`; the default is made when it is needed and described by `default`."""
    metadata = {"setting": Setting(kind, default, description)}
    return field(default_factory=make, metadata=metadata, repr=not kind.secret)


def _written(value: object) -> str:
    """A default as people would give it."""
    if value is True:
        return "`on`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{value}`" if value else "none"


def seconds(low: float, high: float) -> Kind[float]:
    """A time in seconds, both bounds included."""
    return Kind(f"seconds, from {low:g} to {high:g}", _between(float, low, high))


def whole(low: int, high: int) -> Kind[int]:
    """A whole number, both bounds included."""
    return Kind(f"a whole number from {low} to {high}", _between(int, low, high))


def _between(convert: Callable[[str], N], low: N, high: N) -> Callable[[str], N]:
    def parse(text: str) -> N:
        value = convert(text)
        if not low <= value <= high:  # "nan" is not between either
            raise ValueError
        return value

    return parse


def choice(*values: T) -> Kind[T]:
    """One of these values, which are written as themselves; case does not matter."""
    return _named({str(value): value for value in values})


def switch() -> Kind[bool]:
    """`on` or `off`."""
    return _named({"on": True, "off": False})


def _named(values: dict[str, T]) -> Kind[T]:
    def parse(text: str) -> T:
        if text.lower() not in values:
            raise ValueError
        return values[text.lower()]

    *others, last = (f"`{word}`" for word in values)
    return Kind(f"{', '.join(others)} or {last}", parse)


def several(one: Kind[T]) -> Kind[tuple[T, ...]]:
    """A list of what `one` takes, separated by commas."""

    def parse(text: str) -> tuple[T, ...]:
        return tuple(one.parse(part.strip()) for part in text.split(","))

    return Kind(f"{one.accepts}; several are separated by commas", parse, one.secret)


def host() -> Kind[str]:
    """Where to listen; names are not looked up here."""

    def parse(text: str) -> str:
        if any(mark in text for mark in "/[]@, "):
            raise ValueError
        return text

    return Kind("a host name or an address such as `127.0.0.1`, `0.0.0.0` or `::1`", parse)


def secret() -> Kind[str]:
    """A key of at least `SECRET_LENGTH` characters."""

    def parse(text: str) -> str:
        if len(text) < SECRET_LENGTH:
            raise ValueError
        return text

    return Kind(f"text of at least {SECRET_LENGTH} characters", parse, secret=True)


def readable_file() -> Kind[str | None]:
    """A file that is there and may be read, as an absolute path."""

    def parse(text: str) -> str:
        path = Path(text).expanduser().absolute()
        with path.open("rb"):
            return str(path)

    return Kind("a PEM file that can be read", parse)


def origin() -> Kind[str]:
    """A web origin as browsers write it (RFC 6454, 6.2): lower case, no default port."""
    return Kind("an origin such as `https://app.example.com`", _origin)


def _origin(text: str) -> str:
    parts = urlsplit(text.lower().removesuffix("/"))
    bare = parts.geturl() == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
    if not bare or not parts.hostname or parts.scheme not in _DEFAULT_PORTS:
        raise ValueError
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    standard = parts.port in {None, _DEFAULT_PORTS[parts.scheme]}
    return f"{parts.scheme}://{name}" if standard else f"{parts.scheme}://{name}:{parts.port}"


def network() -> Kind[str]:
    """An address, or a network in CIDR notation (RFC 4632)."""

    def parse(text: str) -> str:
        return str(ip_network(text, strict=False))

    return Kind("an address or a network such as `10.0.0.0/8` or `::1`", parse)


def database() -> Kind[str]:
    """A database URL; an SQLite path becomes absolute, so that no process depends on its own."""
    forms = (
        "`sqlite:///relative/file.db`, `sqlite:////absolute/file.db` "
        "or `postgresql://user:password@host/name`"
    )
    return Kind(forms, _database, secret=True)


def _database(text: str) -> str:
    if text.startswith("postgresql://"):
        urlsplit(text)  # refuses brackets that do not match
        return text
    file = text.removeprefix(SQLITE)
    # A database in memory cannot serve several processes, and an option after a
    # question mark would become part of the file's name.
    if file in {text, ""} or file.endswith("/") or ":memory:" in file or "?" in file:
        raise ValueError
    return f"{SQLITE}{Path(file).expanduser().absolute()}"
