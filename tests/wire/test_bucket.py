from hypothesis import given
from hypothesis import strategies as st

from hugmood.wire.bucket import Bucket

MINUTE = 60_000


def test_starts_full() -> None:
    """A burst may come at once."""
    bucket = Bucket(60, 3, 0)
    assert [0, 0, 0, 1] == [bucket.take(0) for _ in range(4)]


def test_refills() -> None:
    """A token comes back when its part of a minute has passed, not before."""
    bucket = Bucket(60, 1, 0)
    assert [0, 1, 1, 0] == [bucket.take(now) for now in (0, 1, 999, 1000)]


def test_wait_is_rounded_up() -> None:
    """Who waits the seconds that were named gets a token."""
    bucket = Bucket(7, 1, 0)
    bucket.take(0)
    wait = bucket.take(0)
    assert (9, 0) == (wait, bucket.take(wait * 1000))


def test_holds_no_more_than_the_burst() -> None:
    """An hour of rest saves up no more than a burst."""
    bucket = Bucket(60, 2, 0)
    assert [0, 0, 1] == [bucket.take(60 * MINUTE) for _ in range(3)]


def test_refusal_takes_nothing() -> None:
    """Asking in vain does not push the next token away."""
    bucket = Bucket(60, 1, 0)
    bucket.take(0)
    for now in range(0, 1000, 10):
        bucket.take(now)
    assert bucket.take(1000) == 0


def test_peek_takes_nothing() -> None:
    """Looking is free."""
    bucket = Bucket(60, 1, 0)
    assert [0, 0, 0] == [bucket.peek(0), bucket.peek(0), bucket.take(0)]


def test_clock_that_goes_back() -> None:
    """A clock set back takes nothing away, and gives nothing twice."""
    bucket = Bucket(60, 2, 10_000)
    assert [0, 0, 1, 1] == [bucket.take(now) for now in (10_000, 5_000, 5_000, 5_999)]


def test_full() -> None:
    """A bucket that owes nothing can be forgotten."""
    bucket = Bucket(60, 2, 0)
    bucket.take(0)
    assert (False, False, True) == (bucket.full(0), bucket.full(999), bucket.full(1000))


@given(
    rate=st.integers(1, 600),
    burst=st.integers(1, 50),
    steps=st.lists(st.integers(0, 5_000), max_size=60),
)
def test_never_more_than_burst_and_rate(rate: int, burst: int, steps: list[int]) -> None:
    """Over any time at most the burst and what the rate gives is taken."""
    bucket, now, taken = Bucket(rate, burst, 0), 0, 0
    for step in steps:
        now += step
        taken += bucket.take(now) == 0
        assert taken <= burst + rate * now / MINUTE + 1e-6
