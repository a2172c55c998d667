"""What all of `fetch` has in common, whatever it is asked for.

Two people have lived the same life among three others and among sixty; all tests only
read. That the lists hold what they should is tested beside each feature.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from hugmood.features import load_handlers
from hugmood.features.auth.messages import AuthCredentials
from hugmood.features.group_hugs.messages import JoinGroupHug
from hugmood.wire.message import COMMANDS
from tests.databases import InMemory
from tests.device import Device, Message
from tests.features.bonds import block
from tests.features.people import ask, feel, follow, group_hug, hug
from tests.world import World

FEW: Final = 3
MANY: Final = 60

LISTS: Final[dict[str, str | None]] = {
    "mood_history": "createdAt",
    "feed": "createdAt",
    "hug_history": "sentAt",
    "hug_requests": "createdAt",
    "group_hugs": "createdAt",
    "notifications": "createdAt",
    "followers": "since",
    "following": "since",
    "users": None,
    "statuses": None,
    "badges": "earnedAt",
    "sessions": "createdAt",
    "blocked": "since",
}
"""Each list and the time it is in the order of; people found are in that of names."""

SINGLES: Final = {
    "mood_analytics": "analytics",
    "profile": "profile",
    "streak": "streak",
    "mood_catalog": "moodCatalog",
    "hug_catalog": "hugCatalog",
    "settings": "settings",
}
"""What is no list, and the field that it answers with."""

MORE: Final[dict[str, dict[str, Any]]] = {
    "users": {"query": "pal"},
    "mood_analytics": {"timeRange": "month", "includeCorrelations": False},
}
"""What has to be said besides."""

EARNED: Final = 1
"""How many badges such a life brings, however many people are in it."""


def life(world: World, count: int) -> Device:
    """Somebody to whom everything happened so many times, each at a time of its own."""
    ada = world.register("Ada", remember_me=True)
    for number in range(count):
        pal = world.register(f"Pal {number:02}")
        follow(pal, ada)
        follow(ada, pal)
        hug(pal, ada)
        ask(pal, ada, expires_after=7 * 24 * 3600)
        group = group_hug(pal, ada, scheduled_for=world.clock.after(3600))
        ada.request(JoinGroupHug(group_hug_id=group))
        feel(ada)
        feel(pal, is_public=True)
        block(ada, world.register(f"Foe {number:02}"))
        _sign_in_again(world, ada, times=number > 0)
        world.clock.move(1)
        pal.drop()
    world.clock.move(3300)  # when all are reminded of the group hugs
    return ada


def _sign_in_again(world: World, ada: Device, *, times: int) -> None:
    for _ in range(times):
        device = world.connect()
        device.sign_in(AuthCredentials(email=ada.email, password=ada.password, remember_me=True))
        device.drop()


@pytest.fixture(scope="module")
def lives(sqlite_template: Path) -> Iterator[dict[int, Device]]:
    """The two people by how many others there are."""
    with ExitStack() as stack:
        found: dict[int, Device] = {}
        for count in (FEW, MANY):
            place = InMemory(sqlite_template)
            stack.callback(place.close)
            world = stack.enter_context(World(place, limited=False))
            found[count] = life(world, count)
        yield found


def fetch(device: Device, kind: str, **page: int) -> Message:
    """Ask, and return the reply or the error."""
    data = {"dataType": kind} | MORE.get(kind, {}) | page
    (message,) = device.raw({"type": "fetch", "id": "msg-1", "data": data})
    return message


def test_nothing_is_left_out() -> None:
    """All that can be fetched is in the tables of this test."""
    load_handlers()
    assert {kind for name, kind in COMMANDS if name == "fetch"} == {*LISTS, *SINGLES}


@pytest.mark.parametrize("kind", LISTS)
def test_list(lives: dict[int, Device], kind: str) -> None:
    """A list says what it is, how many there are, and as of when."""
    ada = lives[MANY]
    reply = fetch(ada, kind, limit=100)
    several = {"notifications": MANY + EARNED, "badges": EARNED}
    expected = several.get(kind, MANY)
    assert ("fetch_response", "msg-1-resp") == (reply.type, reply.id)
    assert len(reply.data["items"]) == expected
    assert {
        "success": True,
        "dataType": kind,
        "totalCount": expected,
        "asOfSequence": ada.position,
    }.items() <= reply.data.items()


@pytest.mark.parametrize("kind", SINGLES)
def test_single(lives: dict[int, Device], kind: str) -> None:
    """What is no list answers with a field of its own name, and says as of when."""
    ada = lives[FEW]
    reply = fetch(ada, kind)
    assert ("fetch_response", "msg-1-resp") == (reply.type, reply.id)
    assert {"success": True, "dataType": kind, "asOfSequence": ada.position}.items() <= (
        reply.data.items()
    )
    assert reply.data[SINGLES[kind]]
    assert reply.data.keys().isdisjoint({"items", "totalCount"})


@pytest.mark.parametrize("kind", [kind for kind, time in LISTS.items() if time])
def test_newest_first(lives: dict[int, Device], kind: str) -> None:
    """A list begins with the newest, and no two of these are of the same time."""
    time = LISTS[kind]
    times = [item[time] for item in fetch(lives[MANY], kind, limit=100).data["items"]]
    reminders = kind == "notifications"  # they come together when it is time
    assert times == sorted(times if reminders else set(times), reverse=True)


def test_statuses_in_order_of_following(lives: dict[int, Device]) -> None:
    """Of people the last one followed is first."""
    ada = lives[MANY]
    people = [
        [item["userId"] for item in fetch(ada, kind, limit=100).data["items"]]
        for kind in ("statuses", "following")
    ]
    assert people[0] == people[1]


def test_users_by_name(lives: dict[int, Device]) -> None:
    """Who is searched for is listed by name."""
    names = [item["name"] for item in fetch(lives[MANY], "users", limit=100).data["items"]]
    assert names == sorted(names)


@pytest.mark.parametrize("kind", LISTS)
def test_pages(lives: dict[int, Device], kind: str) -> None:
    """Pages fit together, and beyond the end there is nothing; the count is of all."""
    ada = lives[MANY]
    whole = fetch(ada, kind, limit=100).data
    pages = [fetch(ada, kind, limit=25, offset=n).data for n in (0, 25, 50, 75, 100)]
    assert [item for page in pages for item in page["items"]] == whole["items"]
    assert {page["totalCount"] for page in pages} == {whole["totalCount"]}


@pytest.mark.parametrize("kind", LISTS)
def test_default_page(lives: dict[int, Device], kind: str) -> None:
    """A page has twenty entries where nothing else is asked."""
    page = fetch(lives[MANY], kind).data
    assert len(page["items"]) == min(20, page["totalCount"])


@pytest.mark.parametrize(
    ("name", "value"), [("limit", 0), ("limit", 101), ("limit", -1), ("offset", -1)]
)
@pytest.mark.parametrize("kind", LISTS)
def test_out_of_range(lives: dict[int, Device], kind: str, name: str, value: int) -> None:
    """Whoever asks for too much, or for less than something, is told."""
    error = fetch(lives[FEW], kind, **{name: value})
    assert (error.type, error.data["code"]) == ("error", "invalid_request")
    assert error.data["details"] == {"field": f"data.{name}", "issue": "out_of_range"}


@pytest.mark.parametrize("kind", [*LISTS, *SINGLES])
def test_effort(lives: dict[int, Device], kind: str) -> None:
    """Sixty rows take as many statements as three."""
    made = []
    for ada in lives.values():
        fetch(ada, kind)  # what is looked up once is known now
        with ada.world.statements() as statements:
            fetch(ada, kind)
        made.append(statements)
    assert made[0]
    assert made[0] == made[1]
