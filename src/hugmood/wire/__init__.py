"""Bytes and their meaning: messages, codecs and the connection, without I/O."""
