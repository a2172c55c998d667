"""Where a client really comes from, as far as proxies that are trusted say so.

Each proxy adds to a header whom it heard (`X-Forwarded-For`, or RFC 7239's `Forwarded`);
what stands left of the first untrusted one can be made up by anybody.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from starlette.datastructures import Headers

_FOR: Final = re.compile(r'(?:^|;)\s*for="?([^";]*)"?', re.IGNORECASE)
_WITH_PORT: Final = re.compile(r"(?:\[([^\]]*)\]|([^:]*))(?::\w+)?")
"""An address with a port, which for IPv6 takes brackets."""

Address = IPv4Address | IPv6Address


class Proxies:
    """The networks whose word is taken; by default nobody's."""

    def __init__(self, networks: Sequence[str] = ()) -> None:
        """Trust these addresses or networks in CIDR notation."""
        self._networks = [ip_network(network) for network in networks]

    def remote(self, peer: str, headers: Headers) -> str:
        """Return the address of the nearest that is no trusted proxy; `peer` is TCP's.

        Where what a proxy says cannot be read, or it passes two headers that differ, of
        which the client may have made up one, the last known address counts.
        """
        if not self._networks or not self._trusts(_address(peer)):
            return peer
        said = [_forwarded_for(headers), _forwarded(headers)]
        found = {self._nearest(peer, hops) for hops in said if hops}
        return found.pop() if len(found) == 1 else peer

    def _nearest(self, peer: str, hops: Sequence[str]) -> str:
        nearest = peer
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                return nearest
            nearest = str(address)
            if not self._trusts(address):
                return nearest
        return nearest

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _forwarded_for(headers: Headers) -> list[str]:
    return _elements(headers, "x-forwarded-for")


def _forwarded(headers: Headers) -> list[str]:
    found = (_FOR.search(element) for element in _elements(headers, "forwarded"))
    return [match[1] if match else "" for match in found]


def _elements(headers: Headers, name: str) -> list[str]:
    """The elements of a comma-separated header, over all its lines."""
    lines = headers.getlist(name)
    return [item.strip() for line in lines for item in line.split(",")]


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        match = _WITH_PORT.fullmatch(text)
        try:
            address = ip_address((match[1] or match[2]) if match else "")
        except ValueError:
            return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
