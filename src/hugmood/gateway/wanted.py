"""What a connection wants to hear of, where it does not want everything."""

from typing import NamedTuple, Self

from hugmood.engine.records import Narrowing
from hugmood.gateway.outgoing import Outgoing


class Wanted(NamedTuple):
    """Types of events and the keys of their authors; None is any."""

    types: frozenset[str] | None
    authors: frozenset[int] | None

    @classmethod
    def of(cls, narrowing: Narrowing) -> Self | None:
        """Read what the engine decided; None is everything."""
        types, authors = narrowing.types, narrowing.authors
        if types is None and authors is None:
            return None
        return cls(
            None if types is None else frozenset(types),
            None if authors is None else frozenset(authors),
        )

    def takes(self, event: Outgoing) -> bool:
        """Tell whether this event or notice is wanted."""
        if self.authors is not None and event.author not in self.authors:
            return False
        return self.types is None or event.kind in self.types
