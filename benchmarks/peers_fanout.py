"""Fan-out beside what people would use instead: `ws`, Socket.IO, uWebSockets.js, NATS.

Each peer sends every subscriber one message of the size of HugMood's, for each that is
published, and does nothing else: nobody signs in, and nothing is stored. Only those
called "numbered" have a number for each recipient, as HugMood's messages have. All of
them, HugMood and the C loop are measured in turn, within each round.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import fanout
import native
import peer_servers
from apart import MissingError
from native import Fanout, LoadgenError, Target
from report import Figure, figure
from service import Person, befriend, database_folder, populate, serve, settle

OUTSTANDING: Final = (1, 8)
LIMIT, GATEWAY, HUGMOOD = "C loop", "HugMood's gateway", "HugMood"
UWS: Final = "uWebSockets.js, numbered"
GOALS: Final = {UWS: "at most 1.15", "ws": "below 1", "Socket.IO": "below 1", "NATS": "below 1"}
"""For HugMood's gateway over a peer; that of uWebSockets.js with one outstanding only."""

_EVENT: Final = (
    '{"type":"mood_changed","id":"bcast-7d8f2c1e-3b5a-4c6d-9e0f-1a2b3c4d5e6f","data":'
    '{"userId":"user-01jq2x3y4z5a6b7c8d9e0f","moodId":"mood-@@","mood":"happy",'
    '"intensity":0.8,"isPublic":true,"timestamp":"2024-08-25T15:30:00.000Z"},'
    '"timestamp":"2024-08-25T15:30:10.000Z","sequenceNumber":12345}'
)
_MOOD: Final = json.dumps({"mood": "happy", "intensity": 0.8, "isPublic": True})
_SOCKET_IO_PATH: Final = "/ws/?EIO=4&transport=websocket"
_HELLO: Final = r'CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\n'

Run = Callable[[int, int, float], Fanout]
"""One measurement, by subscribers, moods outstanding, and seconds."""
Results = dict[str, list[Fanout]]
Start = Callable[[], AbstractContextManager[Target]]


@dataclass(frozen=True)
class Bare:
    """Servers that take the load generator's `mood_update` as it is, and no greeting."""

    target: Target

    def __call__(self, subscribers: int, outstanding: int, seconds: float) -> Fanout:
        """Measure once."""
        return native.fanout(
            self.target,
            subscribers=subscribers,
            message=fanout.MESSAGE,
            outstanding=outstanding,
            seconds=seconds,
            verify=True,
        )


@dataclass(frozen=True)
class SocketIo:
    """Socket.IO's packets: `40` connects to the namespace, `42` is an event."""

    target: Target

    def __call__(self, subscribers: int, outstanding: int, seconds: float) -> Fanout:
        """Measure once."""
        return native.fanout(
            self.target,
            subscribers=subscribers,
            message=f'42["mood_update",{_MOOD}]',
            init=['40{"follower":true}'],
            publisher_init="40{}",
            ready_marker='40{"sid"',
            marker='42["mood_changed"',
            outstanding=outstanding,
            seconds=seconds,
        )


@dataclass(frozen=True)
class Nats:
    """The protocol of NATS clients, in WebSocket frames; the author publishes the event."""

    target: Target

    def __call__(self, subscribers: int, outstanding: int, seconds: float) -> Fanout:
        """Measure once."""
        length = len(_EVENT.replace("@@", "0" * 16))  # `@@` becomes microseconds since 1970
        return native.fanout(
            self.target,
            subscribers=subscribers,
            message=rf"PUB moods {length}\r\n{_EVENT}\r\n",
            init=[rf"{_HELLO}SUB moods 1\r\nPING\r\n"],
            publisher_init=rf"{_HELLO}PING\r\n",
            ready_marker="PONG",
            binary=True,
            outstanding=outstanding,
            seconds=seconds,
        )


@contextmanager
def _limit() -> Iterator[Run]:
    with native.sendloop() as limit:
        yield lambda count, outstanding, seconds: fanout.run(
            limit.target, [], count, outstanding, seconds
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
                done = fanout.run(service.target, crowd, count, outstanding, seconds)
                settle(service)  # the next one shall not be held up by what is left to do
                return done

            yield run


def measure(
    *, subscribers: Sequence[int] = (100, 1000, 5000), rounds: int = 5, seconds: float = 3
) -> list[Figure]:
    """Return each one's CPU time a delivery and latencies over those of the C loop."""
    with ExitStack() as stack:
        runs: dict[str, Run] = {LIMIT: stack.enter_context(_limit())}
        runs[HUGMOOD] = stack.enter_context(_hugmood(subscribers))
        runs |= _peers(stack)
        figures: list[Figure] = []
        for count in subscribers:
            for outstanding in OUTSTANDING:
                results = _rounds(runs, count, outstanding, rounds, seconds)
                figures += _figures(f"fan-out to {count:,}, {outstanding} outstanding", results)
    return figures


def _peers(stack: ExitStack) -> dict[str, Run]:
    """Start the peers that can be had here, and say which cannot."""
    node = peer_servers.node
    known: list[tuple[str, Callable[[Target], Run], Start]] = [
        ("ws", Bare, lambda: node("ws_server.js")),
        ("ws, numbered", Bare, lambda: node("ws_server.js", "--numbered")),
        ("Socket.IO", SocketIo, lambda: node("socketio_server.js", path=_SOCKET_IO_PATH)),
        (UWS, Bare, lambda: node("uws_server.js")),
        ("uWebSockets.js publish", Bare, lambda: node("uws_server.js", "--publish")),
        ("NATS", Nats, peer_servers.nats),
    ]
    running: dict[str, Run] = {}
    for name, protocol, start in known:
        try:
            running[name] = protocol(stack.enter_context(start()))
        except MissingError as reason:
            print(f"{name} is left out: {reason}", file=sys.stderr)
    return running


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


def _figures(scenario: str, results: Results) -> list[Figure]:
    cpu = {name: [_cpu(run) for run in runs] for name, runs in results.items()}
    cpu[GATEWAY] = [fanout.per_million(run, "gateway") for run in results[HUGMOOD]]
    p50 = {name: [run.p50_ms for run in runs] for name, runs in results.items()}
    p99 = {name: [run.p99_ms for run in runs] for name, runs in results.items()}
    figures = [
        figure(f"{scenario}: {LIMIT}, CPU", cpu[LIMIT], "us"),
        figure(f"{scenario}: {LIMIT}, p50", p50[LIMIT], "ms"),
        figure(f"{scenario}: {LIMIT}, p99", p99[LIMIT], "ms"),
    ]
    for what, values in {"CPU": cpu, "p50": p50, "p99": p99}.items():
        figures += [
            figure(f"{scenario}: {name} / {LIMIT}, {what}", _ratios(values, name, LIMIT), "x")
            for name in values
            if name != LIMIT
        ]
    return figures + _goals(scenario, cpu)


def _goals(scenario: str, cpu: dict[str, list[float]]) -> list[Figure]:
    return [
        figure(
            f"{scenario}: {GATEWAY} / {peer}, CPU",
            _ratios(cpu, GATEWAY, peer),
            "x",
            "" if peer == UWS and " 1 outstanding" not in scenario else goal,
        )
        for peer, goal in GOALS.items()
        if peer in cpu
    ]


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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    for line in measure(
        subscribers=options.subscribers, rounds=options.rounds, seconds=options.seconds
    ):
        print(line)


if __name__ == "__main__":
    main()
