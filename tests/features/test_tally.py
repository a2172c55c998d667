"""What a person's days come to is kept, and is always what counting them all would find."""

from contextlib import suppress
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hugmood.features.auth.store import Account, insert_account
from hugmood.features.moods.day_store import Counted, counted, credit, days, recredit_day
from hugmood.features.moods.days import tally
from hugmood.store.database import Database, Transaction
from tests.databases import Place

HOUR: Final = 3600 * 1000


class _OverError(Exception):
    """Ends a transaction that shall leave nothing."""


@pytest.fixture
def database(place: Place) -> Database:
    """A database with tables."""
    return place.open()


def somebody(tx: Transaction) -> int:
    """A person, by key."""
    account = Account(0, "user-1", guest=True, name="", time_zone="UTC")
    key = insert_account(tx, account, 0)
    assert key is not None
    return key


def say(tx: Transaction, user: int, day: int, hour: int = 12) -> None:
    """Have an entry."""
    credit(tx, user, counted(tx, user), day, (day * 24 + hour) * HOUR)


def right(tx: Transaction, user: int) -> bool:
    """Whether it is what all days come to."""
    return counted(tx, user).tally == tally(days(tx, user))


def test_nobody(database: Database) -> None:
    """Who never said anything has nothing to count."""
    with database.transaction(write=True) as tx:
        assert counted(tx, somebody(tx)) == Counted(None, 0, kept=False)


def test_kept(database: Database) -> None:
    """Who has said something is known without a look at all days."""
    with database.transaction(write=True) as tx:
        user = somebody(tx)
        for day in (1, 2, 3, 3, 5):
            say(tx, user, day)
            assert counted(tx, user).kept
            assert right(tx, user)


def test_later_that_day(database: Database) -> None:
    """A further entry of a day changes the day, and writes no count."""
    with database.transaction(write=True) as tx:
        user = somebody(tx)
        say(tx, user, 1, 8)
        version = counted(tx, user).version
        say(tx, user, 1, 20)
        assert counted(tx, user).version == version
        found = counted(tx, user).tally
        assert found is not None
        assert found.last.last_at == 44 * HOUR


@pytest.mark.parametrize(("day", "hour"), [(1, 12), (4, 8)])
def test_late(database: Database, day: int, hour: int) -> None:
    """An entry that comes late, before others, has all counted, and is kept."""
    with database.transaction(write=True) as tx:
        user = somebody(tx)
        for said in (2, 3, 4):
            say(tx, user, said)
        say(tx, user, day, hour)
        assert counted(tx, user).kept
        assert right(tx, user)


def test_taken_back(database: Database) -> None:
    """A day that has lost its entry makes the count void, until something is said."""
    with database.transaction(write=True) as tx:
        user = somebody(tx)
        for said in (2, 3, 4):
            say(tx, user, said)
        recredit_day(tx, user, 3)
        assert not counted(tx, user).kept
        assert right(tx, user)
        say(tx, user, 5)
        assert counted(tx, user).kept
        assert right(tx, user)


def test_two_servers(database: Database) -> None:
    """Of two that count at once neither is believed, and the next one counts anew."""
    with database.transaction(write=True) as tx:
        user = somebody(tx)
        say(tx, user, 1)
        before = counted(tx, user)
        for day in (2, 3):  # as if neither had seen the other
            credit(tx, user, before, day, day * 24 * HOUR)
        assert not counted(tx, user).kept
        assert right(tx, user)
        say(tx, user, 3, 13)
        assert counted(tx, user).kept
        assert right(tx, user)


def test_taken_back_meanwhile(database: Database) -> None:
    """A count that was made before a day was taken back is not believed."""
    with database.transaction(write=True) as tx:
        user = somebody(tx)
        before = counted(tx, user)
        recredit_day(tx, user, 1)
        credit(tx, user, before, 2, 48 * HOUR)
        assert not counted(tx, user).kept
        assert right(tx, user)


def test_same_day_taken_back_meanwhile(database: Database) -> None:
    """Nor is one believed in which the day was there already, and is not any more.

    Once the other server had nothing to count on a day that it knew: the day came back and was
    never counted, and the streak stayed wrong.
    """
    with database.transaction(write=True) as tx:
        user = somebody(tx)
        say(tx, user, 2)
        before = counted(tx, user)
        recredit_day(tx, user, 2)
        say(tx, user, 1)
        credit(tx, user, before, 2, 60 * HOUR)
        assert not counted(tx, user).kept
        assert right(tx, user)
        say(tx, user, 2)
        assert counted(tx, user).kept
        assert right(tx, user)


steps = st.lists(
    st.tuples(
        st.sampled_from(["say", "take back", "say unseen"]), st.integers(1, 40), st.integers(12, 23)
    )
)
"""Afternoons: none is within 36 hours of the day after the next, which unseen could matter."""


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps)
def test_any_order(database: Database, story: list[tuple[str, int, int]]) -> None:
    """Whatever is said and taken back, in any order, also unseen by another server."""
    with suppress(_OverError), database.transaction(write=True) as tx:
        user = somebody(tx)
        unseen = counted(tx, user)
        for what, day, hour in story:
            if what == "say":
                say(tx, user, day, hour)
            elif what == "take back":
                recredit_day(tx, user, day)
            else:
                credit(tx, user, unseen, day, (day * 24 + hour) * HOUR)
                unseen = counted(tx, user)
            assert right(tx, user)
        raise _OverError
