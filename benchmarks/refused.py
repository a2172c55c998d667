"""Refused messages: what it costs the server to say no.

Each client has one message outstanding and sends the next on its `error`. One kind is
refused in the gateway, for what no message may hold; the other goes to the engine, whose
rules do not know its mood. CPU time is that of all processes, the kernel's share included;
most of it is reading from and writing to sockets. What validation and dispatch take by
themselves is measured beside it, in one process without sockets: from the bytes of the
message to the bytes of its `error`, through both sides of the engine's border.
"""

import time
from typing import Final

import native
from hugmood.ambient import System
from hugmood.engine.framing import LENGTH_BYTES, pack
from hugmood.engine.handling import Host
from hugmood.engine.records import (
    Answer,
    Ask,
    Caller,
    Question,
    read_questions,
    read_said,
)
from hugmood.engine.writer import Writer
from hugmood.features import load_handlers
from hugmood.store.opening import open_database, open_streams
from hugmood.store.streams import DEFAULT_RETENTION
from hugmood.wire.limits import Settings
from hugmood.wire.session import Forward, Send, Session
from native import Target
from report import Figure, figure
from service import SECRET, Person, database_folder, populate, serve

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
_BATCH: Final = 8
"""Messages in hand at once, as a busy gateway has them."""
_BATCHES: Final = 1000


def measure(*, clients: int = 256, rounds: int = 5, seconds: float = 3) -> list[Figure]:
    """Return the server's CPU time for each refused message, in microseconds.

    In turn with it: that of a C server that answers whatever comes, which is nearly all
    the kernel's.
    """
    cpu: dict[str, list[float]] = {where: [] for where in KINDS}
    alone: dict[str, list[float]] = {where: [] for where in KINDS}
    bare: list[float] = []
    with database_folder() as url:
        people = populate(url, clients)
        init = [person.auth() for person in people]
        with serve(url) as service, native.sendloop(reply_only=True) as limit:
            for _ in range(rounds):
                run = native.commands(
                    limit.target, sockets=clients, messages=[*KINDS.values()], seconds=seconds
                )
                bare.append(run.cpu_s_per_million or 0)
                for where, message in KINDS.items():
                    cpu[where].append(_run(service.target, init, message, seconds))
        for where, message in KINDS.items():
            dispatch = _Dispatch(url, people[0])
            alone[where] = [dispatch.measure(message) for _ in range(rounds)]
    return [
        *(
            figure(f"refused {where}: validation and dispatch", alone[where], "us", _GOAL)
            for where in KINDS
        ),
        *(figure(f"refused {where}: server CPU each", cpu[where], "us") for where in KINDS),
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


class _Dispatch:
    """Gateway and engine in one process, joined by the bytes they exchange, no sockets."""

    def __init__(self, url: str, person: Person) -> None:
        load_handlers()
        ambient = System()
        streams = open_streams(url, DEFAULT_RETENTION)
        host = Host(ambient, streams, secrets=[SECRET], limited=False)
        self._writer = Writer(open_database(url, timeout=5), host)
        self._session = Session(Settings(limited=False), ambient, ambient.steady())
        self._session.signed_in(ambient.now() + 3_600_000)
        self._caller = Caller(person.key, person.id, "session-1", guest=False)
        self._now = ambient.steady

    def measure(self, message: str) -> float:
        """Return the CPU time for each of many, in microseconds, a batch at a time."""
        batches = [
            [message.replace("@@", f"{batch}-{n}").encode() for n in range(_BATCH)]
            for batch in range(_BATCHES)
        ]
        began = time.process_time()
        for batch in batches:
            self._refuse(batch)
        return (time.process_time() - began) / (_BATCH * _BATCHES) * 1e6

    def _refuse(self, batch: list[bytes]) -> None:
        effects = [self._session.receive(message, self._now())[0] for message in batch]
        asked = {n: effect for n, effect in enumerate(effects) if isinstance(effect, Forward)}
        if not asked:
            assert all(isinstance(effect, Send) for effect in effects)
            return
        questions: list[Question] = [self._ask(*one) for one in asked.items()]
        heard = read_questions(pack(questions)[LENGTH_BYTES:])
        said = self._writer.run([one for one in heard if isinstance(one, Ask)])
        for answer in read_said(pack(said)[LENGTH_BYTES:]):
            assert isinstance(answer, Answer)
            assert answer.refusal
            self._session.answered(asked[answer.number].slot, b"", answer.refusal)

    def _ask(self, number: int, effect: Forward) -> Ask:
        envelope = effect.envelope
        return Ask(
            number=number,
            type=envelope.type,
            id=envelope.id,
            data=bytes(envelope.data) if envelope.data else b"",
            caller=self._caller,
            at=None,
            client="",
            remote="",
        )


if __name__ == "__main__":
    for line in measure():
        print(line)
