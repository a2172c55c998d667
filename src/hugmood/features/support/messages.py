"""The support card, on the wire (protocol: Moods, `support`)."""

from typing import Literal

from msgspec import UNSET, UnsetType

from hugmood.wire.message import Payload


class Helpline(Payload, frozen=True, kw_only=True):
    """Somebody to talk to: at least one of `phone`, `text` and `url` is there.

    `languages` are those of BCP 47, the most spoken first.
    """

    name: str
    phone: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    hours: str | UnsetType = UNSET
    languages: list[str]


class SupportCard(Payload, frozen=True, kw_only=True):
    """What may help now. `as_of` is when the helplines were checked, `YYYY-MM-DD`.

    `reason` says what it answers: the words of a note, or how the last days were.
    """

    reason: Literal["words", "pattern"]
    title: str
    message: str
    helplines: list[Helpline]
    as_of: str
