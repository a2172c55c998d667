"""Reading an export back, and what else operators do with accounts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from hugmood.features.account import imports, operators
from hugmood.features.account.imports import Taken, parse
from hugmood.features.moods.messages import FetchMoodHistory, Location
from hugmood.wire.message import ConnectionClose
from hugmood.wire.zipped import Zip
from tests.device import Device
from tests.features.leaving import download
from tests.features.people import feel
from tests.world import World


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody with three entries, one of them with everything."""
    ada = world.register("Ada", time_zone="Asia/Kathmandu", remember_me=True)
    place = Location(latitude=27.7, longitude=85.3, name="Kathmandu", type="city")
    feel(ada, note="One", tags=["a"], factors={"sleep": 7.5}, location=place, is_public=True)
    world.clock.move(7200)
    feel(ada, "happy", pleasantness=0.5)
    world.clock.move(86_400)
    feel(ada, "sad")
    return ada


def unwatched(_: int) -> Callable[[int], None]:
    """Show no progress."""
    return lambda _: None


def saved(device: Device, folder: Path) -> Path:
    """Export an account as operators do."""
    file = folder / "export.zip"
    file.write_bytes(b"".join(operators.export_user(device.world.database, device.email)))
    return file


def take(device: Device, file: Path) -> Taken:
    """Take an export into an account."""
    return operators.import_user(device.world.database, device.email, file, unwatched)


def without_ids(device: Device) -> list[dict[str, Any]]:
    """The entries in somebody's export, less what names them."""
    moods = json.loads(download(device)["data.json"])["moods"]
    return [{name: value for name, value in mood.items() if name != "id"} for mood in moods]


def test_operators_export_the_same(ada: Device, tmp_path: Path) -> None:
    """What operators write for somebody is what they get by themselves."""
    found = imports.read_export(saved(ada, tmp_path))
    assert found == parse(download(ada)["data.json"].encode())


def test_into_another_account(world: World, ada: Device, tmp_path: Path) -> None:
    """Every field of every entry is the same in the new account, days and zones too."""
    new = world.register("Ada again", email="again@example.com")
    assert Taken(3, 0) == take(new, saved(ada, tmp_path))
    assert without_ids(ada) == without_ids(new)
    assert 3 == new.request(FetchMoodHistory()).total_count


def test_twice(world: World, ada: Device, tmp_path: Path) -> None:
    """An import that is repeated doubles nothing, in the same account or another."""
    file = saved(ada, tmp_path)
    new = world.register("Ada again", email="again@example.com")
    assert Taken(0, 3) == take(ada, file)
    assert Taken(3, 0) == take(new, file)
    assert Taken(0, 3) == take(new, file)
    assert Taken(0, 3) == take(new, saved(new, tmp_path))


def test_resumes(
    world: World, ada: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was interrupted goes on where it was when it is run again."""
    monkeypatch.setattr(imports, "PIECE", 2)
    new = world.register("Ada again", email="again@example.com")
    file = saved(ada, tmp_path)

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        operators.import_user(world.database, new.email, file, lambda _: interrupted)
    assert 2 == new.request(FetchMoodHistory()).total_count
    assert Taken(1, 2) == take(new, file)


MOOD: Final[dict[str, Any]] = {
    "id": "mood-1",
    "mood": "calm",
    "intensity": 0.5,
    "isPublic": False,
    "occurredAt": "2023-08-25T16:30:00.000+02:00",
    "timeZone": "Europe/Berlin",
    "day": "2023-08-25",
    "model": "hm-affect-1",
    "affect": 0.25,
}
EXPORT: Final[dict[str, Any]] = {
    "format": "hugmood-export",
    "version": 1,
    "settings": {"hugsFrom": "everyone", "statusTo": "nobody", "streaks": True, "analyticsTo": []},
}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"intensity": 2}, r"moods\[1\].intensity: Expected `float` <= 1.0"),
        ({"mood": "hangry"}, r"moods\[1\].mood: this mood is not in the catalogue"),
        ({"occurredAt": "yesterday"}, r"moods\[1\].occurredAt: this is no moment"),
        ({"occurredAt": "2023-08-25T16:30:00"}, r"moods\[1\].occurredAt: this is no moment"),
        ({"timeZone": "Mars/Olympus"}, r"moods\[1\].timeZone: this is no IANA"),
        ({"day": "someday"}, r"moods\[1\].day: this is no date"),
        ({"day": "2023-08-29"}, r"moods\[1\].day: this is not the day"),
        ({"note": "x" * 2001}, r"moods\[1\].note: Expected `str` of length <= 2000"),
    ],
)
def test_bad_entry(fields: dict[str, Any], words: str) -> None:
    """A wrong field is named, and nothing of the file is taken."""
    export = EXPORT | {"moods": [MOOD, MOOD | fields]}
    with pytest.raises(ValueError, match=words):
        parse(json.dumps(export).encode())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n"format":\n oops}', "line 3"),
        ('{\n"format": "hugmood-export"', "line 2"),
        ('{"format": "other"}', "format: Invalid enum value 'other'"),
        (json.dumps(EXPORT | {"version": 2, "moods": []}), "version: Invalid enum value 2"),
        (json.dumps(EXPORT), "missing required field `moods`"),
    ],
)
def test_bad_file(text: str, words: str) -> None:
    """What is no export is refused, with the line or the field."""
    with pytest.raises(ValueError, match=words):
        parse(text.encode())


def test_no_archive(tmp_path: Path) -> None:
    """A file of another kind, none at all, or an archive of something else is refused."""
    other, empty = tmp_path / "other.zip", tmp_path / "empty.zip"
    other.write_text("hello")
    empty.write_bytes(Zip().end())
    for file, words in ((other, "cannot be read"), (empty, "no data.json"), (tmp_path, "cannot")):
        with pytest.raises(ValueError, match=words):
            imports.read_export(file)


def test_bad_import_changes_nothing(world: World, ada: Device, tmp_path: Path) -> None:
    """A fault in the last entry is found before the first is taken."""
    archive, file = Zip(), tmp_path / "bad.zip"
    archive.begin("data.json")
    text = json.dumps(EXPORT | {"moods": [MOOD, MOOD | {"affect": "much"}]})
    file.write_bytes(archive.add(text) + archive.end())
    with pytest.raises(ValueError, match=r"moods\[1\].affect"):
        take(ada, file)
    assert 3 == ada.request(FetchMoodHistory()).total_count


def test_settings(world: World, ada: Device, tmp_path: Path) -> None:
    """What one chose comes back."""
    archive, file = Zip(), tmp_path / "settings.zip"
    archive.begin("data.json")
    file.write_bytes(archive.add(json.dumps(EXPORT | {"moods": []})) + archive.end())
    take(ada, file)
    assert "nobody" == json.loads(download(ada)["data.json"])["settings"]["statusTo"]


def test_nobody(world: World, tmp_path: Path) -> None:
    """Without an account there is nothing to do."""
    for work in (operators.delete_user, lambda *args: list(operators.export_user(*args))):
        with pytest.raises(ValueError, match="no account"):
            work(world.database, "nobody@example.com")


def test_operators_delete(world: World, ada: Device) -> None:
    """A running server cuts the sockets of an account that was deleted beside it."""
    assert ada.user_id == operators.delete_user(world.database, ada.email)
    world.clock.move(2)
    assert ["session_revoked"] == [close.code for close in ada.pushes(ConnectionClose)]
    world.register("Ada", email=ada.email)
