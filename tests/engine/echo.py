"""A process that says what it is, and then says again what it hears."""

import os
import socket


def main(name: str, sock: socket.socket) -> None:
    """Tell name and process id, then echo until the other end is gone, or hears `stop`."""
    sock.sendall(f"{name} {os.getpid()}\n".encode())
    while (heard := sock.recv(1000)) and heard != b"stop":
        sock.sendall(heard)
    if heard:
        raise SystemExit(7)
