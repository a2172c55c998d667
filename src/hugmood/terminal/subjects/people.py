"""People: following, finding, blocking, and how they are seen."""

from collections.abc import Iterable
from typing import Final, Literal, cast, get_args

from msgspec import UNSET, UnsetType
from rich.text import Text

from hugmood.features.follows.messages import (
    BlockedPage,
    BlockUser,
    FetchBlocked,
    FetchFollowers,
    FetchFollowing,
    FollowItem,
    FollowPage,
    FollowUpdate,
    FollowUser,
    UserBlocked,
    UserFollowed,
)
from hugmood.features.profile.messages import (
    FetchProfile,
    FetchUsers,
    Profile,
    ProfileItem,
    UserItem,
    UserPage,
)
from hugmood.features.status.messages import (
    FetchStatuses,
    Status,
    StatusItem,
    StatusPage,
    StatusUpdate,
    StatusUpdated,
    UserStatusChanged,
)
from hugmood.terminal.arguments import (
    Meaning,
    Misunderstood,
    Reader,
    Saying,
    just,
    names,
    one_of,
    only_person,
)
from hugmood.terminal.known import Known
from hugmood.terminal.lines import DIM, Lines, count, good, of, saying, words
from hugmood.terminal.names import clean
from hugmood.terminal.shown import Scene, answers, tells

STATUSES: Final = get_args(Status)
_COLORS: Final = {
    "online": "green",
    "away": "yellow",
    "do_not_disturb": "red",
    "offline": "bright_black",
}

# What one can say


def _following(action: Literal["follow", "unfollow"]) -> Reader:
    return lambda rest, known: FollowUser(target_user_id=only_person(rest, known), action=action)


def _blocking(action: Literal["block", "unblock"]) -> Reader:
    return lambda rest, known: BlockUser(target_user_id=only_person(rest, known), action=action)


def _find(rest: str, _: Known) -> Meaning:
    if not rest:
        raise Misunderstood("Whom do you look for?")
    return FetchUsers(query=rest)


def _profile(rest: str, known: Known) -> Meaning:
    return FetchProfile(user_id=only_person(rest, known)) if rest else FetchProfile()


def _status(rest: str, _: Known) -> Meaning:
    word, _space, text = rest.partition(" ")
    status = cast("Status", one_of(word, STATUSES))
    return StatusUpdate(status=status, custom_message=text.strip() or UNSET)


def _offer_statuses(_rest: str, _known: Known) -> Iterable[str]:
    return STATUSES


SAYINGS: Final = (
    Saying("/find", "TEXT", "people by name", _find),
    Saying("/profile", "[@WHO]", "who someone is, or you are", _profile, names),
    Saying("/follow", "WHO", "see someone's public moods", _following("follow"), names),
    Saying("/unfollow", "WHO", "no longer", _following("unfollow"), names),
    Saying("/followers", "", "who follows you", just(FetchFollowers())),
    Saying("/following", "", "whom you follow", just(FetchFollowing())),
    Saying("/block", "WHO", "see and hear nothing of each other", _blocking("block"), names),
    Saying("/unblock", "WHO", "end that", _blocking("unblock"), names),
    Saying("/blocked", "", "whom you block", just(FetchBlocked())),
    Saying("/status", "WORD [TEXT]", f"be seen as {', '.join(STATUSES)}", _status, _offer_statuses),
    Saying("/who", "", "how those you follow are seen", just(FetchStatuses())),
)

# How it is shown


@tells
def follow_update(event: FollowUpdate, scene: Scene) -> Lines:
    """Somebody follows you."""
    who = scene.who(event.user_id, event.user_name).append(" follows you")
    return scene.timed(event.timestamp, who)


@tells
def user_status_changed(event: UserStatusChanged, scene: Scene) -> Lines:
    """Somebody is seen in another way."""
    return scene.timed(scene.at, _seen(event, scene))


@answers
def user_followed(_: FollowUser, reply: UserFollowed, scene: Scene) -> Lines:
    """You do, or do not any more."""
    now = "follow" if reply.action == "follow" else "no longer follow"
    return good(f"You {now} {scene.name(reply.target_user_id)}")


