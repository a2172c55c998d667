"""Hugs, and the catalogue of their kinds."""
