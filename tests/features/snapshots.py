"""A client that fetches once and then lives on what it is told (`test_snapshots`).

A `View` is what one `dataType` showed, as plain items by their ids. `Looker` puts
together fetched views and what came later: events beyond a view's `asOfSequence`, and
all notices, which have no number.

What the protocol tells nobody is no part of a view: whom somebody stopped following,
what one did oneself on some device (a hug sent, a request made or answered, a group hug
created: the reply to it says so), and group hugs that others take part in without us.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple
from unittest.mock import ANY

from msgspec import UnsetType

from hugmood.ambient import Instant
from hugmood.features.badges.messages import BadgePage, FetchBadges
from hugmood.features.follows.messages import FetchFollowers, FollowPage, FollowUpdate
from hugmood.features.group_hugs.messages import (
    FetchGroupHugs,
    GroupHugInvitation,
    GroupHugItem,
    GroupHugPage,
    GroupHugUpdate,
    State,
)
from hugmood.features.hugs.messages import (
    FetchHugHistory,
    FetchHugRequests,
    HugHistory,
    HugReceived,
    HugRequestPage,
    HugRequestReceived,
)
from hugmood.features.moods.messages import (
    Feed,
    FetchFeed,
    FetchMoodHistory,
    MoodChanged,
    MoodDeleted,
    MoodHistory,
)
from hugmood.features.notifications.messages import (
    FetchNotifications,
    Notification,
    NotificationPage,
    NotificationRead,
)
from hugmood.features.status.messages import FetchStatuses, StatusPage, UserStatusChanged
from hugmood.wire.message import PUSHES, Command, Event, MissedMessages, Page, Push
from tests.device import Device, Message, Sent

Item = tuple[Any, ...]
Items = dict[str, Item]
ALL: Final = 100
"""More than any list here can grow to."""
_KNOWN: Final = 3
"""How much of a group hug is known to those who are only invited."""
_CREATED: Final = 3
"""Where a notification has its time."""
MOVES: Final[dict[str, State]] = {"started": "active", "ended": "ended", "cancelled": "cancelled"}


def text(value: str | UnsetType) -> str:
    """The text, or an empty one."""
    return value or ""


# What a page shows


def moods(page: MoodHistory) -> Items:
    """One's own entries."""
    return {i.id: (i.mood, i.intensity, i.is_public, i.created_at) for i in page.items}


def feed(page: Feed) -> Items:
    """What those one follows say."""
    return {i.id: (i.user_id, i.mood, i.intensity, i.created_at) for i in page.items}


def hugs(page: HugHistory) -> Items:
    """The hugs one received: of one's own only the reply tells."""
    return {
        i.id: (i.user_id, i.user_name, i.hug_type, text(i.message), i.sent_at)
        for i in page.items
        if i.direction == "received"
    }


def requests(page: HugRequestPage) -> Items:
    """What one is asked; whether one has answered only the reply tells."""
    return {
        i.id: (i.user_id, i.user_name, text(i.message), i.created_at, i.expires_at)
        for i in page.items
        if i.direction == "received"
    }


def asked(page: HugRequestPage) -> Items:
    """How many said yes to each request of one's own."""
    return {i.id: (i.accepted_count or 0,) for i in page.items if i.direction == "sent"}


def group_hugs(page: GroupHugPage) -> Items:
    """Where one takes part how it stands; else only that one is invited."""
    return {i.id: (i.name, i.creator_id, i.expires_at, *_standing(i)) for i in page.items}


def _standing(item: GroupHugItem) -> Item:
    return (item.state, item.participant_count) if item.joined else ()


def notifications(page: NotificationPage) -> Items:
    """What one was notified of, and whether it is read."""
    shown: Items = {
        i.id: (i.notification_type, i.title, i.body, i.created_at, i.data or {}, i.read)
        for i in page.items
    }
    assert page.unread_count == sum(not item[-1] for item in shown.values())
    return shown


def followers(page: FollowPage) -> Items:
    """Who follows; whether one follows them is one's own doing."""
    return {i.user_id: (i.name, i.since) for i in page.items}


def badges(page: BadgePage) -> Items:
    """What one has earned."""
    return {i.id: (i.name, i.image, i.earned_at) for i in page.items}


def statuses(page: StatusPage) -> Items:
    """How those are seen whom one follows."""
    return {i.user_id: (i.status, text(i.custom_message)) for i in page.items}


# What a message changes in it


def _mood(shown: Items, push: Push, me: str, _: Instant) -> None:
    if isinstance(push, MoodChanged) and push.user_id == me:
        entry = (push.mood, push.intensity, push.is_public, push.timestamp)
        shown[push.mood_id] = entry  # a new one, or what an old one is now
    elif isinstance(push, MoodDeleted):
        shown.pop(push.mood_id, None)


def _feed(shown: Items, push: Push, me: str, _: Instant) -> None:
    if isinstance(push, MoodChanged) and push.user_id != me:
        shown[push.mood_id] = (push.user_id, push.mood, push.intensity, push.timestamp)
    elif isinstance(push, MoodDeleted):
        shown.pop(push.mood_id, None)


def _hug(shown: Items, push: Push, _: str, __: Instant) -> None:
    if isinstance(push, HugReceived):
        who = (push.sender_id, push.sender_name)
        _new(shown, push.hug_id, (*who, push.hug_type, text(push.message), push.sent_at))


def _request(shown: Items, push: Push, _: str, __: Instant) -> None:
    if isinstance(push, HugRequestReceived):
        who = (push.requester_id, push.requester_name)
        times = (push.created_at, push.expires_at)
        _new(shown, push.request_id, (*who, text(push.message), *times))


