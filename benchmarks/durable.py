"""Durable commands on both databases, beside the limit and beside what one would write.

`mood_update` with 0 to 1,000 followers who are not online, and `send_hug` to people who
are; every client has one command outstanding. In turn with HugMood: the same rows by one
hand-written batch of as many commands, without a server (`hand_batch.py`), and a plain
FastAPI server with SQLAlchemy and Redis (`peers/plain_api.py`). Last, how long others
wait while a mood with 10,000 followers is written (`held.py`).

To keep it at a quarter of an hour or so, few clients are measured for a third of the time; the
plain server is measured with 32 clients: it serves no more with 256.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import held
import native
import plain
import postgresql
from apart import MissingError
from caller import calling
from commands import MESSAGE as MOOD
from crowd import SIZE, Crowd, gather
from hand_batch import Hand, Keys, by_hand, rate
from native import Commands, Target
from report import Bar, Figure, figure
from service import Person, Service, database_folder, serve, settle

CLIENTS: Final = (1, 32, 256)
MANY: Final = CLIENTS[-1]
FOLLOWERS: Final = (0, 10, 100, 1000)
PLAIN_CLIENTS: Final = 32
LONGEST: Final = 20.0
"""Seconds that no batch may take."""
GOALS: Final = {
    ("SQLite", "mood_update F=0"): "at least 5,000/s",
    ("SQLite", "mood_update F=10"): "at least 4,000/s",
    ("SQLite", "mood_update F=100"): "at least 800/s",
    ("PostgreSQL", "mood_update F=0"): "at least 8,000/s",
    ("PostgreSQL", "mood_update F=10"): "at least 2,500/s",
}
"""Of HugMood with 256 clients."""


class Load(NamedTuple):
    """What the clients do; `followers` is None where they send hugs."""

    name: str
    followers: int | None

    def people(self, crowd: Crowd) -> list[Person]:
        """Return those who do it."""
        return crowd.authors[self.followers or 0]

    def messages(self, people: Sequence[Person], *, keys: bool = False) -> list[str]:
        """Write each one's message; with `keys` the plain server's, whose ids are keys."""
        if self.followers is not None:
            return [MOOD]
        return [_hug(person.key if keys else person.id) for person in _neighbours(people)]

    def by_hand(self, hand: Hand, people: Sequence[Person], batch: int, seconds: float) -> float:
        """Return how many a second are written by hand."""
        after = {one.key: other.key for one, other in zip(people, _neighbours(people), strict=True)}

        def hugs(senders: Keys) -> None:
            hand.hugs(senders, [after[sender] for sender in senders])

        write = hand.moods if self.followers is not None else hugs
        return rate(write, [person.key for person in people], batch, seconds)

    @property
    def reply(self) -> str:
        """What an acknowledgement contains."""
        return "send_hug_response" if self.followers is None else "mood_update_response"


LOADS: Final = (*(Load(f"mood_update F={n:,}", n) for n in FOLLOWERS), Load("send_hug", None))


def _neighbours(people: Sequence[Person]) -> list[Person]:
    return [*people[1:], people[0]]


def _hug(recipient: str | int) -> str:
    data = {"recipientId": recipient, "hugType": "warm", "message": "Thinking of you"}
    return json.dumps({"type": "send_hug", "id": "bench-@@", "data": data}, separators=(",", ":"))


@dataclass(frozen=True)
class Place:
    """One kind of database with all that is measured on it, and what that gave."""

    name: str
    crowd: Crowd
    service: Service
    hand: Hand
    plain: dict[str, Target]
    rest: Callable[[], None]
    """What a database does from time to time, done between the measurements."""
    ours: defaultdict[tuple[Load, int], list[Commands]] = field(
        default_factory=lambda: defaultdict(list)
    )
    limits: defaultdict[tuple[Load, int], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )
    plains: defaultdict[tuple[Load, str], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def round(self, seconds: float) -> None:
        """Measure everything once."""
        for load in LOADS:
            for clients in CLIENTS:
                self._hugmood(load, clients, seconds if clients == MANY else seconds / 3)
            for name in self.plain:
                self._plain(load, name, seconds / 2)
            self.rest()

    def _hugmood(self, load: Load, clients: int, seconds: float) -> None:
        people = load.people(self.crowd)
        limit = load.by_hand(self.hand, people, clients, seconds / 3)
        self.limits[load, clients].append(limit)
        run = self._commands(load, people, clients, seconds)
        assert not run.errors
        self.ours[load, clients].append(run)
        settle(self.service)

    def _commands(
        self, load: Load, people: Sequence[Person], clients: int, seconds: float
    ) -> Commands:
        try:
            return native.commands(
                self.service.target,
                sockets=clients,
                messages=load.messages(people),
                init=[person.auth() for person in people],
                reply_marker=load.reply,
                seconds=seconds,
                warm=0.5,
            )
        except native.LoadgenError:
            if seconds > LONGEST:
                raise
            return self._commands(load, people, clients, seconds * 4)  # one batch takes longer

    def _plain(self, load: Load, name: str, seconds: float) -> None:
        people, target = load.people(self.crowd), self.plain[name]
        run = native.commands(
            target,
            sockets=PLAIN_CLIENTS,
            messages=load.messages(people, keys=True),
            init=[_plain_auth(person) for person in people],
            reply_marker=load.reply,
            seconds=seconds,
            warm=0.5,
        )
        assert not run.errors
        self.plains[load, name].append(run.acknowledged_per_s)
        with calling(target, _plain_auth(people[-1])) as caller:
            caller.mood_update(MOOD)  # it is answered when what the others left behind is done

    def figures(self) -> Iterator[Figure]:
        """Tell what all rounds gave."""
        for load in LOADS:
            for clients in CLIENTS:
                yield from self._figures(load, clients)
            yield from self._beside_plain(load)

    def _figures(self, load: Load, clients: int) -> Iterator[Figure]:
        runs, limits = self.ours[load, clients], self.limits[load, clients]
        name = f"{self.name}, {load.name}, {clients} client{'s' * (clients > 1)}"
        rates = [run.acknowledged_per_s for run in runs]
        goal = GOALS.get((self.name, load.name), "") if clients == MANY else ""
        yield figure(f"{name}: HugMood", rates, "/s", goal, self._bar(load, clients, "HugMood"))
        yield figure(f"{name}: p50", [run.p50_ms for run in runs], "ms")
        yield figure(f"{name}: p99", [run.p99_ms for run in runs], "ms")
        hand = "by hand, no server"
        yield figure(f"{name}: {hand}", limits, "/s", bar=self._bar(load, clients, hand))
        shares = [mine / limit for mine, limit in zip(rates, limits, strict=True)]
        yield figure(f"{name}: HugMood / by hand", shares, "x")

    def _beside_plain(self, load: Load) -> Iterator[Figure]:
        ours = [run.acknowledged_per_s for run in self.ours[load, MANY]]
        for name in self.plain:
            rates = self.plains[load, name]
            bar = self._bar(load, MANY, name)
            yield figure(f"{self.name}, {load.name}: {name}", rates, "/s", bar=bar)
            times = [mine / theirs for mine, theirs in zip(ours, rates, strict=False)]
            yield figure(f"{self.name}, {load.name}: HugMood / {name}", times, "x")

    def _bar(self, load: Load, clients: int, who: str) -> Bar | None:
        """Say where the chart has it, which shows many clients only."""
        return Bar("commands", self.name, load.name, who) if clients == MANY else None


def measure(*, rounds: int = 5, seconds: float = 3) -> list[Figure]:
    """Return all rates and latencies; what cannot be had here is left out and named."""
    with ExitStack() as stack:
        places = list(_places(stack))
        for _ in range(rounds):
            for place in places:
                place.round(seconds)
        figures = [line for place in places for line in place.figures()]
        for place in places:
            figures += held.measure(
                place.name, place.service, place.crowd, rounds=rounds, seconds=seconds
            )
    return figures


def _places(stack: ExitStack) -> Iterator[Place]:
    redis = _redis(stack)
    folder = stack.enter_context(database_folder())
    files = [folder.replace("hugmood.db", f"{name}.db") for name in ("ours", "hand", "plain")]
    yield _place(stack, "SQLite", files, redis, (1,), lambda: None)
    try:
        server = stack.enter_context(postgresql.running_server())
    except RuntimeError as error:
        print(f"PostgreSQL is left out: {error}")
        return
    databases = [server.create(name) for name in ("ours", "hand", "plain1", "plain2")]
    yield _place(stack, "PostgreSQL", databases, redis, (1, 2), server.checkpoint)


def _redis(stack: ExitStack) -> str | None:
    try:
        plain.install()
        return stack.enter_context(plain.redis_server())
    except MissingError as error:
        print(f"The plain server is left out: {error}")
        return None


def _place(
    stack: ExitStack,
    name: str,
    urls: list[str],
    redis: str | None,
    workers: Sequence[int],
    rest: Callable[[], None],
) -> Place:
    """Fill databases and start everything: HugMood, by hand, the plain server."""
    ours, by_hands, *plains = urls
    authors = dict.fromkeys(FOLLOWERS, MANY) | {SIZE: 1}
    crowd = gather(ours, authors)
    gather(by_hands, authors)
    hand = by_hand(by_hands)
    stack.callback(hand.close)
    targets = {}
    if redis is not None:
        for url, count in zip(plains, workers, strict=True):
            target = stack.enter_context(plain.serve(url, redis, like=ours, workers=count))
            targets[f"FastAPI, {count} worker{'s' * (count > 1)}"] = target
    return Place(name, crowd, stack.enter_context(serve(ours)), hand, targets, rest)


def _plain_auth(person: Person) -> str:
    return json.dumps({"type": "auth", "id": "auth", "data": {"token": person.key}})


if __name__ == "__main__":
    for line in measure():
        print(line)
