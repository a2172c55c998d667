"""From a message to its handler: registration, routing, what a handler is given."""

from typing import Any, Literal, get_args

import pytest

from hugmood.ambient import System
from hugmood.engine.handling import (
    ROUTES,
    Ctx,
    Emission,
    Host,
    Outbox,
    dispatch,
    handles,
    route,
    unhandled,
)
from hugmood.engine.records import Ask, Caller, Cut
from hugmood.errors import Rejected
from hugmood.features import load_handlers
from hugmood.features.follows.messages import FollowUpdate
from hugmood.features.hugs.messages import FetchHugCatalog, HugCatalog, SendHug
from hugmood.wire.message import COMMANDS, Command, Query, Reply, Variant
from tests.fakes import Clock, FakeAmbient
from tests.world import START, World

ADA = Caller(1, "user-1", "session-1", guest=False)
ZOE = Caller(2, "anon-2", "session-2", guest=True)


class Dusted(Reply, frozen=True):
    """A reply of these tests."""


def ask(kind: str, data: bytes = b"{}", *, internal: bool = False, caller: Caller = ADA) -> Ask:
    """A question as the gateway asks it."""
    return Ask(
        1, kind, "id", data, caller, at=None, client="client-1", remote="", internal=internal
    )


def context(question: Ask) -> Ctx:
    """What a handler is given; there is no database in it."""
    host = Host(FakeAmbient(Clock(START)), None, secrets=[], limited=True)  # type: ignore[arg-type]
    return Ctx(None, question, host.ambient.now(), Outbox(), host)  # type: ignore[arg-type]


# Registration


def test_everything_handled() -> None:
    """Every command that can be sent is handled."""
    load_handlers()
    assert unhandled() == []


def test_nothing_else_handled() -> None:
    """Every handler is of a command that can be sent."""
    load_handlers()
    assert ROUTES.keys() == COMMANDS.keys()


def test_unhandled(registries: None) -> None:
    """A command without a handler is found."""

    class DustOff(Command[Dusted], frozen=True):
        pass

    assert unhandled() == [(DustOff.wire_type, None)]


def test_handled(registries: None) -> None:
    """A function becomes the handler of the command in its signature."""

    class DustOff(Command[Dusted], frozen=True):
        pass

    def dust_off(ctx: Ctx, command: DustOff) -> Dusted:
        return Dusted()

    assert (handles(dust_off), ROUTES["dust_off", None].handler) == (dust_off, dust_off)


def test_handled_twice(registries: None) -> None:
    """A command has one handler."""

    def again(ctx: Ctx, query: FetchHugCatalog) -> HugCatalog:
        raise NotImplementedError

    with pytest.raises(TypeError, match="handled twice"):
        handles(again)


def test_wrong_reply(registries: None) -> None:
    """A handler that returns another reply than was promised is refused at once."""

    class DustOff(Command[Dusted], frozen=True):
        pass

    def dust_off(ctx: Ctx, command: DustOff) -> HugCatalog:
        raise NotImplementedError

    with pytest.raises(TypeError, match="dust_off must return Dusted"):
        handles(dust_off)


def test_goes_on(registries: None) -> None:
    """A handler may return an internal command that promises the same reply."""

    class DustWell(Command[Dusted], frozen=True):
        internal = True

    class DustOff(Command[Dusted], frozen=True):
        pass

    def dust_off(ctx: Ctx, command: DustOff) -> Dusted | DustWell:
        return DustWell()

    handles(dust_off)
    assert ROUTES["dust_off", None].command is DustOff


def test_goes_on_in_public(registries: None) -> None:
    """A handler may not return a command that a client could send."""

    class DustWell(Command[Dusted], frozen=True):
        pass

    class DustOff(Command[Dusted], frozen=True):
        pass

    def dust_off(ctx: Ctx, command: DustOff) -> DustWell:
        raise NotImplementedError

    with pytest.raises(TypeError, match="must return Dusted"):
        handles(dust_off)


def test_variants_share_a_lane(registries: None) -> None:
    """Commands of one type that want different lanes are refused at once."""
    with pytest.raises(TypeError, match="must share a lane"):

        class FetchDust(Command[Dusted], frozen=True):
            variant = Variant("fetch", "dataType", "dust")


# Routing


