"""Frames between gateway and engine: whole again however their bytes come."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hugmood.engine.framing import Frames, frame


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(0, 400), max_size=8))
def test_cut_anywhere(bodies: list[bytes], cuts: list[int]) -> None:
    """Pieces of any size make up the same frames, each as soon as it is complete."""
    sent = b"".join(map(frame, bodies))
    places = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    frames = Frames()
    heard: list[bytes] = []
    for start, end in pairwise(places):
        heard += frames.feed(sent[start:end])
        complete = sum(
            len(sent) - len(b"".join(map(frame, bodies[n:]))) <= end
            for n in range(1, len(bodies) + 1)
        )
        assert len(heard) == complete
    assert bodies == heard


def test_buffer_used_again() -> None:
    """What was fed from a buffer stays when the next bytes overwrite it."""
    sent = frame(b"first") + frame(b"second")
    buffer = bytearray(sent[:15])
    frames = Frames()
    heard = frames.feed(memoryview(buffer))
    buffer[:] = bytes(15)
    heard += frames.feed(memoryview(sent)[15:])
    assert heard == [b"first", b"second"]
