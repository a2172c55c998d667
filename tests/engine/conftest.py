"""Commands and handlers that exist only while a test runs."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest

from hugmood.ambient import Instant
from hugmood.engine.handling import ROUTES, Ctx, RejectedWithEffect, handles
from hugmood.errors import denied
from hugmood.features import load_handlers
from hugmood.features.follows.messages import FollowUpdate
from hugmood.features.moods.day_store import counted, credit
from hugmood.store.database import DatabaseUnavailable
from hugmood.wire.message import COMMANDS, LANES, PUSHES, VARIANT_FIELDS, Command, Reply

How = Literal["well", "bug", "refusal", "statement", "refusal with effect", "gone", "event"]

SECRET = "something that somebody wrote"

MakeWreck = Callable[..., Command[Any]]


@pytest.fixture
def registries() -> Iterator[None]:
    """Put back what is registered: a message defined in a test is gone after it."""
    load_handlers()
    places: list[dict[Any, Any]] = [COMMANDS, LANES, PUSHES, VARIANT_FIELDS, ROUTES]
    kept = [dict(place) for place in places]
    yield
    for place, before in zip(places, kept, strict=True):
        place.clear()
        place.update(before)


@pytest.fixture
def wreck(registries: None) -> MakeWreck:
    """A command that writes, emits, cuts off other devices, and then fails."""

    class Wrecked(Reply, frozen=True):
        pass

    class Wreck(Command[Wrecked], frozen=True, kw_only=True):
        how: How

    def handler(ctx: Ctx, command: Wreck) -> Wrecked:
        caller = ctx.caller
        credit(ctx.tx, caller.key, counted(ctx.tx, caller.key), 1, ctx.now)
        now: Any = object() if command.how == "event" else Instant(ctx.now)
        event = FollowUpdate(user_id=caller.user_id, user_name="", timestamp=now)
        ctx.emit(event, to=[caller.key])
        ctx.cut(caller.key, [caller.session_id], "session_revoked")
        fail(ctx, command.how)
        return Wrecked()

    handles(handler)
    return Wreck


def fail(ctx: Ctx, how: How) -> None:
    """Go wrong in one of the ways there are."""
    if how == "bug":
        raise RuntimeError(SECRET)
    if how == "refusal":
        raise denied("Not today")
    if how == "refusal with effect":
        raise RejectedWithEffect(denied("Not today"))
    if how == "statement":
        ctx.tx.execute("INSERT INTO mood_day (user_key, day) VALUES (:none, 1)", {"none": None})
    if how == "gone":
        raise DatabaseUnavailable("the disk is on fire")
