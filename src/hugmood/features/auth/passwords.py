"""Passwords: hashed slowly with Argon2id, refused when everybody has them."""

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from hugmood.engine.handling import Host

_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2
_LANES: Final = 1
"""OWASP's second choice for Argon2id: 19 MiB, two passes, one lane."""

COMMON: Final = frozenset(
    """
    00000000 11111111 12121212 12341234 12344321 123123123 123321123 123454321 123456123
    12345678 123456789 1234567890 12345678910 123456789a 12345qwert 123qwe123 1q2w3e4r
    1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 11223344 112233445566 20202020 22222222
    33333333 55555555 66666666 66669999 77777777 87654321 88888888 987654321 9876543210
    99999999 a1234567 a1b2c3d4 aa123456 aaaaaaaa abc12345 abcd1234 abcdefgh access14
    admin123 adminadmin administrator alexander american anthony1 asdf1234 asdfasdf
    asdfghjk asdfghjkl babygirl baseball basketball benjamin bigdaddy blink182 butterfly
    caroline changeme chelsea1 chocolate christian computer corvette danielle dragon12
    einstein elizabeth everton1 facebook football football1 fuckyou1 garfield google123
    guinness hallo123 hello123 helloworld iloveyou iloveyou1 iloveyou2 internet jennifer
    jessica1 jonathan jordan23 kristina letmein1 letmein123 liverpool liverpool1 lovelove
    loveyou1 marlboro master12 maverick mercedes michael1 michelle midnight monkey12
    mustang1 myspace1 nicholas november p@ssw0rd pa55word pass1234 passw0rd password
    password! password1 password12 password123 password1234 patricia pokemon1 police12
    princess princess1 q1w2e3r4 q1w2e3r4t5 qazwsxed qazwsxedc qwer1234 qwerqwer qwert123
    qwerty12 qwerty123 qwerty1234 qwerty12345 qwertyui qwertyuiop rockyou1 samantha
    secret12 september shadow12 snowball softball spiderman starwars steelers sunshine
    sunshine1 superman superman1 superstar swordfish trustno1 twilight veronica victoria
    warcraft welcome1 welcome123 westside whatever williams william1 winston1 wolverine
    xbox360x zaq12wsx zaq1zaq1 zxcvbnm1 zxcvbnma zxcvbnmm hugmood1 hugmood123
    """.split()
)
"""Those of at least eight characters that stand at the top of every published list."""


class Passwords:
    """Hashes and verifies; takes tens of milliseconds each time, on purpose."""

    def __init__(self) -> None:
        """Prepare a hash for addresses that nobody has, so that they take as long."""
        self._hasher = PasswordHasher(
            time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES
        )
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the text to keep in place of a password."""
        return self._hasher.hash(password)

    def verify(self, kept: str | None, password: str) -> bool:
        """Tell whether this is the password; None for an address that nobody has."""
        try:
            self._hasher.verify(kept or self._nobody, password)
        except (Argon2Error, InvalidHashError):
            return False
        return kept is not None


def too_common(password: str) -> bool:
    """Tell whether everybody would guess this password first."""
    return password.casefold() in COMMON


def passwords(host: Host) -> Passwords:  # noqa: ARG001 (the shape of every resource)
    """Make the hasher of an engine process."""
    return Passwords()
