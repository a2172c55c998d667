"""What the environment becomes, and what is said when it makes no sense."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hugmood import config
from hugmood.config import Config, ConfigError, load

KEY = "k" * 32
OTHER_KEY = "o" * 32


@pytest.fixture(autouse=True)
def data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where user data goes, so that no test touches the real place."""
    directory = tmp_path / "share"
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: directory)
    return directory


def refusal(**environ: str) -> str:
    """The text with which these variables (without prefix) are refused."""
    with pytest.raises(ConfigError) as refused:
        load({f"HUGMOOD_{name}": value for name, value in environ.items()})
    return str(refused.value)


def test_nothing_is_needed(data_directory: Path) -> None:
    """An empty environment gives a server for this machine alone."""
    loaded = load({})
    assert ("development", "127.0.0.1", 5000) == (loaded.env, loaded.host, loaded.port)
    assert data_directory / "hugmood.db" == loaded.database_file


def test_default_data_directory_is_private(data_directory: Path) -> None:
    """Only its owner may look into the directory that is made."""
    load({})
    assert 0o700 == stat.S_IMODE(data_directory.stat().st_mode)


def test_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """`load()` reads the variables of the process."""
    monkeypatch.setenv("HUGMOOD_PORT", "8123")
    assert 8123 == load().port


def test_other_variables_are_left_alone() -> None:
    """Only names with the prefix are looked at."""
    assert 5000 == load({"PORT": "nonsense", "HUGMOODY": "x"}).port


