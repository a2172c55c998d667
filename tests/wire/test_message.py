from typing import Any, ClassVar

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from hugmood import features
from hugmood.wire import codec, message
from hugmood.wire.message import (
    COMMANDS,
    LANES,
    PUSHES,
    VARIANT_FIELDS,
    AnyCommand,
    Command,
    Event,
    Lane,
    Notice,
    Payload,
    Push,
    Query,
    Reply,
    Variant,
    given,
    optional,
    reply_type,
    wire_word,
)


@pytest.fixture(autouse=True)
def _registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is defined here is not known elsewhere."""
    features.load_messages()
    for name in ("COMMANDS", "LANES", "VARIANT_FIELDS", "PUSHES"):
        monkeypatch.setattr(message, name, dict(getattr(message, name)))


@pytest.mark.parametrize(
    ("name", "word"),
    [("SendHug", "send_hug"), ("Ping", "ping"), ("MoodUpdate", "mood_update")],
)
def test_wire_word(name: str, word: str) -> None:
    """A class is called on the wire what it is called in the code."""
    assert word == wire_word(name)


class Nodded(Reply, frozen=True, kw_only=True):
    """An answer."""

    how_often: int
    to_whom: str | UnsetType = UNSET


def test_payload_on_the_wire() -> None:
    """Names are in camel case, what is absent is left out, success is said."""
    assert {"success": True, "howOften": 3} == msgspec.json.decode(
        codec.encode(Nodded(how_often=3))
    )


def test_command_is_registered() -> None:
    """To define a command is to make it known, as a thing that changes something."""

    class NodToAll(Command[Nodded], frozen=True):
        """Nod."""

    assert ("nod_to_all", NodToAll, "write") == (
        NodToAll.wire_type,
        message.COMMANDS["nod_to_all", None],
        message.LANES["nod_to_all"],
    )


def test_query_is_registered() -> None:
    """A query runs beside commands."""

    class CountNods(Query[Nodded], frozen=True):
        """Count."""

    assert ("read", CountNods) == (
        message.LANES["count_nods"],
        message.COMMANDS["count_nods", None],
    )


def test_variants_are_registered() -> None:
    """Several payloads may share a type; a field of theirs tells them apart."""

    class NodOnce(Command[Nodded], frozen=True):
        """Nod."""

        variant = Variant("nod", "howMuch", "once")

    class NodTwice(Command[Nodded], frozen=True):
        """Nod."""

        variant = Variant("nod", "howMuch", "twice")

    known = {key: kind for key, kind in message.COMMANDS.items() if key[0] == "nod"}
    assert {("nod", "once"): NodOnce, ("nod", "twice"): NodTwice} == known
    assert (message.VARIANT_FIELDS["nod"], NodOnce.wire_type) == ("howMuch", "nod")


def test_variants_share_a_lane() -> None:
    """Where a message goes is decided before its data is read."""

    class NodSlowly(Command[Nodded], frozen=True):
        """Nod."""

        variant = Variant("nod", "howMuch", "slowly")

    with pytest.raises(TypeError, match="variants of nod must share a lane"):

        class NodQuickly(Command[Nodded], frozen=True):
            """Nod."""

            variant = Variant("nod", "howMuch", "quickly")
            lane: ClassVar[Lane] = "check"


def test_push_is_registered() -> None:
    """What the server says of itself is known by its type; an event is a push."""

    class NodHeard(Push, frozen=True):
        """News."""

    class NodSeen(Event, frozen=True):
        """News that is kept."""

        id_prefix: ClassVar[str] = "notif"

    assert (NodHeard, NodSeen) == (message.PUSHES["nod_heard"], message.PUSHES["nod_seen"])
    assert ("bcast", "notif") == (NodHeard.id_prefix, NodSeen.id_prefix)


def test_notice_is_registered() -> None:
    """A notice is a push too, and no event; by itself it is about nothing."""

    class NodFelt(Notice, frozen=True):
        """News for those who are there."""

    assert (NodFelt, False) == (message.PUSHES["nod_felt"], issubclass(NodFelt, Event))
    assert NodFelt().fold == ""
    assert "notice" not in message.PUSHES


def test_fold() -> None:
    """Notices are about the same thing if their field says so, and of one type."""

    class NodCounted(Notice, frozen=True):
        """How many nods somebody got."""

        about: ClassVar[str] = "user_id"

        user_id: str
        nods: int

    class NodsForgotten(Notice, frozen=True):
        """Somebody has no nods any more."""

        about: ClassVar[str] = "user_id"

        user_id: str

    first, second = NodCounted("ada", 1), NodCounted("ada", 2)
    assert first.fold == second.fold
    assert len({first.fold, NodCounted("bob", 1).fold, NodsForgotten("ada").fold}) == 3


def test_reply_type() -> None:
    """The reply is read off the command's own definition."""

    class Nod(Command[Nodded], frozen=True):
        """Nod."""

    assert Nodded is reply_type(Nod)


def test_reply_type_of_no_command() -> None:
    """A command that names no reply is a mistake in the code."""
    with pytest.raises(TypeError, match="Payload must be written as"):
        reply_type(Payload)  # type: ignore[arg-type]


def test_given() -> None:
    """What was left out is None to rules and tables, and the other way round."""
    assert (None, 0, "") == (given(UNSET), given(0), given(""))
    assert (UNSET, 0, "") == (optional(None), optional(0), optional(""))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda kind: kind.__name__)
def test_every_command_names_its_reply(command: type[AnyCommand]) -> None:
    """Each of them can be answered."""
    assert issubclass(reply_type(command), Reply)


def test_every_type_has_a_lane() -> None:
    """Each goes somewhere, and each variant is chosen by a field that its struct has."""
    assert {kind for kind, _ in COMMANDS} == set(LANES)
    for (kind, value), command in COMMANDS.items():
        names = {field.encode_name: field for field in msgspec.structs.fields(command)}
        if value is not None:
            assert names[VARIANT_FIELDS[kind]].default == value


@pytest.mark.parametrize("push", PUSHES.values(), ids=lambda kind: kind.__name__)
def test_every_push_has_a_prefix_of_the_protocol(push: type[Any]) -> None:
    """Ids of what the server sends of itself begin with one of seven words."""
    assert push.id_prefix in {"bcast", "notif", "err", "ping", "close", "missed", "batch"}
