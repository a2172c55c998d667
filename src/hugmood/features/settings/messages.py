"""Settings, on the wire (decisions: Account and settings)."""

from typing import Literal

Audience = Literal["everyone", "followers", "friends", "nobody"]
"""Who may: friends are those who follow each other."""
