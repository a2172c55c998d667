"""Names for ids, as far as they were seen, and what of a text may be shown."""

import unicodedata
from collections.abc import Iterator
from typing import Final

_SHORT: Final = 6
_HIDDEN: Final = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Unicode categories that move the cursor, turn text around or show nothing."""
_JOINERS: Final = "\u200c\u200d"
"""They only shape the letters and emoji beside them."""


def clean(text: str) -> str:
    """Leave out what could do anything to a terminal but show text.

    Names and messages come from other people: an escape sequence in one could
    rewrite the screen, and a change of direction could fake what stands beside it.
    """
    spaced = " ".join(text.split())
    return "".join(
        char for char in spaced if char in _JOINERS or unicodedata.category(char) not in _HIDDEN
    )


_AFTER: Final = " ,:"
"""What may stand after a name: people write `@Ada, thank you`."""


class Ambiguous(Exception):  # noqa: N818 (a question to the user)
    """Several people have this name."""


class People:
    """Who was seen; names stand for ids where only one person has them."""

    def __init__(self) -> None:
        """Know nobody."""
        self._names: dict[str, str] = {}
        self.me: str | None = None

    def seen(self, user_id: str, name: str) -> None:
        """Remember someone, by the newest name."""
        self._names[user_id] = clean(name)

    def name(self, user_id: str) -> str:
        """Return how to call someone; who was not seen has the end of the id."""
        if user_id == self.me:
            return "you"
        return self._names.get(user_id) or f"…{clean(user_id)[-_SHORT:]}"

    def names(self) -> list[str]:
        """Return all names, in order of the alphabet."""
        return sorted({name for name in self._names.values() if name}, key=str.casefold)

    def split(self, text: str) -> tuple[str, str]:
        """Take whoever the text begins with: an id and the rest of the text.

        A known name may contain spaces; the longest that fits counts. What is no
        known name is taken for an id. Raises `Ambiguous`.
        """
        ids: dict[str, str] = {}
        longest = ""
        for name, rest in self._beginning(text):
            ids = {uid: rest for uid, known in self._names.items() if _same(known, name)}
            longest = name
        if len(ids) > 1:
            raise Ambiguous(longest)
        if ids:
            return next(iter(ids.items()))
        first, _, rest = text.partition(" ")
        return first, rest.strip()

    def _beginning(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield known names that the text begins with, the shortest first."""
        for name in sorted(self.names(), key=len):
            rest = text[len(name) :]
            if _same(text[: len(name)], name) and (not rest or rest[0] in _AFTER):
                yield name, rest.lstrip(_AFTER).rstrip()


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