def routed(question: Ask) -> Any:  # noqa: ANN401 (to be compared)
    """The command that would be handled, or what is said instead."""
    load_handlers()
    try:
        return route(question).command
    except Rejected as rejected:
        return rejected.refusal.field, rejected.refusal.issue


def test_route() -> None:
    """A type leads to its command."""
    assert routed(ask("send_hug")) is SendHug


def test_route_of_variant() -> None:
    """A type with variants leads to the one that is named."""
    assert routed(ask("fetch", b'{"dataType": "hug_catalog"}')) is FetchHugCatalog


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("become_rich", b"{}", ("type", "unknown_type")),
        ("", b"{}", ("type", "unknown_type")),
        ("hug_received", b"{}", ("type", "unknown_type")),
        ("send_hug_response", b"{}", ("type", "unknown_type")),
        ("fetch", b"{}", ("data.dataType", "required_field_missing")),
        ("fetch", b"", ("data.dataType", "required_field_missing")),
        ("fetch", b'{"dataType": 1}', ("data.dataType", "invalid_type")),
        ("fetch", b'{"dataType": "gold"}', ("data.dataType", "unknown_value")),
        ("auth", b"{}", ("data.method", "required_field_missing")),
        ("auth", b'{"method": "magic"}', ("data.method", "unknown_value")),
    ],
)
def test_no_route(kind: str, data: bytes, expected: tuple[str, str]) -> None:
    """What leads nowhere is refused by the field that should say where."""
    assert routed(ask(kind, data)) == expected


def test_internal_from_client() -> None:
    """An internal command of a client's leads nowhere."""
    assert routed(ask("open_session")) == ("type", "unknown_type")


def test_client_command_from_engine() -> None:
    """The engine does not tell itself what only clients may say."""
    assert routed(ask("send_hug", internal=True)) == ("type", "unknown_type")


def test_lane_of_internal() -> None:
    """Every internal command runs in the writer, where it is sent, but for queries."""
    load_handlers()
    internal = [found.command for found in ROUTES.values() if found.command.internal]
    assert all((kind.lane == "read") == issubclass(kind, Query) for kind in internal)
    assert {kind.lane for kind in internal} == {"write", "read"}


def test_lanes() -> None:
    """Commands that wait for passwords or tokens are no writer's, queries neither."""
    load_handlers()
    found = {command.wire_type: command.lane for command in COMMANDS.values()}
    assert (found["auth"], found["fetch"], found["send_hug"]) == ("check", "read", "write")


# What a handler is given


def test_dispatch() -> None:
    """The command is read and handled."""
    load_handlers()
    context_ = context(ask("fetch", b'{"dataType": "hug_catalog"}'))
    context_.host.streams = Standing()  # type: ignore[assignment]
    found = dispatch(context_, route(context_.ask))
    assert isinstance(found, HugCatalog)


class Standing:
    """Streams that have not begun."""

    def position(self, tx: object, user: int) -> int:
        """Stand at the start."""
        return 0


def test_dispatch_of_bad_data() -> None:
    """A command that cannot be read is refused, before its handler sees it."""
    question = ask("send_hug", b'{"recipientId": "user-2"}')
    with pytest.raises(Rejected) as caught:
        dispatch(context(question), route(question))
    assert (caught.value.refusal.field, caught.value.refusal.issue) == (
        "data.hugType",
        "required_field_missing",
    )


def test_dispatch_of_wrong_answer(registries: None) -> None:
    """A handler that returns something else than it said is found out."""

    class DustOff(Command[Dusted], frozen=True):
        pass

    def dust_off(ctx: Ctx, command: DustOff) -> Dusted:
        return "dust"  # type: ignore[return-value]

    handles(dust_off)
    question = ask("dust_off")
    with pytest.raises(TypeError, match="returned str"):
        dispatch(context(question), route(question))


def test_emit_to_nobody() -> None:
    """An event for nobody is no event."""
    ctx = context(ask("send_hug"))
    ctx.emit(FollowUpdate(user_id="", user_name="", timestamp=None), to=[])  # type: ignore[arg-type]
    assert ctx.outbox.changes == []


def test_emit() -> None:
    """An event waits in the outbox with those it is for."""
    ctx = context(ask("send_hug"))
    event = FollowUpdate(user_id="", user_name="", timestamp=None)  # type: ignore[arg-type]
    ctx.emit(event, to=[1, 2])
    assert ctx.outbox.changes == [Emission(event, [1, 2], ctx.caller.key)]


