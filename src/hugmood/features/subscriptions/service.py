"""What a connection wants to hear of: checked here, kept by the gateway."""

from collections.abc import Container, Sequence

from msgspec import UNSET

from hugmood.engine.handling import Ctx, handles
from hugmood.errors import invalid
from hugmood.features.subscriptions import store
from hugmood.features.subscriptions.messages import (
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from hugmood.wire.message import PUSHES, Event, Notice, given, optional


@handles
def subscribe(ctx: Ctx, command: Subscribe) -> Subscribed:
    """Narrow what the asker's connection gets; people who do not exist are left out."""
    types = _known(given(command.types))
    wanted = given(command.user_ids)
    people = None if wanted is None else store.keys(ctx.tx, wanted)
    ctx.narrow(types=types, authors=None if people is None else list(people.values()))
    return Subscribed(
        types=optional(types),
        user_ids=UNSET if wanted is None or people is None else _in_order(wanted, people),
    )


@handles
def unsubscribe(ctx: Ctx, command: Unsubscribe) -> Unsubscribed:  # noqa: ARG001 (it says nothing)
    """Give the asker's connection everything again."""
    ctx.narrow(types=None, authors=None)
    return Unsubscribed()


def _in_order(wanted: Sequence[str], people: Container[str]) -> list[str]:
    return [user_id for user_id in dict.fromkeys(wanted) if user_id in people]


def _known(types: Sequence[str] | None) -> list[str] | None:
    """Refuse what no event and no notice is called; name each once."""
    if types is None:
        return None
    for place, name in enumerate(types):
        kind = PUSHES.get(name)
        if kind is None or not issubclass(kind, Event | Notice):
            raise invalid(f"data.types[{place}]", "unknown_value")
    return list(dict.fromkeys(types))
