"""The moods there are, with their norms: from a word to a number.

Valence and arousal are means on a scale of 1 to 9 from the Glasgow Norms: Scott,
Keitel, Becirspahic, Yao & Sereno (2019), Behavior Research Methods 51:1258-1270,
doi 10.3758/s13428-018-1099-3, CC BY 4.0.
"""

from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct

NEUTRAL: Final = 5.0
SPREAD: Final = 3.25
"""What a valence is away from neutral counts as all there is, on the norms' scale."""


class CatalogEntry(Struct, frozen=True):
    """One mood: its word in the norms, means and standard deviations there."""

    mood: str
    norm_word: str
    valence: float
    valence_sd: float
    arousal: float
    arousal_sd: float
    quadrant: str

    @property
    def pleasantness(self) -> float:
        """From -1 to 1: `clamp((valence - 5) / 3.25, -1, 1)`, model `hm-affect-1`."""
        return max(-1.0, min(1.0, (self.valence - NEUTRAL) / SPREAD))


class Catalog(Struct, frozen=True):
    """All moods; `model` names the formula, `source` must be shown with the norms."""

    model: str
    source: str
    moods: list[CatalogEntry]

    def find(self, mood: str) -> CatalogEntry | None:
        """Return the entry of this slug."""
        return next((entry for entry in self.moods if entry.mood == mood), None)


@cache
def catalog() -> Catalog:
    """Read the catalogue, once."""
    text = files(__package__).joinpath("moods.json").read_bytes()
    return msgspec.json.decode(text, type=Catalog)
