"""How often signing in may fail, and accounts be made, from one network address."""

from ipaddress import IPv6Address, ip_address
from typing import Final

from hugmood.engine.handling import Host
from hugmood.errors import too_many
from hugmood.wire.bucket import Bucket
from hugmood.wire.limits import Rates

_MOST_BUCKETS: Final = 10_000
_HOUR: Final = 60
"""Minutes: rates are by the minute."""
_HOST_BITS: Final = 64
"""Of an IPv6 address: who has one has all that differ in these (RFC 4291, 2.5.4)."""


class FailedLogins:
    """Buckets of failures; a process's own, and forgotten when they are full again."""

    def __init__(self, rates: Rates, *, limited: bool) -> None:
        """Owe nothing."""
        self._rates = rates
        self._limited = limited
        self._buckets: dict[str, Bucket] = {}
        self._blocked: dict[str, int] = {}

    def check(self, remote: str, account: str, now: int) -> None:
        """Refuse an attempt where too many failed before; no account is an empty one."""
        if not self._limited:
            return
        until = max(self._blocked.get(key, 0) for key in self._keys(remote, account))
        if until > now:
            raise too_many((until - now + 999) // 1000)

    def failed(self, remote: str, account: str, now: int) -> None:
        """Note a failure."""
        for key, rate in self._keys(remote, account).items():
            bucket = self._buckets.setdefault(key, Bucket(rate, rate, now))
            bucket.take(now)
            wait = bucket.peek(now)
            if wait:
                self._blocked[key] = now + wait * 1000
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets = {k: b for k, b in self._buckets.items() if not b.full(now)}
            self._blocked = {k: t for k, t in self._blocked.items() if t > now}

    def _keys(self, remote: str, account: str) -> dict[str, int]:
        place = neighbourhood(remote)
        keys = {place: self._rates.failed_sign_ins_per_address}
        if account:
            keys[f"{place}\0{account}"] = self._rates.failed_sign_ins_per_account
        return keys


class NewAccounts:
    """Buckets of guests and accounts made; likewise."""

    def __init__(self, rates: Rates, *, limited: bool) -> None:
        """Owe nothing."""
        self._most = rates.new_accounts_per_hour
        self._limited = limited
        self._buckets: dict[str, Bucket] = {}

    def take(self, remote: str, now: int) -> None:
        """Count one that is about to be made, or refuse it."""
        if not self._limited:
            return
        place = neighbourhood(remote)
        new = Bucket(self._most / _HOUR, self._most, now)
        wait = self._buckets.setdefault(place, new).take(now)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets = {k: b for k, b in self._buckets.items() if not b.full(now)}
        if wait:
            raise too_many(wait)


def failed_logins(host: Host) -> FailedLogins:
    """Make the memory of failures of an engine process."""
    return FailedLogins(host.rates, limited=host.limited)


def new_accounts(host: Host) -> NewAccounts:
    """Make the memory of accounts made of an engine process."""
    return NewAccounts(host.rates, limited=host.limited)


def neighbourhood(remote: str) -> str:
    """Return what counts as one network address: an IPv6 subscriber has many."""
    try:
        address = ip_address(remote)
    except ValueError:
        return remote
    if not isinstance(address, IPv6Address):
        return remote
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> _HOST_BITS << _HOST_BITS)}/{_HOST_BITS}"
