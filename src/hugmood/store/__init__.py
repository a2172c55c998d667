"""Databases and the durable streams in them."""