def test_cut_of_nothing() -> None:
    """To cut no session is to cut nothing."""
    ctx = context(ask("send_hug"))
    ctx.cut(1, [], "session_revoked")
    assert ctx.outbox.cuts == []


def test_cut_spares_the_asker() -> None:
    """Who asked for sessions to be cut is spared, to hear the reply."""
    ctx = context(ask("send_hug"))
    ctx.cut(1, ["session-1"], "session_revoked")
    assert ctx.outbox.cuts == [Cut(1, ["session-1"], "session_revoked", "client-1")]


def test_cut_spares_nobody() -> None:
    """A cut that is to hit the asker too spares nobody."""
    ctx = context(ask("send_hug"))
    ctx.cut(1, ["session-1"], "session_revoked", asker_too=True)
    assert ctx.outbox.cuts == [Cut(1, ["session-1"], "session_revoked", "")]


def test_nobody() -> None:
    """A handler that needs a caller where there is none is a mistake of ours."""
    question = ask("send_hug", caller=None)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="without a caller"):
        _ = context(question).caller


@pytest.mark.parametrize("caller", [ADA, ZOE])
def test_require_account(caller: Caller) -> None:
    """What needs an account is refused to guests, and to nobody else."""
    try:
        context(ask("send_hug", caller=caller)).require_account()
        code = ""
    except Rejected as rejected:
        code = rejected.refusal.code
    assert code == ("permission_denied" if caller.guest else "")


def test_now_if_no_time() -> None:
    """An entry without a client's time is dated now."""
    ctx = context(ask("send_hug"))
    assert ctx.occurred_at() == ctx.now


def test_resource() -> None:
    """What handlers share is made once, at its first use."""
    host = context(ask("send_hug")).host
    made: list[Host] = []
    for _ in range(2):
        host.resource(made.append)
    assert made == [host]


# The ambient


@pytest.mark.parametrize("real", [True, False])
def test_ids(real: bool) -> None:  # noqa: FBT001 (a parameter)
    """Ids are all different, and those of later moments sort later."""
    clock = Clock(START)
    ambient = System() if real else FakeAmbient(clock)
    first = [ambient.entity_id("hug") for _ in range(100)]
    assert (len(set(first)), {i.partition("-")[0] for i in first}) == (100, {"hug"})


@pytest.mark.parametrize("real", [True, False])
def test_message_ids(real: bool) -> None:  # noqa: FBT001 (a parameter)
    """Message ids are a prefix and a UUID of the fourth version, all different."""
    ambient = System() if real else FakeAmbient(Clock(START))
    found = [ambient.message_id("bcast") for _ in range(100)]
    assert (len(set(found)), {i[:6] for i in found}, {i[20] for i in found}) == (
        100,
        {"bcast-"},
        {"4"},
    )


@pytest.mark.parametrize("real", [True, False])
def test_chance(real: bool) -> None:  # noqa: FBT001 (a parameter)
    """Chance is a number from 0 up to 1."""
    ambient = System() if real else FakeAmbient(Clock(START))
    assert 0 <= ambient.chance() < 1


def test_later_ids(world: World) -> None:
    """What happens later has an id that sorts later."""
    ids = []
    for _ in range(3):
        ids.append(world.ambient.entity_id("hug"))
        world.clock.move(1)
    assert ids == sorted(ids)


def test_variants_named() -> None:
    """The value that chooses a variant is the only one its own field takes."""
    load_handlers()
    wrong = [
        command.__name__
        for command in COMMANDS.values()
        if command.variant and not _fixed(command, command.variant)
    ]
    assert wrong == []


def _fixed(command: type[Command[Any]], variant: Variant) -> bool:
    name = {"dataType": "data_type"}.get(variant.field, variant.field)
    hint = command.__annotations__[name]
    return get_args(hint) == (variant.value,) and hint == Literal[variant.value]


def test_queries_read(registries: None) -> None:
    """A query is read by the readers unless it says otherwise."""

    class FetchDust(Query[Dusted], frozen=True):
        variant = Variant("fetch", "dataType", "dust")

    assert FetchDust.lane == "read"
