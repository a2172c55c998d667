"""Taking along what one owns (docs/export.md; product: Safety and privacy)."""

import csv
import io
import json
from typing import Any

import msgspec
import pytest

from hugmood.features.account import exports
from hugmood.features.account.imports import parse
from hugmood.features.account.messages import ExportData
from hugmood.features.account.parts import PARTS, ProfileRow, SettingsRow, local_iso
from hugmood.features.auth.messages import Disconnect
from hugmood.features.follows.messages import FollowUser
from hugmood.features.group_hugs.messages import CreateGroupHug
from hugmood.features.hugs.messages import RequestHug
from hugmood.features.moods.messages import Location
from hugmood.features.notifications.messages import MarkNotificationRead, Notification
from tests.device import Device
from tests.features.leaving import NotServed, download, fetch, leave, stretches
from tests.features.people import feel, hug
from tests.features.signing import credentials
from tests.markdown import ROOT, read_sections, tables
from tests.world import World


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody in Berlin."""
    return world.register("Ada", time_zone="Europe/Berlin")


@pytest.fixture
def bob(world: World) -> Device:
    """Somebody else."""
    return world.register("Bob")


def data(device: Device) -> dict[str, Any]:
    """What `data.json` holds."""
    found: dict[str, Any] = json.loads(download(device)["data.json"])
    return found


def test_link(world: World, ada: Device) -> None:
    """The reply says where, how long, and what it is."""
    reply = ada.request(ExportData())
    assert reply.url.startswith("/export/")
    assert (world.clock.after(600), "zip", 1) == (reply.expires_at, reply.format, reply.version)


def test_mood_has_all_fields(ada: Device) -> None:
    """Everything of an entry is there, at the time it was for its author."""
    place = Location(latitude=52.52, longitude=13.405, name="Berlin", type="city")
    entry = feel(
        ada,
        note="Hello",
        tags=["one", "two"],
        factors={"sleep": 7.5},
        pleasantness=0.25,
        location=place,
    )
    (mood,) = data(ada)["moods"]
    assert mood == {
        "id": entry.mood_id,
        "mood": "calm",
        "intensity": 0.5,
        "pleasantness": 0.25,
        "note": "Hello",
        "tags": ["one", "two"],
        "factors": {"sleep": 7.5},
        "isPublic": False,
        "latitude": 52.5,
        "longitude": 13.4,
        "placeName": "Berlin",
        "placeType": "city",
        "occurredAt": "2023-08-25T16:30:00.000+02:00",
        "timeZone": "Europe/Berlin",
        "day": "2023-08-25",
        "model": "hm-affect-1",
        "affect": 0.25,
    }


def test_profile_and_settings(ada: Device) -> None:
    """Who one is and what one chose, but no password."""
    found = data(ada)
    assert ("hugmood-export", 1) == (found["format"], found["version"])
    assert found["profile"] == {
        "userId": ada.user_id,
        "guest": False,
        "name": "Ada",
        "email": "ada@example.com",
        "timeZone": "Europe/Berlin",
        "createdAt": "2023-08-25T14:30:00.000Z",
    }
    assert found["settings"] == {
        "hugsFrom": "everyone",
        "statusTo": "everyone",
        "streaks": True,
        "analyticsTo": [],
    }


def test_others(ada: Device, bob: Device) -> None:
    """Hugs and follows of both directions are there, with others as they are shown."""
    hug(ada, bob, message="To Bob")
    hug(bob, ada)
    ada.request(FollowUser(target_user_id=bob.user_id, action="follow"))
    bob.request(FollowUser(target_user_id=ada.user_id, action="follow"))
    found = data(ada)
    assert [("sent", "To Bob"), ("received", None)] == [
        (one["direction"], one.get("message")) for one in found["hugs"]
    ]
    assert [("following", "Bob"), ("follower", "Bob")] == [
        (one["direction"], one["userName"]) for one in found["follows"]
    ]
    assert {bob.user_id} == {one["userId"] for one in found["hugs"] + found["follows"]}


def test_group_hugs_and_requests(ada: Device, bob: Device) -> None:
    """What one made and what one was asked for is there, each with one's part in it."""
    for one, other in ((ada, bob), (bob, ada)):
        one.request(CreateGroupHug(name=one.name, invitee_ids=[other.user_id]))
        one.request(RequestHug(target_type="user", target_id=other.user_id))
    found = data(ada)
    assert [("Ada", True), ("Bob", False)] == [
        (one["creatorName"], "joinedAt" in one) for one in found["groupHugs"]
    ]
    assert [("sent", "Ada"), ("received", "Bob")] == [
        (one["direction"], one["userName"]) for one in found["hugRequests"]
    ]


def test_notifications_and_badges(ada: Device) -> None:
    """What one earned and what one was told of it is there, and whether it was read."""
    feel(ada)
    (notification,) = ada.pushes(Notification)
    ada.request(MarkNotificationRead(notification_id="all"))
    found = data(ada)
    assert notification.data
    assert found["badges"] == [
        {
            "id": notification.data["badgeId"],
            "badge": "first_feeling",
            "earnedAt": "2023-08-25T14:30:00.000Z",
        }
    ]
    assert found["notifications"] == [
        {
            "id": notification.notification_id,
            "notificationType": "badge_earned",
            "title": notification.title,
            "body": notification.body,
            "data": notification.data,
            "createdAt": "2023-08-25T14:30:00.000Z",
            "readAt": "2023-08-25T14:30:00.000Z",
        }
    ]


