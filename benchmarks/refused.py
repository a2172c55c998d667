"""Refused messages: what it costs the server to say no.

Each client has one message outstanding and sends the next on its `error`. One kind is
refused in the gateway, for what no message may hold; the other goes to the engine, whose
rules do not know its mood. CPU time is that of all processes, the kernel's share included.
"""

from typing import Final

import native
from native import Target
from report import Figure, figure
from service import database_folder, populate, serve

KINDS: Final = {
    "in the gateway": (
        '{"type":"mood_update","id":"bench-@@","data":{"mood":"happy","intensity":0.8,'
        '"note":"\\u0000"}}'
    ),
    "in the engine": (
        '{"type":"mood_update","id":"bench-@@","data":{"mood":"no such mood","intensity":0.8,'
        '"note":"Just got some great news!"}}'
    ),
}
_GOAL: Final = "under 60 us"


def measure(*, clients: int = 256, rounds: int = 5, seconds: float = 3) -> list[Figure]:
    """Return the server's CPU time for each refused message, in microseconds.

    In turn with it: that of a C server that answers whatever comes, which is nearly all
    the kernel's.
    """
    cpu: dict[str, list[float]] = {where: [] for where in KINDS}
    bare: list[float] = []
    with database_folder() as url:
        init = [person.auth() for person in populate(url, clients)]
        with serve(url) as service, native.sendloop(reply_only=True) as limit:
            for _ in range(rounds):
                run = native.commands(
                    limit.target, sockets=clients, messages=[*KINDS.values()], seconds=seconds
                )
                bare.append(run.cpu_s_per_million or 0)
                for where, message in KINDS.items():
                    cpu[where].append(_run(service.target, init, message, seconds))
    return [
        *(figure(f"refused {where}: server CPU each", cpu[where], "us", _GOAL) for where in KINDS),
        figure("answered by a C server: CPU each", bare, "us"),
    ]


def _run(target: Target, init: list[str], message: str, seconds: float) -> float:
    run = native.commands(
        target,
        sockets=len(init),
        messages=[message],
        init=init,
        reply_marker='"code":"invalid_request"',
        seconds=seconds,
    )
    assert run.cpu_s_per_million is not None
    return run.cpu_s_per_million


if __name__ == "__main__":
    for line in measure():
        print(line)
