"""Idle memory: what an authenticated, silent socket costs all processes together."""

import native
from report import Bar, Figure, figure
from service import database_folder, populate, serve


def measure(*, sockets: int = 5000, rounds: int = 3, start: bool = True) -> list[Figure]:
    """Return KB of resident memory a socket, and with `start` seconds from start to ready."""
    used, ready = [], []
    with database_folder() as url:
        people = populate(url, sockets)
        for _ in range(rounds):
            with serve(url) as service:
                ready.append(service.seconds_to_ready)
                run = native.idle(
                    service.target,
                    sockets=sockets,
                    init=[person.auth() for person in people],
                    seconds=2,
                )
            used.append(run.rss_kb_per_socket)
    bar = Bar("memory", "", f"{sockets:,} sockets", "HugMood")
    memory = figure(f"idle socket, {sockets:,} of them", used, "KB", "at most 12 KB", bar)
    return [memory, figure("start to ready", ready, "s", "under 1 s")] if start else [memory]


if __name__ == "__main__":
    for line in measure():
        print(line)
