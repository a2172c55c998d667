"""One's own account: name, settings, sessions, export."""

from collections.abc import Iterable
from typing import Final, cast, get_args

from rich.text import Text

from hugmood.features.account.messages import DataExported, ExportData
from hugmood.features.auth.messages import (
    FetchSessions,
    RevokeSession,
    SessionPage,
    SessionRevoked,
)
from hugmood.features.profile.messages import ProfileUpdated, UpdateProfile
from hugmood.features.settings.messages import (
    Audience,
    Choices,
    FetchSettings,
    Settings,
    SettingsUpdated,
    UpdateSettings,
)
from hugmood.terminal.arguments import (
    Meaning,
    Misunderstood,
    Saying,
    just,
    one_of,
    person,
    thing,
)
from hugmood.terminal.known import Known
from hugmood.terminal.lines import DIM, Lines, good, joined, of
from hugmood.terminal.names import clean
from hugmood.terminal.shown import Scene, answers

AUDIENCES: Final = get_args(Audience)
SWITCH: Final = ("on", "off")
NOBODY: Final = "nobody"

# What one can say


def _settings(rest: str, known: Known) -> Meaning:
    word, _, value = rest.partition(" ")
    value = value.strip()
    match word:
        case "":
            return FetchSettings()
        case "hugs":
            return UpdateSettings(hugs_from=cast("Audience", one_of(value, AUDIENCES)))
        case "status":
            return UpdateSettings(status_to=cast("Audience", one_of(value, AUDIENCES)))
        case "streaks":
            return UpdateSettings(streaks=one_of(value, SWITCH) == "on")
        case "analytics":
            return UpdateSettings(analytics_to=_viewers(value, known))
        case _:
            raise Misunderstood(f"There is no setting {word}")


def _viewers(rest: str, known: Known) -> list[str]:
    """Read people, or nobody."""
    people: list[str] = []
    while rest != NOBODY or people:
        who, rest = person(rest, known)
        people.append(who)
        if not rest:
            break
    return people


def _name(rest: str, _: Known) -> Meaning:
    if not rest:
        raise Misunderstood("Which name?")
    return UpdateProfile(name=rest)


def _time_zone(rest: str, _: Known) -> Meaning:
    if not rest:
        raise Misunderstood("Which time zone?")
    return UpdateProfile(time_zone=rest)


def _revoke(rest: str, known: Known) -> Meaning:
    return RevokeSession(session_id=thing(rest, known.sessions, "session"))


def _offer_settings(_rest: str, _known: Known) -> Iterable[str]:
    for word in ("hugs", "status"):
        yield from (f"{word} {audience}" for audience in AUDIENCES)
    yield from (f"streaks {one}" for one in SWITCH)
    yield f"analytics {NOBODY}"


SAYINGS: Final = (
    Saying(
        "/settings",
        "[hugs|status WHOSE, streaks on|off, analytics @WHO|nobody]",
        f"what others may; WHOSE is {', '.join(AUDIENCES)}",
        _settings,
        _offer_settings,
    ),
    Saying("/name", "NAME", "be called so", _name),
    Saying("/timezone", "ZONE", "where your days begin, such as Europe/Berlin", _time_zone),
    Saying("/sessions", "", "where you are signed in", just(FetchSessions())),
    Saying("/revoke", "N", "sign that session out", _revoke),
    Saying("/export", "", "a file with all that you own", just(ExportData())),
)

# How it is shown


@answers
def settings(_: FetchSettings, reply: Settings, scene: Scene) -> Lines:
    """What holds."""
    return _choices(reply.settings, scene)


@answers
def settings_updated(_: UpdateSettings, reply: SettingsUpdated, scene: Scene) -> Lines:
    """What holds now."""
    return [good("Changed"), *_choices(reply, scene)]


@answers
def profile_updated(_: UpdateProfile, reply: ProfileUpdated, _scene: Scene) -> Lines:
    """It holds."""
    return good(f"You are {clean(reply.name)}, in {clean(reply.time_zone)}")


@answers
def sessions(_: FetchSessions, reply: SessionPage, scene: Scene) -> Lines:
    """Each with its number."""
    lines = []
    for item in reversed(reply.items):
        number = Text(f"{scene.known.sessions.put(item.session_id)}  ", style=DIM)
        until = f"until {scene.clock(item.expires_at)}"
        text = number.append(until, style="not dim").append("  this one" if item.current else "")
        lines.append(scene.timed(item.created_at, text))
    return [*lines, of(len(lines), reply.total_count)]


@answers
def session_revoked(_: RevokeSession, _reply: SessionRevoked, _scene: Scene) -> Lines:
    """It is over."""
    return good("Signed out there")


@answers
def data_exported(_: ExportData, reply: DataExported, scene: Scene) -> Lines:
    """Where to fetch it."""
    return [
        good(f"Ready until {scene.clock(reply.expires_at)}, for whoever has this link:"),
        Text(f"{scene.known.site}{clean(reply.url)}"),
    ]


def _choices(chosen: Choices | SettingsUpdated, scene: Scene) -> list[Text]:
    viewers = [scene.name(one) for one in chosen.analytics_to]
    rows = {
        "hugs": f"from {chosen.hugs_from}",
        "status": f"seen by {chosen.status_to}",
        "analytics": f"seen by {joined(viewers) if viewers else NOBODY}",
        "streaks": "on" if chosen.streaks else "off",
    }
    return [Text().append(f"{name:11}", style=DIM).append(text) for name, text in rows.items()]
