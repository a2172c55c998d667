"""Who may do what to whom: settings, follows and blocks taken together."""

from hugmood.features.follows import store
from hugmood.features.settings.messages import Audience
from hugmood.store.database import Transaction


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
