"""HugMood: share a mood, send a hug, lose nothing."""

__version__ = "0.1.0"
