"""Sockets, sessions and fan-out: asyncio, and never a database."""
