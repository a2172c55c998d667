"""Fan-out beside what people would use instead, from `ws` to an MQTT broker.

Each peer sends every subscriber one message of the size of HugMood's, for each that is
published, and does nothing else: nobody signs in, and nothing is stored. Only those
called "numbered" have a number for each recipient, as HugMood's messages have. All of
them, HugMood and the C loop are measured in turn, within each round.
"""

import argparse
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Final

import fanout
import native
import peer_servers
from apart import MissingError
from native import Fanout, LoadgenError, Target
from peer_protocols import Bare, Mqtt, Nats, SocketIo
from report import Bar, Figure, figure
from service import Person, befriend, database_folder, populate, serve, settle

OUTSTANDING: Final = (1, 8)
LIMIT, GATEWAY, HUGMOOD = "C loop", "HugMood's gateway", "HugMood"
UWS: Final = "uWebSockets.js, numbered"
_BELOW: Final = ("ws", "Socket.IO", "NATS", "Mosquitto", "Django Channels", "python-socketio")
GOALS: Final = {UWS: "at most 1.15"} | dict.fromkeys(_BELOW, "below 1")
"""For HugMood's gateway over a peer; that of uWebSockets.js with one outstanding only."""

_SOCKET_IO_PATH: Final = "/ws/?EIO=4&transport=websocket"

CHARTS: Final = {"CPU": "peers", "p99": "peers-p99"}
"""By what they show."""

Run = Callable[[int, int, float], Fanout]
"""One measurement, by subscribers, moods outstanding, and seconds."""
Results = dict[str, list[Fanout]]
Peer = tuple[Callable[[Target], Run], Callable[[], AbstractContextManager[Target]]]
"""How to speak to it, and how to start it."""

_node, _asgi = peer_servers.node, peer_servers.asgi
PEERS: Final[dict[str, Peer]] = {
    "ws": (Bare, lambda: _node("ws_server.js")),
    "ws, numbered": (Bare, lambda: _node("ws_server.js", "--numbered")),
    "Socket.IO": (SocketIo, lambda: _node("socketio_server.js", path=_SOCKET_IO_PATH)),
    UWS: (Bare, lambda: _node("uws_server.js")),
    "uWebSockets.js publish": (Bare, lambda: _node("uws_server.js", "--publish")),
    "Django Channels": (Bare, lambda: _asgi("channels_server")),
    "python-socketio": (SocketIo, lambda: _asgi("socketio_server", path=_SOCKET_IO_PATH)),
    "NATS": (Nats, peer_servers.nats),
    "Mosquitto": (Mqtt, peer_servers.mosquitto),
}
MOST: Final = {"Django Channels": 1000}
"""Subscribers: with more, none of its publishes is done within a measurement.

Its in-memory layer looks through all channels for every message that one receives.
"""
_VARIANTS: Final = {"ws, numbered", "uWebSockets.js publish"}
MAIN: Final = tuple(name for name in PEERS if name not in _VARIANTS)


@contextmanager
def _limit() -> Iterator[Run]:
    with native.sendloop() as limit:
        yield lambda count, outstanding, seconds: fanout.run(
            limit.target, [], count, outstanding, seconds, warm=seconds / 2
        )


@contextmanager
def _hugmood(sizes: Sequence[int]) -> Iterator[Run]:
    """Run HugMood, with an author for each number of followers."""
    with database_folder() as url:
        people = populate(url, len(sizes) + max(sizes))
        followers = people[len(sizes) :]
        authors: dict[int, Person] = dict(zip(sizes, people, strict=False))
        for size, author in authors.items():
            befriend(url, author, followers[:size])
        with serve(url) as service:

            def run(count: int, outstanding: int, seconds: float) -> Fanout:
                crowd = [authors[count], *followers[:count]]
                done = fanout.run(
                    service.target, crowd, count, outstanding, seconds, warm=seconds / 2
                )
                settle(service)  # the next one shall not be held up by what is left to do
                return done

            yield run


