"""Several messages in one: what a loop turn brought for a client that can take it so."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Raw

from hugmood.ambient import Ambient
from hugmood.wire import codec
from hugmood.wire.message import MOST_IN_BATCH, Batch

MOST_BYTES: Final = 64 * 1024
"""Of the messages in one batch; a larger one goes alone."""


def batched(messages: Sequence[bytes], ambient: Ambient) -> Iterator[bytes]:
    """Join messages, in order, in as few as may be; one that is alone stays as it is."""
    for group in _groups(messages):
        yield group[0] if len(group) == 1 else _joined(group, ambient)


def _joined(messages: Sequence[bytes], ambient: Ambient) -> bytes:
    batch = Batch(messages=[Raw(message) for message in messages])
    message_id = ambient.message_id(batch.id_prefix)
    prefix = codec.prefix(batch.wire_type, message_id, codec.encode(batch), ambient.now())
    return prefix + codec.suffix(codec.number_of(messages[-1]))


def _groups(messages: Sequence[bytes]) -> Iterator[list[bytes]]:
    group: list[bytes] = []
    size = 0
    for message in messages:
        size += len(message)
        if group and (size > MOST_BYTES or len(group) >= MOST_IN_BATCH):
            yield group
            group, size = [], len(message)
        group.append(message)
    if group:
        yield group
