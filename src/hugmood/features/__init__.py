"""What HugMood does: one folder a feature, its messages, rules and SQL.

A new feature is a folder and one line here.
"""

from importlib import import_module
from typing import Final

FEATURES: Final = (
    "auth",
    "settings",
    "subscriptions",
    "follows",
    "notifications",
    "badges",
    "moods",
    "status",
    "group_hugs",
    "hugs",
    "analytics",
    "profile",
    "account",
)


def load_messages() -> None:
    """Register every message; faces and clients need no more than this."""
    for feature in FEATURES:
        import_module(f"hugmood.features.{feature}.messages")


def load_handlers() -> None:
    """Register every handler, and with it every message; for the engine."""
    for feature in FEATURES:
        import_module(f"hugmood.features.{feature}.service")
