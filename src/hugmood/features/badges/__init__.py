"""Badges: small thanks, each given once and never taken away."""
