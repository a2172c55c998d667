"""Badges: given once, by whichever command finds that one is earned, and kept.

The features above say what happened. What they can count in tables of their own they
count there, and call `award`; the rest is counted here, in `badge_progress`.
"""

from collections.abc import Collection, Sequence
from typing import Final

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import denied
from hugmood.features.badges import store
from hugmood.features.badges.catalog import BADGES, Badge, Slug
from hugmood.features.badges.messages import BadgeItem, BadgeKind, BadgePage, FetchBadges
from hugmood.features.badges.store import Award
from hugmood.features.notifications.service import notify

TITLE: Final = "New Badge Earned!"
CIRCLE: Final = 5
"""People who hugged on request, for Circle of Care."""
ANSWERS: Final = 10
"""Requests answered, for There for You."""
GROUP_HUGS: Final = 3
"""Group hugs shared, for Group Glow; and how many people make one that counts."""
GROUP_SIZE: Final = 3


def missing(ctx: Ctx, user: int) -> set[Slug]:
    """Return the badges that somebody (key) does not have yet."""
    return BADGES.keys() - store.held(ctx.tx, user)


def award(ctx: Ctx, badge: Slug, users: Sequence[int]) -> None:
    """Give a badge to those of these people (keys) who do not have it, and tell them."""
    if not users:
        return
    # In one order, so that two writers wait for each other and do not deadlock.
    wanted = [Award(user, badge, ctx.entity_id("badge"), ctx.now) for user in sorted(users)]
    for given in store.give(ctx.tx, wanted):
        _tell(ctx, given)


def after_request(ctx: Ctx, requester: int) -> None:
    """Somebody (key) asked for a hug."""
    award(ctx, "brave_ask", [requester])


def after_acceptance(ctx: Ctx, request_id: str, *, requester: int, responder: int) -> None:
    """Somebody's request for a hug was answered with one, in time (keys)."""
    award(ctx, "first_hug", [requester])
    _count(ctx, "circle_of_care", [requester], str(responder), CIRCLE)
    _count(ctx, "there_for_you", [responder], request_id, ANSWERS)


def after_group_hug_ended(ctx: Ctx, group_hug_id: str, participants: Collection[int]) -> None:
    """A group hug ended in which these people (keys) took part."""
    if len(participants) >= GROUP_SIZE:
        _count(ctx, "group_glow", list(participants), group_hug_id, GROUP_HUGS)


@handles
def fetch_badges(ctx: Ctx, query: FetchBadges) -> BadgePage:
    """List the badges that the caller has, and those that can be earned."""
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("Badges are private")
    had = store.awards(ctx.tx, ctx.caller.key)
    slugs = {one.badge for one in had}
    page = had[query.offset : query.offset + query.limit]
    return BadgePage(
        data_type=query.data_type,
        total_count=len(had),
        as_of_sequence=ctx.position(),
        items=[_item(one) for one in page],
        available=[_kind(badge) for badge in BADGES.values() if badge.slug not in slugs],
    )


def _count(ctx: Ctx, badge: Slug, users: Sequence[int], subject: str, goal: int) -> None:
    # Of two transactions at once neither sees what the other counts: the next one does.
    store.count_up(ctx.tx, sorted(users), badge, subject)
    award(ctx, badge, store.reached(ctx.tx, users, badge, goal))


def _tell(ctx: Ctx, given: Award) -> None:
    badge = BADGES[given.badge]
    notify(
        ctx,
        to=[given.user],
        kind="badge_earned",
        title=TITLE,
        body=badge.body,
        data={"badgeId": given.id, "badgeName": badge.name, "badgeImage": badge.image},
    )


def _kind(badge: Badge) -> BadgeKind:
    return BadgeKind(
        badge=badge.slug, name=badge.name, description=badge.description, image=badge.image
    )


def _item(given: Award) -> BadgeItem:
    badge = BADGES[given.badge]
    return BadgeItem(
        badge=badge.slug,
        name=badge.name,
        description=badge.description,
        image=badge.image,
        id=given.id,
        earned_at=Instant(given.earned_at),
    )
