"""Where a client comes from: whose word is taken, and how far."""

import pytest
from starlette.datastructures import Headers

from hugmood.gateway.proxies import Proxies

PROXY = "127.0.0.1"
TRUSTED = Proxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


def remote(*lines: tuple[str, str], peer: str = PROXY, proxies: Proxies = TRUSTED) -> str:
    """The address that counts, with these header lines."""
    raw = [(name.encode(), value.encode()) for name, value in lines]
    return proxies.remote(peer, Headers(raw=raw))


def test_nobody_is_trusted_by_default() -> None:
    """What a header says is not believed, not even from this machine."""
    said = ("x-forwarded-for", "192.0.2.1")
    assert PROXY == remote(said, proxies=Proxies())


def test_untrusted_peer() -> None:
    """Nor is it from a stranger, where a proxy is trusted."""
    said = ("x-forwarded-for", "192.0.2.1")
    assert "198.51.100.7" == remote(said, peer="198.51.100.7")


def test_no_header() -> None:
    """A proxy that says nothing is the client itself."""
    assert PROXY == remote()


def test_unix_socket() -> None:
    """Where there is no address, none is trusted."""
    assert "" == remote(("x-forwarded-for", "192.0.2.1"), peer="")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1", "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1, 10.1.2.3", "192.0.2.1"),
        ("10.9.9.9,10.1.2.3", "10.9.9.9"),
        ("192.0.2.1, nonsense, 10.1.2.3", "10.1.2.3"),
        ("nonsense", PROXY),
        ("", PROXY),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("unknown, fd00::7", "fd00::7"),
    ],
)
def test_forwarded_for(header: str, expected: str) -> None:
    """The rightmost that is not trusted; what cannot be read ends the search."""
    assert expected == remote(("x-forwarded-for", header))


def test_several_lines() -> None:
    """Lines of one header are one list."""
    lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.1, 10.0.0.1")]
    assert "192.0.2.1" == remote(*lines)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("for=192.0.2.1", "192.0.2.1"),
        ("for=6.6.6.6;proto=https, FOR=192.0.2.1;by=10.0.0.1", "192.0.2.1"),
        ('proto=https; for="[2001:db8::1]:4711"', "2001:db8::1"),
        ('for="192.0.2.1:80", for=10.1.2.3', "192.0.2.1"),
        ("for=_hidden", PROXY),
        ("for=unknown, for=10.1.2.3", "10.1.2.3"),
        ("proto=https", PROXY),
        ("for=192.0.2.1, proto=https", PROXY),
    ],
)
def test_forwarded(header: str, expected: str) -> None:
    """The same from the header of RFC 7239."""
    assert expected == remote(("forwarded", header))


def test_both_headers_agree() -> None:
    """Two that say the same are believed."""
    lines = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")]
    assert "192.0.2.1" == remote(*lines)


def test_both_headers_differ() -> None:
    """One of them passed through the proxy as the client made it up: neither counts."""
    lines = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=6.6.6.6")]
    assert PROXY == remote(*lines)
