from hypothesis import given, settings
from hypothesis import strategies as st

from hugmood.client.backoff import Backoff

chances = st.floats(0, 1, exclude_max=True)


@settings(deadline=None)
@given(st.integers(0, 5000), chances, st.floats(0, 3600))
def test_waits_between_the_minimum_and_the_cap_beyond_it(
    failures: int, chance: float, minimum: float
) -> None:
    """However many failures there were."""
    backoff = Backoff(0.5, 30)
    backoff.failures = failures
    assert minimum <= backoff.delay(chance, minimum) <= minimum + 30


@settings(deadline=None)
@given(st.integers(1, 40))
def test_doubles_the_ceiling_with_each_failure_up_to_the_cap(failures: int) -> None:
    """0.5, 1, 2, 4, 8, 16, 30, 30 seconds."""
    backoff = Backoff(0.5, 30)
    ceilings = [backoff.delay(1.0) for _ in range(failures)]
    assert ceilings == [min(30, 0.5 * 2**n) for n in range(failures)]


def test_jitter_is_full() -> None:
    """Down to no wait at all: a part of the clients may come back at once."""
    assert Backoff().delay(0.0) == 0


def test_begins_anew_after_a_reset() -> None:
    """A connection that lasted clears what went before."""
    backoff = Backoff()
    first = backoff.delay(0.9)
    backoff.delay(0.9)
    backoff.reset()
    assert first == backoff.delay(0.9)
