"""Group hugs: invitations, who comes and goes, start and end."""

from collections.abc import Iterable
from typing import Final

from msgspec import UNSET, UnsetType
from rich.text import Text

from hugmood.ambient import Instant
from hugmood.features.group_hugs.messages import (
    CancelGroupHug,
    CreateGroupHug,
    FetchGroupHugs,
    GroupHugCancelled,
    GroupHugCreated,
    GroupHugFilters,
    GroupHugInvitation,
    GroupHugItem,
    GroupHugJoined,
    GroupHugLeft,
    GroupHugPage,
    GroupHugUpdate,
    JoinGroupHug,
    LeaveGroupHug,
)
from hugmood.terminal.arguments import (
    Meaning,
    Misunderstood,
    Saying,
    moment,
    newest,
    person,
    thing,
)
from hugmood.terminal.known import Known
from hugmood.terminal.lines import DIM, Lines, count, good, joined, of, saying
from hugmood.terminal.names import clean
from hugmood.terminal.shown import Scene, answers, tells

INVITED: Final = "invited"
JOINED: Final = "joined"
CREATED: Final = "created"
MARK: Final = "🫂"
WHAT: Final = "group hug"
AT: Final = "at "
IN: Final = "in "
UNTIL: Final = " until "

# What one can say


def _group(rest: str, known: Known) -> Meaning:
    title, at, others = rest.partition("@")
    name, _, description = title.strip().partition(": ")
    if not name or not at:
        raise Misunderstood("It needs a title and somebody to invite")
    people, times = _invited(f"@{others}", known)
    start, end = _times(times, known)
    return CreateGroupHug(
        name=name.strip(),
        description=description.strip() or UNSET,
        invitee_ids=people,
        scheduled_for=start,
        expires_at=end,
    )


def _invited(rest: str, known: Known) -> tuple[list[str], str]:
    """Read people, each with an @, and what stands after them."""
    people: list[str] = []
    while rest.startswith("@"):
        who, rest = person(rest, known)
        people.append(who)
        rest = rest.removeprefix("and ")
    return people, rest


def _times(text: str, known: Known) -> tuple[Instant | UnsetType, Instant | UnsetType]:
    """Read `at TIME until TIME`, each if it is there; `in 10m` needs no `at`."""
    first, until, last = f" {text}".partition(UNTIL)
    first = first.strip()
    if first and not first.startswith((AT, IN)):
        raise Misunderstood(f"After those invited comes a time, such as at 18:30, not {first}")
    start = moment(first.removeprefix(AT).strip(), known) if first else UNSET
    return start, moment(last.strip(), known) if until else UNSET


def _join(rest: str, known: Known) -> Meaning:
    group = newest(rest, known, known.groups, INVITED, "invitation")
    return JoinGroupHug(group_hug_id=group)


def _leave(rest: str, known: Known) -> Meaning:
    return LeaveGroupHug(group_hug_id=newest(rest, known, known.groups, JOINED, WHAT))


def _cancel(rest: str, known: Known) -> Meaning:
    group = newest(rest, known, known.groups, CREATED, f"{WHAT} of yours")
    return CancelGroupHug(group_hug_id=group)


def _groups(rest: str, known: Known) -> Meaning:
    if not rest:
        return FetchGroupHugs()
    filters = GroupHugFilters(group_hug_id=thing(rest, known.groups, WHAT))
    return FetchGroupHugs(filters=filters)


def _offer_people(rest: str, known: Known) -> Iterable[str]:
    before, at, _ = rest.rpartition("@")
    return (f"{before}@{name}" for name in known.people.names()) if at else ()


def _offer_groups(_: str, known: Known) -> Iterable[str]:
    return known.groups.labels()


SAYINGS: Final = (
    Saying(
        "/group",
        "TITLE[: TEXT] @WHO [@WHO ...] [at TIME] [until TIME]",
        "invite people, for now or for 18:30, tomorrow 9:00, in 10m",
        _group,
        _offer_people,
    ),
    Saying("/join", "[N]", "take part in what you are invited to", _join, _offer_groups),
    Saying("/leave", "[N]", "take part no more", _leave, _offer_groups),
    Saying("/cancel", "[N]", "call off what you created", _cancel, _offer_groups),
    Saying("/groups", "[N]", "group hugs you have to do with, or who is in one", _groups),
)

# How it is shown


@tells
def group_hug_invitation(event: GroupHugInvitation, scene: Scene) -> Lines:
    """Somebody invites you; the number is to answer by."""
    groups = scene.known.groups
    number = groups.put(event.group_hug_id, event.name)
    groups.wait(event.group_hug_id, INVITED, scene.at, event.expires_at)
    text = Text(f"{MARK} ").append_text(scene.who(event.creator_id, event.creator_name))
    text.append(" invites you: ").append(clean(event.name), style="bold")
    text = saying(saying(text, event.description), event.message)
    text.append(f"  {number}, {_when(event, scene)}: /join", style=DIM)
    return scene.timed(scene.at, text)


