"""Token buckets: how often something may happen."""

import math


class Bucket:
    """Holds up to `burst` tokens, refilled at `rate` per minute; times in ms."""

    __slots__ = ("_burst", "_rate", "_tokens", "_updated")

    def __init__(self, rate: float, burst: float, now: int) -> None:
        """Start full."""
        self._rate = rate / 60_000
        self._burst = float(burst)
        self._tokens = self._burst
        self._updated = now

    def take(self, now: int) -> int:
        """Take a token; return 0, or after how many seconds there will be one."""
        wait = self.peek(now)
        if not wait:
            self._tokens -= 1
        return wait

    def peek(self, now: int) -> int:
        """Return 0 if there is a token, or after how many seconds there will be."""
        elapsed = max(0, now - self._updated)
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        self._updated = now
        if self._tokens >= 1:
            return 0
        seconds = (1 - self._tokens) / self._rate / 1000
        # Who waited as long as was said must not fail by a rounding error.
        return math.ceil(round(seconds, 6))

    def full(self, now: int) -> bool:
        """Tell whether nothing is owed any more, so that it can be forgotten."""
        return self._tokens + (now - self._updated) * self._rate >= self._burst
