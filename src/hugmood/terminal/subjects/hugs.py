"""Hugs, and asking for them."""

from collections.abc import Iterable
from typing import Final

from msgspec import UNSET
from rich.text import Text

from hugmood.features.hugs.messages import (
    FetchHugHistory,
    FetchHugRequests,
    HugHistory,
    HugItem,
    HugReceived,
    HugRequestAnswered,
    HugRequested,
    HugRequestItem,
    HugRequestPage,
    HugRequestReceived,
    HugSent,
    RequestHug,
    RespondHugRequest,
    SendHug,
)
from hugmood.terminal.arguments import (
    Meaning,
    Misunderstood,
    Saying,
    is_person,
    just,
    names,
    newest,
    option,
    person,
    seconds,
    thing,
)
from hugmood.terminal.known import Known
from hugmood.terminal.lines import DIM, Lines, count, good, of, saying, words
from hugmood.terminal.shown import Scene, answers, tells

HUG: Final = "🤗"
DEFAULT_HUG: Final = "supportive"
LASTS: Final = 3600
"""Seconds for which one may answer, unless told otherwise."""
OPEN: Final = "open"
FOLLOWERS: Final = "followers"
FOR: Final = "--for"

# What one can say


def _hug(rest: str, known: Known) -> Meaning:
    who, text = person(rest, known)
    kind, message = _kind(text, known)
    return SendHug(recipient_id=who, hug_type=kind or DEFAULT_HUG, message=message or UNSET)


def _kind(text: str, known: Known) -> tuple[str, str]:
    """Read a kind of hug, if there is one, and a message."""
    first, _, message = text.partition(" ")
    return (first, message.strip()) if first in known.hugs else ("", text)


def _ask(rest: str, known: Known) -> Meaning:
    rest, lasts = option(rest, FOR)
    time = LASTS if lasts is None else seconds(lasts)
    first, _, text = rest.partition(" ")
    if is_person(rest, known):
        who, text = person(rest, known)
        return RequestHug(
            target_type="user", target_id=who, message=text or UNSET, expires_after=time
        )
    if first == "group":
        number, _, text = text.strip().partition(" ")
        group = thing(number, known.groups, "group hug")
        return RequestHug(
            target_type="group", target_id=group, message=text.strip() or UNSET, expires_after=time
        )
    message = text.strip() if first == FOLLOWERS else rest
    return RequestHug(target_type="followers", message=message or UNSET, expires_after=time)


def _yes(rest: str, known: Known) -> Meaning:
    request, text = _request(rest, known)
    kind, message = _kind(text, known)
    return RespondHugRequest(
        request_id=request, accept=True, hug_type=kind or DEFAULT_HUG, message=message or UNSET
    )


def _no(rest: str, known: Known) -> Meaning:
    request, text = _request(rest, known)
    if text:
        raise Misunderstood("Nobody is told, so there is nothing to add")
    return RespondHugRequest(request_id=request, accept=False)


def _request(rest: str, known: Known) -> tuple[str, str]:
    """Read which request: by its number, else the newest that is open."""
    first, _, text = rest.partition(" ")
    if first.removeprefix("#").isdecimal() or known.requests.find(first):
        return thing(first, known.requests, "request"), text.strip()
    return newest("", known, known.requests, OPEN, "open request"), rest


def _offer_hugs(rest: str, known: Known) -> Iterable[str]:
    for name in names(rest, known):
        yield name
        if rest.casefold().startswith(f"{name} ".casefold()):
            yield from (f"{name} {kind}" for kind in known.hugs)


def _offer_asked(rest: str, known: Known) -> Iterable[str]:
    return (FOLLOWERS, *names(rest, known))


def _offer_kinds(rest: str, known: Known) -> Iterable[str]:
    number, space, _ = rest.partition(" ")
    first = f"{number} " if space and number.removeprefix("#").isdecimal() else ""
    return (f"{first}{kind}" for kind in known.hugs)


SAYINGS: Final = (
    Saying("/hug", "WHO [KIND] [TEXT]", "hug someone", _hug, _offer_hugs),
    Saying("/hugs", "", "hugs you sent and got", just(FetchHugHistory())),
    Saying(
        "/ask",
        "[@WHO|followers|group N] [TEXT] [--for 2h]",
        "ask for a hug; all your followers, if nobody is named",
        _ask,
        _offer_asked,
    ),
    Saying("/yes", "[N] [KIND] [TEXT]", "give the hug that was asked for", _yes, _offer_kinds),
    Saying("/no", "[N]", "decline, which nobody is told", _no),
    Saying("/requests", "", "hugs asked for, by you and of you", just(FetchHugRequests())),
)

