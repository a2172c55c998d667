"""Finding people (decisions: fetch, `users`)."""

from typing import Any

import pytest

from hugmood.features.auth.names import folded, words
from hugmood.features.profile.messages import (
    FetchUsers,
    UpdateProfile,
    UserItem,
    UserPage,
)
from hugmood.wire.message import Error
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.bonds import befriend, block, follow, unblock
from tests.world import World


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody who looks for people."""
    return world.register("Ada")


def found(device: Device, query: str, **more: Any) -> list[str]:  # noqa: ANN401 (passed on)
    """The names of those who are found."""
    page = device.request(FetchUsers(query=query, **more))
    assert page.total_count >= len(page.items)
    return [item.name for item in page.items]


def test_users(world: World, ada: Device) -> None:
    """Those found are listed by name, with how the two are bound."""
    jane, john, jack = (world.register(name) for name in ("Jane", "John", "Jack"))
    befriend(ada, jane)
    follow(ada, john)
    follow(jack, ada)
    assert ada.request(FetchUsers(query="j")) == UserPage(
        data_type="users",
        total_count=3,
        as_of_sequence=2,
        items=[
            UserItem(user_id=jack.user_id, name="Jack", you_follow=False, is_friend=False),
            UserItem(user_id=jane.user_id, name="Jane", you_follow=True, is_friend=True),
            UserItem(user_id=john.user_id, name="John", you_follow=True, is_friend=False),
        ],
    )


@pytest.mark.parametrize(
    "query",
    ["jane", "JANE", "  jane ", "ja", "van", "dijk", "van d", "jane van dijk", "o'", "zoë", "zoe"],
)
def test_how_a_name_is_found(world: World, ada: Device, query: str) -> None:
    """A name is found by its start or that of any word, whatever case and accents."""
    name = "Jane  van Dijk-O'Zoë"
    world.register(name, email="jane@example.com")
    assert found(ada, query) == [name]


@pytest.mark.parametrize("query", ["ane", "jane dijk", "janet", "%", "_ane", "jane@example.com"])
def test_how_a_name_is_not_found(world: World, ada: Device, query: str) -> None:
    """The middle of a word, wildcards and the address find nobody."""
    world.register("Jane van Dijk", email="jane@example.com")
    assert found(ada, query) == []


def test_found_once(world: World, ada: Device) -> None:
    """Who is found by two words is listed and counted once."""
    world.register("Anna Anders")
    page = ada.request(FetchUsers(query="an"))
    assert ([item.name for item in page.items], page.total_count) == (["Anna Anders"], 1)


def test_by_id(world: World, ada: Device) -> None:
    """A whole id finds its person, whatever case; a part of it does not."""
    bob = world.register("Bob")
    assert found(ada, bob.user_id.upper()) == ["Bob"]
    assert found(ada, bob.user_id[:-1]) == []


def test_same_name(world: World, ada: Device) -> None:
    """People of one name come in the order of their accounts."""
    ids = [world.register("Jo", email=f"jo{number}@example.com").user_id for number in range(3)]
    page = ada.request(FetchUsers(query="jo"))
    assert [item.user_id for item in page.items] == ids


def test_not_found(world: World, ada: Device) -> None:
    """Oneself and guests are not found, neither by name nor by id."""
    guest = world.guest("Adam")
    queries = ["ada", ada.user_id, guest.user_id]
    assert [found(ada, query) for query in queries] == [[], [], []]


@pytest.mark.parametrize("blocker", ["ada", "bob"])
def test_across_a_block(world: World, ada: Device, blocker: str) -> None:
    """Across a block nobody is found; after it they are again."""
    bob = world.register("Bob")
    pair = (ada, bob) if blocker == "ada" else (bob, ada)
    block(*pair)
    assert [found(ada, "bob"), found(ada, bob.user_id), found(bob, "ada")] == [[], [], []]
    unblock(*pair)
    assert found(ada, "bob") == ["Bob"]


def test_new_name(world: World, ada: Device) -> None:
    """A new name is found, the old one no more."""
    bob = world.register("Bob")
    bob.request(UpdateProfile(name="Robert"))
    assert (found(ada, "bob"), found(ada, "robert")) == ([], ["Robert"])


def test_renamed_guest(world: World, ada: Device) -> None:
    """A guest is not found by a new name either."""
    world.guest().request(UpdateProfile(name="Zoe"))
    assert found(ada, "zoe") == []


def test_guests_look(world: World, ada: Device) -> None:
    """Guests may look for people."""
    assert found(world.guest(), "ad") == ["Ada"]


def test_pages(world: World, ada: Device) -> None:
    """A page begins at its offset, is as long as asked, and knows the whole count."""
    for number in range(4):
        world.register(f"P{number}")
    pages = [
        ada.request(FetchUsers(query="p", limit=limit, offset=offset))
        for limit, offset in ((2, 0), (2, 1), (100, 3), (2, 4))
    ]
    names = [[item.name for item in page.items] for page in pages]
    assert names == [["P0", "P1"], ["P1", "P2"], ["P3"], []]
    assert [page.total_count for page in pages] == [4, 4, 4, 4]


def test_effort(world: World, ada: Device) -> None:
    """A longer page takes no more statements than a short one."""
    for number in range(4):
        world.register(f"P{number}")
    with world.statements() as few:
        found(ada, "p", limit=1)
    with world.statements() as many:
        found(ada, "p")
    assert (len(many), len(few) > 0) == (len(few), True)


def test_for_others(world: World, ada: Device) -> None:
    """Nobody looks for people in another's place."""
    refusal = ada.refusal(FetchUsers(query="a", user_id=world.register("Bob").user_id))
    assert isinstance(refusal, Error)
    assert refusal.code == "permission_denied"


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({}, "data.query", "required_field_missing"),
        ({"query": ""}, "data.query", "invalid_format"),
        ({"query": "  "}, "data.query", "invalid_format"),
        ({"query": "\u0301"}, "data.query", "invalid_format"),
        ({"query": "x" * 81}, "data.query", "too_long"),
        ({"query": 7}, "data.query", "invalid_type"),
        ({"query": "x", "limit": 101}, "data.limit", "out_of_range"),
    ],
)
def test_bad_search(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong is said, field by field."""
    (error,) = ada.raw({"type": "fetch", "id": "msg-1", "data": {"dataType": "users", **data}})
    assert error.data["details"] == {"field": field, "issue": issue}


# Names as they are kept


@pytest.mark.parametrize("name", ["\ufdfa" * 80, "ß" * 80, "a " * 40, "🦊🦊", "\u0301", "- -"])
def test_any_name(world: World, ada: Device, name: str) -> None:
    """Whatever a name is made of, its account opens, and is found if it has letters."""
    world.register(name, email="strange@example.com")
    expected = [name.strip()] if folded(name) else []
    assert found(ada, folded(name)[:40] or "x") == expected


def test_words() -> None:
    """A name is kept from the start of each of its words, and not without end."""
    assert words("Jane van-Dijk") == ["jane van-dijk", "van-dijk", "dijk"]
    assert len(words(" ".join(map(chr, range(ord("a"), ord("z")))))) == 12
    assert max(map(len, words("\ufdfa" * 80))) == 80
