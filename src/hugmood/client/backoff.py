"""How long to wait before connecting again."""

from typing import Final

_LARGEST_EXPONENT: Final = 32
"""Past any useful cap, and short of where floats overflow."""


class Backoff:
    """Exponential with full jitter: from 0 to `base` doubled with each failure.

    Full jitter spreads many clients best for the same total of attempts (M. Brooker,
    Exponential Backoff and Jitter, AWS Architecture Blog, 2015). All in seconds.
    """

    def __init__(self, base: float = 0.5, cap: float = 30.0) -> None:
        """Never add more than `cap` to what the server asks for."""
        self._base = base
        self._cap = cap
        self.failures = 0

    def delay(self, chance: float, minimum: float = 0.0) -> float:
        """Note a failure; return the wait, at least `minimum`; 0 <= `chance` < 1.

        The jitter comes on top of the minimum: a server that sends everyone away with
        the same delay must not get everyone back at the same moment.
        """
        ceiling = self._base * 2.0 ** min(self.failures, _LARGEST_EXPONENT)
        self.failures += 1
        return minimum + chance * min(self._cap, ceiling)

    def reset(self) -> None:
        """Begin anew: a connection has lasted."""
        self.failures = 0
