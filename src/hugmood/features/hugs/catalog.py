"""The kinds of hugs and animations there are: words for `hugType` and `animation`."""

from typing import Final

HUG_TYPES: Final = (
    "supportive",
    "comforting",
    "friendly",
    "warm",
    "celebratory",
    "grateful",
    "apologetic",
    "playful",
    "missing_you",
    "goodnight",
)
ANIMATIONS: Final = (
    "gentle_squeeze",
    "warm_embrace",
    "bear_hug",
    "side_hug",
    "soft_pat",
    "heart_glow",
    "spin",
    "none",
)
