# ruff: noqa: RUF009 (the defaults that are calls become fields)
"""Settings: the one module that reads the environment.

A setting is a field of `Config`, declared once: its variable is `HUGMOOD_` and
its name, and parsing, error texts and `docs/configuration.md` follow from it.
"""

import difflib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
import platformdirs

from hugmood import settings
from hugmood.ambient import secret_text
from hugmood.logs import LogFormat, LogLevel
from hugmood.settings import SECRET_LENGTH, SQLITE, Setting, setting, setting_made

Environment = Literal["development", "production"]

PREFIX: Final = "HUGMOOD_"


class ConfigError(Exception):
    """A variable is missing, wrong or unknown; the text is one line for people."""


def _data_directory() -> Path:
    return platformdirs.user_data_path("hugmood", appauthor=False)


def _default_database() -> str:
    return f"{SQLITE}{_data_directory() / 'hugmood.db'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting; times are in seconds. Get one from `load()`.

    `repr()` leaves out the secret keys, and the database URL, which may hold a password.
    """

    env: Environment = setting(
        settings.choice("development", "production"),
        "In `production` nothing is made up: a missing secret key is an error.",
        default="development",
    )
    host: str = setting(
        settings.host(),
        "Address to listen on. By default only this machine can connect: opening a service to "
        "a network, or to a proxy on another machine, should be somebody's decision (`0.0.0.0`).",
        default="127.0.0.1",
    )
    port: int = setting(
        settings.whole(0, 65535),
        "Port to listen on; 0 takes one that is free.",
        default=5000,
    )
    database_url: str = setting_made(
        settings.database(),
        "Where everything is kept.",
        _default_database,
        default="`hugmood.db` in the user's data directory",
    )
    secret_key: tuple[str, ...] = setting(
        settings.several(settings.secret()),
        "Signs tokens. The first key signs and all of them verify, so a key can be changed "
        "without signing anyone out. In development one is made and kept beside the database, "
        "in a file that ends in `.key`.",
        default=(),
    )
    auth_timeout: float = setting(
        settings.seconds(0.1, 3600),
        "How long a new connection may take to sign in.",
        default=30.0,
    )
    ping_interval: float = setting(
        settings.seconds(0.1, 3600),
        "How often the server pings a connection.",
        default=30.0,
    )
    silence_timeout: float = setting(
        settings.seconds(0.1, 7200),
        "A connection that was silent for so long is closed; more than the ping interval.",
        default=75.0,
    )
    offline_grace: float = setting(
        settings.seconds(0, 3600),
        "How long people count as present after their last connection went.",
        default=20.0,
    )
    rate_limit: bool = setting(
        settings.switch(),
        "Whether requests are limited in number; `off` is for tests and benchmarks.",
        default=True,
    )
    messages_per_minute: int = setting(
        settings.whole(1, 1_000_000),
        "How many messages a connection may send in a minute; each one in a batch counts.",
        default=120,
    )
    message_burst: int = setting(
        settings.whole(1, 1_000_000),
        "How many of these may come at once.",
        default=40,
    )
    hugs_per_minute: int = setting(
        settings.whole(1, 1_000_000),
        "How many hugs a person may send in a minute, and how many ask for.",
        default=30,
    )
    failed_sign_ins_per_account: int = setting(
        settings.whole(1, 1_000_000),
        "How often signing in to one account may fail in a minute, from one network address.",
        default=5,
    )
    failed_sign_ins_per_address: int = setting(
        settings.whole(1, 1_000_000),
        "How often signing in may fail in a minute, from one network address.",
        default=30,
    )
    new_accounts_per_hour: int = setting(
        settings.whole(1, 1_000_000),
        "How many guests and accounts may be made in an hour, from one network address.",
        default=100,
    )
    trusted_proxies: tuple[str, ...] = setting(
        settings.several(settings.network()),
        "Proxies whose word is taken for where a client comes from; see operating.",
        default=(),
    )
    tls_cert: str | None = setting(
        settings.readable_file(),
        "Certificate chain; with it HugMood itself speaks HTTPS and WSS.",
        default=None,
    )
    tls_key: str | None = setting(
        settings.readable_file(),
        "The certificate's private key.",
        default=None,
    )
    allowed_origins: tuple[str, ...] = setting(
        settings.several(settings.origin()),
        "Web origins whose pages may connect, besides the service's own.",
        default=(),
    )
    retention_days: int = setting(
        settings.whole(1, 36_500),
        "How many days events are kept for people who missed them.",
        default=30,
    )
    retention_events: int = setting(
        settings.whole(100, 10_000_000),
        "How many of each person's newest events are kept.",
        default=10_000,
    )
    readers: int = setting(
        settings.whole(1, 64),
        "Processes that answer reading requests; on SQLite each one slows the writer.",
        default=1,
    )
    graphql: bool = setting(
        settings.switch(),
        "Whether `/graphql` is served, by a process of its own.",
        default=True,
    )
    graphql_depth: int = setting(
        settings.whole(1, 50),
        "How many fields of a GraphQL document may be within each other.",
        default=8,
    )
    graphql_cost: int = setting(
        settings.whole(1, 100_000),
        "How many fields a GraphQL response may have, counted before anything is done.",
        default=1_000,
    )
    graphql_aliases: int = setting(
        settings.whole(0, 1_000),
        "How many fields of a GraphQL document may have another name.",
        default=15,
    )
    graphql_tokens: int = setting(
        settings.whole(10, 100_000),
        "How many tokens a GraphQL document may have.",
        default=2_000,
    )
    graphql_timeout: float = setting(
        settings.seconds(0.1, 20),
        "How long a GraphQL operation may take.",
        default=5.0,
    )
    log_level: LogLevel = setting(
        settings.choice("debug", "info", "warning", "error"),
        "The least important lines that are logged.",
        default="info",
    )
    log_format: LogFormat = setting(
        settings.choice("auto", "console", "json"),
        "How log lines look; `auto` is `console` on a terminal and `json` elsewhere.",
        default="auto",
    )
    db_timeout: float = setting(
        settings.seconds(0.1, 300),
        "How long to wait for a database that is locked or does not answer.",
        default=5.0,
    )

    @property
    def database_file(self) -> Path | None:
        """The SQLite file, None with PostgreSQL."""
        file = self.database_url.removeprefix(SQLITE)
        return Path(file) if file != self.database_url else None

    @property
    def database_name(self) -> str:
        """The database as it may be shown: no user, no password, no options."""
        if self.database_file:
            return str(self.database_file)
        parts = urlsplit(self.database_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def to_json(self) -> bytes:
        """Everything, secrets too: for a pipe to a child, never for arguments or logs."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, data: bytes) -> "Config":
        """What `to_json` gave; raises msgspec.DecodeError for anything else."""
        return msgspec.json.decode(data, type=cls)