def measure(
    *,
    subscribers: Sequence[int] = (100, 1000, 5000),
    peers: Collection[str] = tuple(PEERS),
    rounds: int = 5,
    seconds: float = 3,
) -> list[Figure]:
    """Return each one's CPU time a delivery and latencies over those of the C loop."""
    with ExitStack() as stack:
        runs: dict[str, Run] = {LIMIT: stack.enter_context(_limit())}
        runs[HUGMOOD] = stack.enter_context(_hugmood(subscribers))
        runs |= _started(peers, stack)
        figures: list[Figure] = []
        for count in subscribers:
            able = _able(runs, count)
            for outstanding in OUTSTANDING:
                results = _rounds(able, count, outstanding, rounds, seconds)
                figures += _figures(count, outstanding, results)
    return figures


def _started(peers: Collection[str], stack: ExitStack) -> dict[str, Run]:
    """Start the peers that can be had here, and say which cannot."""
    running: dict[str, Run] = {}
    for name in peers:
        protocol, start = PEERS[name]
        try:
            running[name] = protocol(stack.enter_context(start()))
        except MissingError as reason:
            print(f"{name} is left out: {reason}", file=sys.stderr)
    return running


def _able(runs: dict[str, Run], count: int) -> dict[str, Run]:
    """Return those that can serve so many, and say which cannot."""
    able = {name: run for name, run in runs.items() if count <= MOST.get(name, count)}
    for name in runs.keys() - able:
        print(f"{name}, {count} sockets, is left out: more than {MOST[name]}", file=sys.stderr)
    return able


def _rounds(
    runs: dict[str, Run], count: int, outstanding: int, rounds: int, seconds: float
) -> Results:
    """Measure all of them in turn, as often; one that breaks down is left out."""
    results: Results = {name: [] for name in runs}
    for _ in range(rounds):
        for name in list(results):
            try:
                results[name].append(runs[name](count, outstanding, seconds))
            except LoadgenError as reason:
                if name in {LIMIT, HUGMOOD}:
                    raise
                print(f"{name}, {count} sockets, is left out: {reason}", file=sys.stderr)
                del results[name]
    return results


def _figures(count: int, outstanding: int, results: Results) -> list[Figure]:
    scenario = f"fan-out to {count:,}, {outstanding} outstanding"
    cpu = {GATEWAY: [fanout.per_million(run, "gateway") for run in results[HUGMOOD]]}
    cpu |= {name: [_cpu(run) for run in runs] for name, runs in results.items()}
    p50 = {name: [run.p50_ms for run in runs] for name, runs in results.items()}
    p99 = {name: [run.p99_ms for run in runs] for name, runs in results.items()}
    figures = [
        figure(f"{scenario}: {LIMIT}, CPU", cpu[LIMIT], "us"),
        figure(f"{scenario}: {LIMIT}, p50", p50[LIMIT], "ms"),
        figure(f"{scenario}: {LIMIT}, p99", p99[LIMIT], "ms"),
    ]
    for what, values in {"CPU": cpu, "p50": p50, "p99": p99}.items():
        figures += [
            figure(
                f"{scenario}: {name} / {LIMIT}, {what}",
                _ratios(values, name, LIMIT),
                "x",
                bar=_bar(CHARTS.get(what), count, outstanding, name),
            )
            for name in values
            if name != LIMIT
        ]
    return figures + _goals(count, outstanding, cpu)


def _goals(count: int, outstanding: int, cpu: dict[str, list[float]]) -> list[Figure]:
    return [
        figure(
            f"fan-out to {count:,}, {outstanding} outstanding: {GATEWAY} / {peer}, CPU",
            _ratios(cpu, GATEWAY, peer),
            "x",
            "" if peer == UWS and outstanding > 1 else goal,
            _bar("ahead", count, outstanding, peer),
        )
        for peer, goal in GOALS.items()
        if peer in cpu
    ]


def _bar(chart: str | None, count: int, outstanding: int, label: str) -> Bar | None:
    panel, series = f"{outstanding} outstanding", f"{count:,} followers"
    return Bar(chart, panel, label, series) if chart else None


def _ratios(values: dict[str, list[float]], name: str, base: str) -> list[float]:
    return [mine / other for mine, other in zip(values[name], values[base], strict=True)]


def _cpu(run: Fanout) -> float:
    """CPU microseconds for one delivery, of all processes of a server."""
    assert run.cpu_s_per_million is not None
    return run.cpu_s_per_million


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    for line in measure(**vars(options)):
        print(line)


if __name__ == "__main__":
    main()
