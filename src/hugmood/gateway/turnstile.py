"""How many commands come in beside the sockets: as many as on a socket, for each person."""

from typing import Final

from hugmood.engine.records import Caller
from hugmood.wire.bucket import Bucket
from hugmood.wire.limits import Settings

_SWEEP_AT: Final = 1_000


class Turnstile:
    """Counts each person's commands, and those of nobody by the address they come from."""

    def __init__(self, settings: Settings) -> None:
        """Let through what a socket would take."""
        self._settings = settings
        self._buckets: dict[int | str, Bucket] = {}
        self._sweep_at = _SWEEP_AT

    def take(self, caller: Caller | None, remote: str, now: int) -> int:
        """Let one command in; return 0, or after how many seconds it may come (ms `now`)."""
        if not self._settings.limited:
            return 0
        who = caller.key if caller else remote
        bucket = self._buckets.get(who)
        if bucket is None:
            self._make_room(now)
            settings = self._settings
            bucket = self._buckets[who] = Bucket(settings.messages_per_minute, settings.burst, now)
        return bucket.take(now)

    def _make_room(self, now: int) -> None:
        """Forget who owes nothing, now and then."""
        if len(self._buckets) >= self._sweep_at:
            self._buckets = {who: one for who, one in self._buckets.items() if not one.full(now)}
            self._sweep_at = max(_SWEEP_AT, 2 * len(self._buckets))
