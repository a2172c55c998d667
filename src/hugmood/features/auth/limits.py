"""How often signing in may fail (decisions: 5 a minute an account, 30 an address)."""

from typing import Final

from hugmood.engine.handling import Host
from hugmood.errors import too_many
from hugmood.wire.limits import Bucket

PER_ACCOUNT: Final = 5
PER_REMOTE: Final = 30
_MOST_BUCKETS: Final = 10_000


class FailedLogins:
    """Buckets of failures; a process's own, and forgotten when they are full again."""

    def __init__(self, *, limited: bool) -> None:
        """Owe nothing."""
        self._limited = limited
        self._buckets: dict[str, Bucket] = {}
        self._blocked: dict[str, int] = {}

    def check(self, remote: str, account: str, now: int) -> None:
        """Refuse an attempt where too many failed before; no account is an empty one."""
        if not self._limited:
            return
        until = max(self._blocked.get(key, 0) for key in _keys(remote, account))
        if until > now:
            raise too_many((until - now + 999) // 1000)

    def failed(self, remote: str, account: str, now: int) -> None:
        """Note a failure."""
        for key, rate in _keys(remote, account).items():
            bucket = self._buckets.setdefault(key, Bucket(rate, rate, now))
            bucket.take(now)
            wait = bucket.peek(now)
            if wait:
                self._blocked[key] = now + wait * 1000
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets = {k: b for k, b in self._buckets.items() if not b.full(now)}
            self._blocked = {k: t for k, t in self._blocked.items() if t > now}


def failed_logins(host: Host) -> FailedLogins:
    """Make the memory of failures of an engine process."""
    return FailedLogins(limited=host.limited)


def _keys(remote: str, account: str) -> dict[str, int]:
    keys = {remote: PER_REMOTE}
    if account:
        keys[f"{remote}\0{account}"] = PER_ACCOUNT
    return keys