def test_empty_counts_as_absent() -> None:
    """Compose files pass variables on that nobody has set."""
    assert 5000 == load({"HUGMOOD_PORT": " ", "HUGMOOD_SECRET_KEY": KEY}).port


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("ENV", "Production", "env", "production"),
        ("PORT", "0", "port", 0),
        ("HOST", "::1", "host", "::1"),
        ("RATE_LIMIT", "off", "rate_limit", False),
        ("OFFLINE_GRACE", "0.5", "offline_grace", 0.5),
        ("SECRET_KEY", f"{KEY}, {OTHER_KEY}", "secret_key", (KEY, OTHER_KEY)),
        ("DATABASE_URL", "sqlite:////tmp/a.db", "database_url", "sqlite:////tmp/a.db"),
        ("DATABASE_URL", "postgresql://h/n", "database_url", "postgresql://h/n"),
        ("ALLOWED_ORIGINS", "https://A.example:443/", "allowed_origins", ("https://a.example",)),
        ("ALLOWED_ORIGINS", "http://[::1]:80,http://b:81", "allowed_origins",
         ("http://[::1]", "http://b:81")),
        ("MESSAGES_PER_MINUTE", "600", "messages_per_minute", 600),
        ("TRUSTED_PROXIES", "127.0.0.1, 10.1.2.3/8,::1", "trusted_proxies",
         ("127.0.0.1/32", "10.0.0.0/8", "::1/128")),
    ],
)  # fmt: skip
def test_text_becomes_value(variable: str, text: str, field: str, value: object) -> None:
    """Each kind of setting is understood."""
    environ = {"HUGMOOD_SECRET_KEY": KEY, f"HUGMOOD_{variable}": text}
    assert value == getattr(load(environ), field)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("ENV", "staging"),
        ("HOST", "http://localhost"),
        ("PORT", "65536"),
        ("PORT", "5000.5"),
        ("PING_INTERVAL", "nan"),
        ("PING_INTERVAL", "-1"),
        ("RATE_LIMIT", "yes"),
        ("SECRET_KEY", "k" * 31),
        ("SECRET_KEY", KEY + ",short"),
        ("DATABASE_URL", "mysql://h/n"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///a.db?mode=ro"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "postgresql://[::1/n"),
        ("TLS_CERT", "/nowhere/cert.pem"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "null"),
        ("ALLOWED_ORIGINS", "https://a.example/app"),
        ("ALLOWED_ORIGINS", "https://user@a.example"),
        ("ALLOWED_ORIGINS", "https://a.example:port"),
        ("RETENTION_DAYS", "0"),
        ("READERS", "0"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_wrong_value_is_refused_by_name(variable: str, text: str) -> None:
    """One line says which variable, and what it takes."""
    said = refusal(**{variable: text})
    assert said.startswith(f"HUGMOOD_{variable}: ")
    assert "is not accepted" in said
    assert "; give " in said
    assert "\n" not in said


def test_unknown_variable_is_refused_with_a_guess() -> None:
    """A typing error must not silently leave the default in force."""
    said = refusal(SECRT_KEY=KEY)
    assert "HUGMOOD_SECRT_KEY is not a setting of HugMood; did you mean HUGMOOD_SECRET_KEY?" == said


def test_unknown_variable_like_no_other() -> None:
    """Where no guess is possible, the page with all of them is named."""
    assert refusal(XYZZY="1").endswith("; see docs/configuration.md")


def test_silence_must_outlast_pings() -> None:
    """Or every quiet client would be cut before it is asked."""
    said = refusal(PING_INTERVAL="80")
    assert said.startswith("HUGMOOD_SILENCE_TIMEOUT: 75 is not accepted")
    assert "HUGMOOD_PING_INTERVAL, which is 80" in said


@pytest.mark.parametrize(("given_one", "missing"), [("CERT", "KEY"), ("KEY", "CERT")])
def test_tls_needs_both_files(given_one: str, missing: str, tmp_path: Path) -> None:
    """A certificate without its key is a mistake, and so is the reverse."""
    file = tmp_path / "one.pem"
    file.touch()
    said = refusal(**{f"TLS_{given_one}": str(file)})
    assert f"HUGMOOD_TLS_{missing} is missing; HUGMOOD_TLS_{given_one} needs it" == said


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children started in another directory find the same file."""
    monkeypatch.chdir(tmp_path)
    loaded = load({"HUGMOOD_DATABASE_URL": "sqlite:///mood.db"})
    assert f"sqlite:///{tmp_path}/mood.db" == loaded.database_url
    assert tmp_path / "mood.db" == loaded.database_file


def test_database_in_no_directory(tmp_path: Path) -> None:
    """A mistyped path is reported, not made."""
    said = refusal(DATABASE_URL=f"sqlite:///{tmp_path}/typo/mood.db")
    assert f"HUGMOOD_DATABASE_URL: there is no directory {tmp_path}/typo; make it first" == said


def test_postgresql_touches_no_directory(data_directory: Path) -> None:
    """In a container the home directory may be read-only."""
    loaded = load({"HUGMOOD_DATABASE_URL": "postgresql://h/n", "HUGMOOD_SECRET_KEY": KEY})
    assert loaded.database_file is None
    assert not data_directory.exists()


def test_production_makes_up_no_key(data_directory: Path) -> None:
    """Not even when a key file lies there from development."""
    load({})
    assert refusal(ENV="production").startswith("HUGMOOD_SECRET_KEY is missing; in production")


def test_development_key_is_kept(data_directory: Path) -> None:
    """The second start reads what the first one wrote, for its owner's eyes only."""
    first = load({}).secret_key
    file = data_directory / "hugmood.db.key"
    assert (file.read_text("ascii").strip(),) == first
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert first == load({}).secret_key
    assert [file] == list(data_directory.iterdir())


def test_development_key_with_postgresql(data_directory: Path) -> None:
    """There is no database file to keep it beside."""
    key = load({"HUGMOOD_DATABASE_URL": "postgresql://h/n"}).secret_key
    assert ((data_directory / "hugmood.key").read_text("ascii").strip(),) == key


def test_damaged_key_file(data_directory: Path) -> None:
    """A key that is too short is not used, and the file is named."""
    data_directory.mkdir()
    (data_directory / "hugmood.db.key").write_text("short", "ascii")
    assert f"the key file {data_directory}/hugmood.db.key is too short" in refusal()


def test_key_file_that_is_no_file(data_directory: Path) -> None:
    """What the system says is passed on in the one line."""
    (data_directory / "hugmood.db.key").mkdir(parents=True)
    said = refusal()
    assert said.startswith("HUGMOOD_SECRET_KEY: the key file ")
    assert "(Is a directory)" in said


def test_key_that_appears_meanwhile_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes start at once: the one that comes second uses the first one's key."""
    url = f"sqlite:///{tmp_path}/mood.db"

    def slow_secret() -> str:
        (tmp_path / "mood.db.key").write_text(OTHER_KEY, "ascii")
        return KEY

    monkeypatch.setattr(config, "secret_text", slow_secret)
    assert (OTHER_KEY,) == load({"HUGMOOD_DATABASE_URL": url}).secret_key
    assert ["mood.db.key"] == [file.name for file in tmp_path.iterdir() if file.is_file()]


def test_repr_shows_no_secret() -> None:
    """A Config may end up in a log or a traceback."""
    one = Config(secret_key=(KEY,), database_url="postgresql://me:sesame@h/n")
    assert KEY not in repr(one)
    assert "sesame" not in repr(one)


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL"])
def test_errors_show_no_secret(name: str) -> None:
    """Nor may an error text."""
    assert "sesame" not in refusal(**{name: "sesame"})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////srv/mood.db", "/srv/mood.db"),
        ("postgresql://me:sesame@h:5433/n?password=sesame", "postgresql://h:5433/n"),
    ],
)
def test_database_name_may_be_shown(url: str, shown: str) -> None:
    """It says where, not with which password."""
    assert shown == Config(database_url=url).database_name


@given(
    st.builds(
        Config,
        port=st.integers(0, 65535),
        secret_key=st.lists(st.text(min_size=32, max_size=40)).map(tuple),
        rate_limit=st.booleans(),
        tls_cert=st.none() | st.text(),
        ping_interval=st.floats(0.1, 3600),
    )
)
def test_json_holds_everything(one: Config) -> None:
    """A child process gets what its parent has, secrets included."""
    assert one == Config.from_json(one.to_json())


def test_table_has_every_setting() -> None:
    """The documentation cannot forget one."""
    rows = config.markdown_table().splitlines()
    assert 2 + len(config._SETTINGS) == len(rows)
    assert {3} == {row.count("|") - 1 for row in rows}


def test_table_shows_no_path_of_this_machine(data_directory: Path) -> None:
    """The generated page is the same wherever it is made."""
    assert str(data_directory) not in config.markdown_table()
    assert str(Path.home()) not in config.markdown_table()
