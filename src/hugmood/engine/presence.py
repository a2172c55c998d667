"""How features hear that somebody came or went."""

from typing import ClassVar

from hugmood.wire.message import Command, Reply


class PresenceNoted(Reply, frozen=True):
    """Others have been told."""


class PresenceChanged(Command[PresenceNoted], frozen=True, kw_only=True):
    """This user came or went: `Host.online` says which. A feature may handle it.

    With `again` neither: others are to be told what holds, for they may have missed it.
    """

    internal: ClassVar[bool] = True

    user_key: int
    again: bool = False
