"""Accounts that are opened from the command line."""

import pytest

from hugmood.features.auth.accounts import add_account
from tests.databases import Place
from tests.features.signing import credentials
from tests.world import PASSWORD, World

NEW: dict[str, str] = {
    "email": "Ada@example.com",
    "name": " Ada ",
    "password": PASSWORD,
    "time_zone": "Europe/London",
}


def test_add_account(place: Place) -> None:
    """An account that was opened beside the server can sign in."""
    user_id = add_account(place.open(), **NEW)
    with World(place) as world:
        assert world.connect().request(credentials("ada@example.com")).user_id == user_id


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": "nobody"}, "matching regex"),
        ({"password": "1234567"}, "length >= 8"),
        ({"password": "password1"}, "too common"),
        ({"name": " "}, "matching regex"),
        ({"time_zone": "Mars/Olympus"}, "not one of those known"),
    ],
)
def test_add_bad_account(place: Place, fields: dict[str, str], words: str) -> None:
    """What is wrong with an account is said in a line for people."""
    with pytest.raises(ValueError, match=words):
        add_account(place.open(), **(NEW | fields))


def test_add_account_twice(place: Place) -> None:
    """An address that is known is refused in whatever case it is written."""
    database = place.open()
    add_account(database, **NEW)
    with pytest.raises(ValueError, match="already"):
        add_account(database, **(NEW | {"email": "ada@EXAMPLE.com"}))