_SETTINGS: Final[dict[str, Setting]] = {
    item.name: item.metadata["setting"] for item in fields(Config)
}


def load(environ: Mapping[str, str] | None = None) -> Config:
    """The settings in these variables, by default in those of the process.

    An empty variable counts as absent. The default data directory, and in
    development the key file, are made where they are missing. Raises ConfigError.
    """
    texts = _given(os.environ if environ is None else environ)
    config = Config(**{name: _parsed(name, text) for name, text in texts.items()})
    _check_together(config)
    if config.database_file:
        _check_directory(config.database_file.parent)
    if config.secret_key:
        return config
    return replace(config, secret_key=(_development_key(config.database_file),))


def markdown_table() -> str:
    """All settings as a Markdown table, for `docs/configuration.md`."""
    rows = [
        f"| `{_variable(name)}` | {one.default} | {one.description} Takes {one.kind.accepts}. |"
        for name, one in _SETTINGS.items()
    ]
    return "\n".join(["| variable | default | what it does |", "| --- | --- | --- |", *rows])


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """Texts that are not empty, by field; every variable with our prefix must be known."""
    texts = {name: text.strip() for name, text in environ.items() if name.startswith(PREFIX)}
    fields_given = {name.removeprefix(PREFIX).lower(): text for name, text in texts.items()}
    for name in sorted(fields_given.keys() - _SETTINGS.keys()):
        close = difflib.get_close_matches(name, _SETTINGS, 1)
        hint = f"did you mean {_variable(close[0])}?" if close else "see docs/configuration.md"
        raise ConfigError(f"{_variable(name)} is not a setting of HugMood; {hint}")
    return {name: text for name, text in fields_given.items() if text}


def _parsed(name: str, text: str) -> Any:  # noqa: ANN401 (what the field's own kind gives)
    kind = _SETTINGS[name].kind
    try:
        return kind.parse(text)
    except (ValueError, OSError) as error:
        got = "its value" if kind.secret else repr(text)
        why = f" ({error.strerror})" if isinstance(error, OSError) else ""
        raise ConfigError(
            f"{_variable(name)}: {got} is not accepted{why}; give {kind.accepts}"
        ) from None  # the cause may repeat a secret


def _check_together(config: Config) -> None:
    """Refuse values that are good alone and make no sense together."""
    silence, ping = config.silence_timeout, config.ping_interval
    if silence <= ping:
        raise ConfigError(
            f"{_variable('silence_timeout')}: {silence:g} is not accepted; give more than "
            f"{_variable('ping_interval')}, which is {ping:g}"
        )
    for one, other in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
        if getattr(config, one) and not getattr(config, other):
            raise ConfigError(f"{_variable(other)} is missing; {_variable(one)} needs it")
    if config.env == "production" and not config.secret_key:
        accepts = _SETTINGS["secret_key"].kind.accepts
        raise ConfigError(f"{_variable('secret_key')} is missing; in production give {accepts}")


def _check_directory(directory: Path) -> None:
    """Make the default data directory, for its owner alone; any other must exist."""
    if directory == _data_directory():
        with _told_as("database_url", f"the directory {directory} cannot be made"):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not directory.is_dir():
        raise ConfigError(
            f"{_variable('database_url')}: there is no directory {directory}; make it first"
        )


def _development_key(database_file: Path | None) -> str:
    """The key in the key file, which is made if it is not there."""
    file = database_file or _data_directory() / "hugmood"
    _check_directory(file.parent)
    path = file.with_name(f"{file.name}.key")
    with _told_as("secret_key", f"the key file {path} cannot be used"):
        if not path.exists():
            _write_once(path, secret_text())
        key = path.read_text("ascii").strip()
    if len(key) < SECRET_LENGTH:
        raise ConfigError(f"{_variable('secret_key')}: the key file {path} is too short; delete it")
    return key


def _write_once(path: Path, text: str) -> None:
    """Write a private file unless it exists; of processes that race, one wins.

    A link appears with its whole content or, where another was first, not at all:
    nobody can read half a key, and all read the same one.
    """
    descriptor, draft = tempfile.mkstemp(suffix=".key", prefix=".", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()


@contextmanager
def _told_as(name: str, what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"{_variable(name)}: {what} ({why}); set the variable") from error
