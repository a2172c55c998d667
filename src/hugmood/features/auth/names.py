"""Names as they are searched: without case, accents and needless spaces."""

import unicodedata
from typing import Final

MOST_WORDS: Final = 12
"""A name is found by the start of so many of its words."""
MOST_LETTERS: Final = 80
"""As many as a name may have; a letter can become eighteen when it is folded."""


def folded(name: str) -> str:
    """Write a name as it is compared: `  Zoë  van Dijk` as `zoe van dijk`."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())


def words(name: str) -> list[str]:
    """Return a name, folded, from the start of each of its words.

    Whoever looks for a prefix of one of these means this name.
    """
    whole = folded(name)
    starts = [0] + [
        place
        for place in range(1, len(whole))
        if whole[place].isalnum() and not whole[place - 1].isalnum()
    ]
    kept = [whole[start : start + MOST_LETTERS] for start in starts[:MOST_WORDS] if whole]
    return list(dict.fromkeys(kept))
