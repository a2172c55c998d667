"""What a subscription is told of an event: picked once for all who want the same."""

from collections.abc import Callable
from typing import Any, Final
from weakref import WeakValueDictionary

import msgspec
import structlog
from msgspec import Raw

from hugmood.errors import unavailable
from hugmood.gateway.outgoing import Outgoing
from hugmood.graphql.projection import Complete, NotPlain, projection
from hugmood.graphql.records import Plan

NUMBER: Final = "sequenceNumber"
LOST: Final = "events_lost"
"""The type of what is told where events are no longer kept."""

_HOLE: Final = b"\x00"
"""Stands for the number: no JSON has this byte in it."""

_encode: Final = msgspec.json.Encoder().encode

log = structlog.get_logger(__name__)


class Telling:
    """One way to tell: what was picked of each type, under one name in the response."""

    def __init__(self, key: str, picks: dict[str, Complete]) -> None:
        """Pick by these functions; the result is called `key`."""
        self._key = key
        self._picks = picks

    def __call__(self, event: Outgoing, number: int) -> bytes | None:
        """Return the `payload` for the recipient with this number; None if it is not wanted."""
        if event.told is None:
            event.told = {}
        parts = event.told.get(self, _UNTOLD)
        if parts is _UNTOLD:
            parts = event.told[self] = self._parts(event.kind, lambda: event.data)
        return None if parts is None else (b"%d" % number).join(parts)

    def lost(self, number: int) -> bytes | None:
        """Return what is told where all up to a number is no longer kept."""
        parts = self._parts(LOST, dict)
        return None if parts is None else (b"%d" % number).join(parts)

    def _parts(self, kind: str, data: Callable[[], dict[str, Any]]) -> list[bytes] | None:
        pick = self._picks.get(kind)
        if pick is None:
            return None
        try:
            picked = pick({**data(), NUMBER: Raw(_HOLE)})
        except NotPlain:
            log.error("an event is not as the schema says", type=kind)  # noqa: TRY400 (the type is all)
            fault = unavailable().refusal
            error = {"message": fault.message, "extensions": {"code": fault.code}}
            return [_encode({"data": None, "errors": [error]})]
        return _encode({"data": {self._key: picked}}).split(_HOLE)


_UNTOLD: Final[Any] = object()


class Tellings:
    """Every way that is in use, each made once."""

    def __init__(self) -> None:
        """Know none."""
        self._known: WeakValueDictionary[bytes, Telling] = WeakValueDictionary()

    def of(self, plan: Plan) -> Telling:
        """Find or make the way that a plan says."""
        said = msgspec.msgpack.encode((plan.key, sorted(plan.selections.items())))
        telling = self._known.get(said)
        if telling is None:
            picks = {kind: projection(one) for kind, one in plan.selections.items()}
            telling = self._known[said] = Telling(plan.key, picks)
        return telling
