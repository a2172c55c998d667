"""Who may do what to whom: settings, follows and blocks taken together."""

from collections.abc import Sequence

from hugmood.features.follows import store
from hugmood.features.settings.messages import Audience
from hugmood.store.database import Transaction


def followers_among(tx: Transaction, owner: int, audience: Audience) -> Sequence[int]:
    """Return those of the owner's followers (keys) who belong to an audience.

    Between two of whom one blocks the other there is no follow.
    """
    if audience == "nobody":
        return []
    if audience == "friends":
        return store.friends(tx, owner)
    return store.followers(tx, owner)


def admits(tx: Transaction, *, owner: int, audience: Audience, other: int) -> bool:
    """Tell whether someone belongs to those whom the owner (keys) lets do something.

    Who is blocked by the owner, or blocks the owner, never does.
    """
    if audience == "nobody" or store.blocked(tx, owner, other):
        return False
    if audience == "everyone":
        return True
    if not store.follows(tx, follower=other, followee=owner):
        return False
    return audience == "followers" or store.follows(tx, follower=owner, followee=other)