@tells
def group_hug_update(event: GroupHugUpdate, scene: Scene) -> Lines:
    """Somebody came or went, or it started, ended or was called off."""
    group = event.group_hug_id
    name = scene.known.groups.label(group) or "a group hug"
    there = f"  {count(event.participant_count, 'person', 'people')}"
    if isinstance(event.participant, UnsetType):
        if event.update_type in {"ended", "cancelled"}:
            scene.known.groups.done(group)
        text = (
            Text(f"{MARK} ").append(name, style="bold").append(f" {_HAPPENED[event.update_type]}")
        )
    else:
        who = event.participant
        text = Text(f"{MARK} ").append_text(scene.who(who.user_id, who.name))
        text.append(f" {_HAPPENED[event.update_type]} ").append(name, style="bold")
        if scene.mine(who.user_id):
            _took_part(scene, group, joined=event.update_type == "participant_joined")
    return scene.timed(scene.at, text.append(there, style=DIM))


_HAPPENED: Final = {
    "participant_joined": "joined",
    "participant_left": "left",
    "started": "has started",
    "ended": "is over",
    "cancelled": "was called off",
}


@answers
def group_hug_created(command: CreateGroupHug, reply: GroupHugCreated, scene: Scene) -> Lines:
    """They are invited."""
    group = reply.group_hug_id
    number = scene.known.groups.put(group, command.name)
    for way in (JOINED, CREATED):
        scene.known.groups.wait(group, way, scene.now)
    invited = count(reply.invitations_sent, "person", "people")
    when = _when(command, scene)
    return good(f"{clean(command.name)} is {number}, {when}; you invited {invited}")


@answers
def group_hug_joined(_: JoinGroupHug, reply: GroupHugJoined, scene: Scene) -> Lines:
    """You take part, and so do these."""
    _took_part(scene, reply.group_hug_id, joined=True)
    for one in reply.participants:
        scene.known.people.seen(one.user_id, one.name)
    others = [one.user_id for one in reply.participants if not scene.mine(one.user_id)]
    beside = f" with {joined([scene.name(one) for one in others])}" if others else ", the first"
    return good(f"You are in {_called(scene, reply.group_hug_id)}{beside}")


@answers
def group_hug_left(_: LeaveGroupHug, reply: GroupHugLeft, scene: Scene) -> Lines:
    """You are out."""
    _took_part(scene, reply.group_hug_id, joined=False)
    return good(f"You left {_called(scene, reply.group_hug_id)}")


@answers
def group_hug_cancelled(_: CancelGroupHug, reply: GroupHugCancelled, scene: Scene) -> Lines:
    """It is called off."""
    scene.known.groups.done(reply.group_hug_id)
    return good(f"You called off {_called(scene, reply.group_hug_id)}")


@answers
def group_hugs(_: FetchGroupHugs, reply: GroupHugPage, scene: Scene) -> Lines:
    """Each with its number, its state and those in it."""
    learn(reply, scene.known)
    lines = [line for item in reversed(reply.items) for line in _item(item, scene)]
    return [*lines, of(len(reply.items), reply.total_count)]


def learn(reply: GroupHugPage, known: Known) -> None:
    """Remember how one stands to each."""
    for item in reversed(reply.items):
        known.groups.put(item.id, item.name)
        known.groups.done(item.id)
        if item.state in {"scheduled", "active"}:
            way = JOINED if item.joined else INVITED
            known.groups.wait(item.id, way, item.created_at, item.expires_at)
            if item.creator_id == known.people.me:
                known.groups.wait(item.id, CREATED, item.created_at, item.expires_at)


def _item(item: GroupHugItem, scene: Scene) -> list[Text]:
    number = Text(f"{scene.known.groups.put(item.id)}  ", style=DIM)
    text = number.append(clean(item.name), style="bold not dim")
    text.append(" by ").append_text(scene.who(item.creator_id, item.creator_name))
    text = saying(saying(text, item.description), item.message)
    state = _when(item, scene) if item.state in {"scheduled", "active"} else item.state
    part = "; you take part" if item.joined else ""
    people = count(item.participant_count, "person", "people")
    text.append(f"  {state}, {people}{part}", style=DIM)
    lines = [scene.timed(item.created_at, text)]
    if not isinstance(item.participants, UnsetType):
        lines += [_member(one.user_id, one.name, scene) for one in item.participants]
    return lines


def _member(user_id: str, name: str, scene: Scene) -> Text:
    return Text("  ").append_text(scene.who(user_id, name))


def _took_part(scene: Scene, group: str, *, joined: bool) -> None:
    groups = scene.known.groups
    groups.done(group, INVITED, JOINED)
    groups.wait(group, JOINED if joined else INVITED, scene.now)


def _called(scene: Scene, group: str) -> str:
    return scene.known.groups.label(group) or "the group hug"


def _when(planned: CreateGroupHug | GroupHugInvitation | GroupHugItem, scene: Scene) -> str:
    """Such as `18:00 to 19:00`, or `now until 19:00`."""
    start, end = planned.scheduled_for, planned.expires_at
    last = "" if isinstance(end, UnsetType) else scene.clock(end)
    if isinstance(start, UnsetType) or start <= scene.now:
        return f"now until {last}" if last else "from now on"
    return f"{scene.clock(start)} to {last}" if last else f"from {scene.clock(start)}"