# How it is shown


@tells
def hug_received(event: HugReceived, scene: Scene) -> Lines:
    """Somebody hugs you."""
    text = Text(f"{HUG} ").append_text(scene.who(event.sender_id, event.sender_name))
    asked = " as you asked" if event.request_id else ""
    text.append(f" hugs you{asked}, ").append(words(event.hug_type), style="magenta")
    return scene.timed(event.sent_at, saying(text, event.message))


@tells
def hug_request_received(event: HugRequestReceived, scene: Scene) -> Lines:
    """Somebody asks; the number is to answer by."""
    scene.known.requests.wait(event.request_id, OPEN, event.created_at, event.expires_at)
    number = scene.known.requests.put(event.request_id)
    text = scene.who(event.requester_id, event.requester_name)
    text = saying(text.append(" asks you for a hug"), event.message)
    until = scene.clock(event.expires_at)
    text.append(f"  {number}, until {until}: /yes or /no", style=DIM)
    return scene.timed(event.created_at, text)


@answers
def hug_sent(command: SendHug, reply: HugSent, scene: Scene) -> Lines:
    """It is on its way."""
    when = "is here" if reply.recipient_online else "gets it when back"
    return good(f"You hugged {scene.name(command.recipient_id)}, who {when}")


@answers
def hug_requested(command: RequestHug, reply: HugRequested, scene: Scene) -> Lines:
    """They are asked."""
    until = scene.clock(reply.expires_at)
    return good(f"You asked {_asked(command, scene)}, who can answer until {until}")


@answers
def hug_request_answered(
    command: RespondHugRequest, reply: HugRequestAnswered, scene: Scene
) -> Lines:
    """Given, or declined."""
    scene.known.requests.done(reply.request_id)
    return good("You gave the hug" if command.accept else "Declined; nobody is told")


@answers
def hug_history(_: FetchHugHistory, reply: HugHistory, scene: Scene) -> Lines:
    """Who hugged whom."""
    lines = [_old_hug(item, scene) for item in reversed(reply.items)]
    return [*lines, of(len(lines), reply.total_count)]


@answers
def hug_requests(_: FetchHugRequests, reply: HugRequestPage, scene: Scene) -> Lines:
    """Who asked whom, and what came of it."""
    learn(reply, scene.known)
    lines = [_old_request(item, scene) for item in reversed(reply.items)]
    return [*lines, of(len(lines), reply.total_count)]


def learn(reply: HugRequestPage, known: Known) -> None:
    """Remember which requests are open."""
    for item in reversed(reply.items):
        if item.direction == "received":
            known.people.seen(item.user_id or "", item.user_name or "")
            known.requests.put(item.id)
            if item.status == "open":
                known.requests.wait(item.id, OPEN, item.created_at, item.expires_at)
            else:
                known.requests.done(item.id)


def _old_hug(item: HugItem, scene: Scene) -> Text:
    who = scene.who(item.user_id, item.user_name)
    sent = item.direction == "sent"
    text = Text("you hugged ").append_text(who) if sent else who.append(" hugged you")
    text.append(f", {words(item.hug_type)}")
    return scene.timed(item.sent_at, saying(text, item.message))


def _old_request(item: HugRequestItem, scene: Scene) -> Text:
    if item.direction == "received":
        number = Text(f"{scene.known.requests.put(item.id)}  ", style=DIM)
        text = number.append_text(scene.who(item.user_id or "", item.user_name or ""))
        text.append(" asked you")
    else:
        text = Text(f"you asked {_asked(item, scene)}")
    text = saying(text, item.message).append(f"  {_outcome(item, scene)}", style=DIM)
    return scene.timed(item.created_at, text)


def _outcome(item: HugRequestItem, scene: Scene) -> str:
    """What came of a request so far."""
    hugs = f", {count(item.accepted_count, 'hug')}" if item.accepted_count else ""
    if item.status == "open":
        return f"open until {scene.clock(item.expires_at)}{hugs}"
    return f"{item.status}{hugs}"


def _asked(asked: RequestHug | HugRequestItem, scene: Scene) -> str:
    """Whom somebody asked."""
    if isinstance(asked, HugRequestItem) and asked.user_id:
        scene.known.people.seen(asked.user_id, asked.user_name or "")
        return scene.name(asked.user_id)
    target = asked.target_id or ""
    if asked.target_type == "user":
        return scene.name(target)
    if asked.target_type == "group":
        return f"those in {scene.known.groups.label(target) or 'a group hug'}"
    return "your followers"