def test_no_secrets(ada: Device) -> None:
    """Sessions are there, but nothing by which somebody could come in."""
    files = download(ada)
    assert 1 == len(json.loads(files["data.json"])["sessions"])
    assert "token" not in "".join(files.values()).replace("README", "")
    assert "$argon2" not in "".join(files.values())


def test_nothing_of_others(ada: Device, bob: Device) -> None:
    """What somebody else wrote for themselves is not in it."""
    feel(bob, note="Only for Bob", is_public=True)
    assert "Only for Bob" not in "".join(download(ada).values())


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_pages(
    world: World, ada: Device, bob: Device, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """However many rows there are, each is there once, in the order of time."""
    monkeypatch.setattr(exports, "PAGE", 2)
    expected = []
    for _ in range(count):
        expected.append(feel(ada).mood_id)
        hug(ada, bob)
        hug(bob, ada)
        world.clock.move(60)
    files = download(ada)
    found = json.loads(files["data.json"])
    assert expected == [mood["id"] for mood in found["moods"]]
    assert 2 * count == len({one["id"] for one in found["hugs"]}) == len(found["hugs"])
    assert expected == [line["id"] for line in csv.DictReader(io.StringIO(files["moods.csv"]))]


def test_csv(ada: Device) -> None:
    """A CSV file has a head, CRLF at every line's end, and JSON in cells for lists."""
    feel(ada, note='Line one\nand "two", three', tags=["a"])
    text = download(ada)["moods.csv"]
    assert text.startswith("id,mood,intensity,")
    assert text.endswith("\r\n")
    (line,) = csv.DictReader(io.StringIO(text, newline=""))
    assert ('Line one\nand "two", three', '["a"]', "") == (
        line["note"],
        line["tags"],
        line["placeName"],
    )


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t"])
def test_csv_is_no_formula(ada: Device, first: str) -> None:
    """A spreadsheet shows what somebody wrote, and does not compute it."""
    feel(ada, note=f"{first}1+1", pleasantness=-0.5)
    files = download(ada)
    (line,) = csv.DictReader(io.StringIO(files["moods.csv"], newline=""))
    assert (f"'{first}1+1", "-0.5") == (line["note"], line["pleasantness"])
    assert f"{first}1+1" == json.loads(files["data.json"])["moods"][0]["note"]


def test_link_expires(world: World, ada: Device) -> None:
    """A link is good for ten minutes."""
    url = ada.request(ExportData()).url
    world.clock.move(599)
    assert fetch(world, url)
    world.clock.move(1)
    with pytest.raises(NotServed) as refused:
        fetch(world, url)
    assert "auth_expired" == refused.value.refusal.code


def test_link_ends_with_its_session(world: World, ada: Device) -> None:
    """Log-out ends a link, and a download that is running; another device's goes on."""
    other = world.connect()
    other.sign_in(credentials(ada.email))
    url, other_url = ada.request(ExportData()).url, other.request(ExportData()).url
    session_id = json.loads(download(ada)["data.json"])["sessions"][0]["id"]
    ada.send(Disconnect(reason="user_logout"))
    with pytest.raises(NotServed):
        fetch(world, url)
    with pytest.raises(NotServed):
        list(stretches(world, session_id, "data.json"))
    assert fetch(world, other_url)


def test_link_ends_with_the_account(world: World, ada: Device) -> None:
    """Who left has nothing to fetch."""
    url = ada.request(ExportData()).url
    leave(ada)
    with pytest.raises(NotServed) as refused:
        fetch(world, url)
    assert "invalid_auth" == refused.value.refusal.code


def test_tokens_have_one_purpose(world: World, ada: Device) -> None:
    """A token to sign in opens no export, and a link does not sign in."""
    with pytest.raises(NotServed):
        fetch(world, f"/export/{ada.token}")
    with pytest.raises(NotServed):
        fetch(world, "/export/nonsense")
    ada.token = ada.request(ExportData()).url.removeprefix("/export/")
    with pytest.raises(Exception, match="invalid_auth"):
        ada.another()


def test_guest(world: World) -> None:
    """Guests own what they said, too."""
    guest = world.guest()
    feel(guest)
    assert 1 == len(data(guest)["moods"])


def test_what_is_written_can_be_read(ada: Device) -> None:
    """An import takes every export."""
    feel(ada, note="Hello", location=Location(latitude=1, longitude=2))
    export = parse(download(ada)["data.json"].encode())
    assert ["Hello"] == [mood.note for mood in export.moods]


@pytest.mark.parametrize(
    ("offset", "written"),
    [
        (0, "1970-01-01T00:00:00.000+00:00"),
        (-3600, "1969-12-31T23:00:00.000-01:00"),
        (20_700, "1970-01-01T05:45:00.000+05:45"),
    ],
)
def test_local_time(offset: int, written: str) -> None:
    """A moment is written with the offset from UTC."""
    assert written == local_iso(0, offset)


@pytest.mark.parametrize(
    ("title", "struct"),
    [("profile", ProfileRow), ("settings", SettingsRow), *((p.name, p.struct) for p in PARTS)],
)
def test_page_describes_every_field(title: str, struct: type[msgspec.Struct]) -> None:
    """The tables in docs/export.md have the fields of the files, in their order."""
    sections = read_sections(ROOT / "docs" / "export.md")
    (section,) = [section for section in sections if section.names == {title}]
    (rows,) = tables(section.text)
    wanted = [
        (field.encode_name, "optional" if not field.required else "")
        for field in msgspec.structs.fields(struct)
    ]
    assert wanted == [
        (row[0].strip("`"), "optional" if row[1].endswith(", optional") else "") for row in rows[1:]
    ]