def _asked(shown: Items, push: Push, _: str, __: Instant) -> None:
    if isinstance(push, HugReceived) and push.request_id in shown:
        shown[push.request_id] = (shown[push.request_id][0] + 1,)


def _group_hug(shown: Items, push: Push, me: str, _: Instant) -> None:
    if isinstance(push, GroupHugInvitation):
        _new(shown, push.group_hug_id, (push.name, push.creator_id, push.expires_at))
    elif isinstance(push, GroupHugUpdate) and push.group_hug_id in shown:
        shown[push.group_hug_id] = _moved(shown[push.group_hug_id], push, me)


def _moved(item: Item, push: GroupHugUpdate, me: str) -> Item:
    known, standing = item[:_KNOWN], item[_KNOWN:]
    mine = push.participant and push.participant.user_id == me
    if mine and push.update_type == "participant_left":
        return known
    # Whoever joins is not told whether it has begun.
    state = standing[0] if standing else ANY
    return (*known, MOVES.get(push.update_type, state), push.participant_count)


def _notification(shown: Items, push: Push, _: str, at: Instant) -> None:
    if isinstance(push, Notification):
        texts = (push.notification_type, push.title, push.body)
        _new(shown, push.notification_id, (*texts, push.created_at, push.data or {}, False))
    elif isinstance(push, NotificationRead):
        for name, item in shown.items():
            if push.notification_id in {name, "all"} and item[_CREATED] < at:
                shown[name] = (*item[:-1], True)


def _follower(shown: Items, push: Push, _: str, __: Instant) -> None:
    if isinstance(push, FollowUpdate):
        shown[push.user_id] = (push.user_name, push.timestamp)


def _badge(shown: Items, push: Push, _: str, __: Instant) -> None:
    if isinstance(push, Notification) and push.notification_type == "badge_earned":
        assert push.data
        image = (push.data["badgeName"], push.data["badgeImage"])
        _new(shown, push.data["badgeId"], (*image, push.created_at))


def _status(shown: Items, push: Push, _: str, __: Instant) -> None:
    if isinstance(push, UserStatusChanged) and push.user_id in shown:
        shown[push.user_id] = (push.status, text(push.custom_message))


def _new(shown: Items, name: str, item: Item) -> None:
    assert name not in shown, f"told of {name} that the snapshot had, or told twice"
    shown[name] = item


class Kind(NamedTuple):
    """What one can look at."""

    query: Command[Any]
    show: Callable[[Any], Items]
    tell: Callable[[Items, Push, str, Instant], None]
    durable: bool = True
    """Whether events alone say it, so that it outlives a connection."""


KINDS: Final = {
    "moods": Kind(FetchMoodHistory(limit=ALL), moods, _mood),
    "feed": Kind(FetchFeed(limit=ALL), feed, _feed),
    "hugs": Kind(FetchHugHistory(limit=ALL), hugs, _hug),
    "requests": Kind(FetchHugRequests(limit=ALL), requests, _request),
    "asked": Kind(FetchHugRequests(limit=ALL), asked, _asked),
    "group hugs": Kind(FetchGroupHugs(limit=ALL), group_hugs, _group_hug),
    "followers": Kind(FetchFollowers(limit=ALL), followers, _follower),
    "badges": Kind(FetchBadges(limit=ALL), badges, _badge),
    "notifications": Kind(
        FetchNotifications(limit=ALL), notifications, _notification, durable=False
    ),
    "statuses": Kind(FetchStatuses(limit=ALL), statuses, _status, durable=False),
}


class View:
    """What was fetched, or is still to come, and how it goes on."""

    def __init__(self, name: str, device: Device) -> None:
        """Fetch it; the reply may come later."""
        self.name, self.kind = name, KINDS[name]
        self._device = device
        self._from = len(device.received)
        self._sent: Sent[Any] = device.send(self.kind.query)

    @property
    def page(self) -> Page:
        """The answer."""
        page: Page = self._sent.reply()
        assert page.total_count == len(page.items)  # type: ignore[attr-defined]
        return page

    def now(self, stream: Iterable[Message]) -> Items:
        """What it is after the events of this stream that are not in it yet.

        What is not durable goes on with all that its own connection was told.
        """
        page = self.page
        shown = self.kind.show(page)
        for message in stream if self.kind.durable else self._heard():
            if message.number > page.as_of_sequence or not is_event(message):
                at = Instant.parse(message.timestamp)
                self.kind.tell(shown, message.push(), self._device.user_id, at)
        return shown

    def _heard(self) -> Iterator[Message]:
        for index, message in enumerate(self._device.received):
            for push in pushed(message):
                if index >= self._from or is_event(push):
                    yield push


def is_event(message: Message) -> bool:
    """Whether it is of the stream, with a number of its own."""
    return issubclass(PUSHES.get(message.type, Push), Event)


def pushed(message: Message) -> list[Message]:
    """The events and notices in what came, live or missed."""
    missed = message.type == MissedMessages.wire_type
    messages = [*map(Message.of, message.data["messages"])] if missed else [message]
    return [each for each in messages if each.type in PUSHES]


def stream_of(device: Device) -> list[Message]:
    """The events that a connection was sent."""
    return [each for message in device.received for each in pushed(message) if is_event(each)]


def agree(view: View, shown: Items, fresh: Items, me: str) -> None:
    """Hold a view that went on to a fresh one, but for what nobody is told."""
    if view.name == "followers":  # that they stopped
        shown = {name: item for name, item in shown.items() if name in fresh}
    elif view.name == "asked":  # one's own new requests
        fresh = {name: item for name, item in fresh.items() if name in shown}
    elif view.name == "group hugs":  # one's own new group hugs
        fresh = {n: item for n, item in fresh.items() if n in shown or item[1] != me}
    assert shown == fresh, view.name