@answers
def user_blocked(_: BlockUser, reply: UserBlocked, scene: Scene) -> Lines:
    """You do, or do not any more."""
    name = scene.name(reply.target_user_id)
    if reply.action == "block":
        return good(f"You block {name}, who is not told; neither of you follows the other now")
    return good(f"You no longer block {name}")


@answers
def status_updated(_: StatusUpdate, reply: StatusUpdated, _scene: Scene) -> Lines:
    """It holds."""
    return saying(good(f"You are seen as {words(reply.status)}"), reply.custom_message)


@answers
def statuses(_: FetchStatuses, reply: StatusPage, scene: Scene) -> Lines:
    """How each is seen."""
    lines = [_seen(item, scene) for item in reversed(reply.items)]
    return [*lines, of(len(lines), reply.total_count)]


@answers
def followers(_: FetchFollowers, reply: FollowPage, scene: Scene) -> Lines:
    """Who follows you."""
    return _people(reply, scene)


@answers
def following(_: FetchFollowing, reply: FollowPage, scene: Scene) -> Lines:
    """Whom you follow."""
    return _people(reply, scene)


@answers
def blocked(_: FetchBlocked, reply: BlockedPage, scene: Scene) -> Lines:
    """Whom you block."""
    lines = [_person(item.user_id, item.name, scene) for item in reversed(reply.items)]
    return [*lines, of(len(lines), reply.total_count)]


@answers
def users(_: FetchUsers, reply: UserPage, scene: Scene) -> Lines:
    """Who was found."""
    lines = [_found(item, scene) for item in reply.items]
    return [*lines, of(len(lines), reply.total_count)]


@answers
def profile(_: FetchProfile, reply: Profile, scene: Scene) -> Lines:
    """Who somebody is, as far as one may know."""
    item = reply.profile
    lines = [_person(item.user_id, item.name, scene)]
    if scene.mine(item.user_id):
        lines[0] = Text().append(clean(item.name), style="bold").append("  that is you", style=DIM)
    return [*lines, *(Text(f"  {text}") for text in _facts(item, scene))]


def _facts(item: ProfileItem, scene: Scene) -> Iterable[str]:
    """What is known, a line each."""
    numbers = count(item.follower_count, "follower")
    if not isinstance(item.following_count, UnsetType):
        numbers += f", follows {item.following_count}"
    yield numbers
    if item.is_friend:
        yield "you follow each other"
    elif item.you_follow or item.follows_you:
        yield "you follow them" if item.you_follow else "follows you"
    if item.is_anonymous:
        yield "a guest"
    yield from (clean(one) for one in (item.email, item.time_zone) if isinstance(one, str))
    if not isinstance(item.birth_date, UnsetType):
        yield f"born {item.birth_date:%d %b %Y}"
    if not isinstance(item.created_at, UnsetType):
        yield f"here since {scene.clock(item.created_at)}"


def _people(reply: FollowPage, scene: Scene) -> list[Text]:
    lines = [_follow(item, scene) for item in reversed(reply.items)]
    return [*lines, of(len(lines), reply.total_count)]


def _follow(item: FollowItem, scene: Scene) -> Text:
    text = _person(item.user_id, item.name, scene)
    return text.append("  each other" if item.is_friend else "", style=DIM)


def _found(item: UserItem, scene: Scene) -> Text:
    bond = "you follow them" if item.you_follow else ""
    bond = "you follow each other" if item.is_friend else bond
    return _person(item.user_id, item.name, scene).append(f"  {bond}".rstrip(), style=DIM)


def _person(user_id: str, name: str, scene: Scene) -> Text:
    return scene.who(user_id, name).append(f"  {clean(user_id)}", style=DIM)


def _seen(item: UserStatusChanged | StatusItem, scene: Scene) -> Text:
    mine = scene.mine(item.user_id)
    text = scene.who(item.user_id).append(" are " if mine else " is ")
    text.append(words(item.status), style=_COLORS[item.status])
    return saying(text, item.custom_message)
