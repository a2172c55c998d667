"""Leaving, and taking along what one owns."""
