"""Fan-out: one author, N followers online, against a C loop of `send()` calls.

The limit delivers the same frames with a number for each recipient and does nothing
else; HugMood signs people in, stores each mood, gives every follower's stream its next
number and makes it durable before the author's reply. Both are measured in turn.
"""

from statistics import median

import native
from report import Figure, spread
from service import befriend, database_folder, populate, serve

MESSAGE = (
    '{"type":"mood_update","id":"bench-@@",'
    '"data":{"mood":"happy","intensity":0.8,"isPublic":true}}'
)


def measure(*, subscribers: int = 1000, rounds: int = 5, seconds: float = 3) -> list[Figure]:
    """Return the ratios to the limit with one and with eight moods outstanding."""
    figures = []
    with database_folder() as url:
        people = populate(url, subscribers + 1)
        author, followers = people[0], people[1:]
        befriend(url, author, followers)
        with serve(url) as service, native.sendloop() as limit:
            for outstanding in (1, 8):
                runs = [
                    (
                        _run(limit.target, [], subscribers, outstanding, seconds),
                        _run(service.target, [author, *followers], subscribers, outstanding, seconds),
                    )
                    for _ in range(rounds)
                ]
                figures += _figures(runs, subscribers, outstanding)
    return figures


def _run(target, people, subscribers, outstanding, seconds):
    return native.fanout(
        target,
        subscribers=subscribers,
        message=MESSAGE,
        init=[person.auth() for person in people[1:]] or ["{}"],
        publisher_init=people[0].auth() if people else "{}",
        outstanding=outstanding,
        seconds=seconds,
        verify=True,
    )


def _figures(runs, subscribers, outstanding):
    gateway, whole = [], []
    for limit, ours in runs:
        base = limit.process("sendloop").cpu_s_per_million
        gateway.append(ours.process("gateway").cpu_s_per_million / base)
        whole.append(ours.cpu_s_per_million / base)
    name = f"fan-out to {subscribers}, {outstanding} outstanding"
    print(name, "limit", median(l.process("sendloop").cpu_s_per_million for l, _ in runs), "gateway", median(o.process("gateway").cpu_s_per_million for _, o in runs),"write", median(o.process("engine-write").cpu_s_per_million for _, o in runs), "p50", median(o.p50_ms for _,o in runs), "limit p50", median(l.p50_ms for l,_ in runs), "seq err", sum(o.sequence_errors for _,o in runs))
    return [spread(f"{name}: gateway CPU / C loop", gateway), spread(f"{name}: all CPU / C loop", whole)]


if __name__ == "__main__":
    for figure in measure(rounds=3, seconds=2):
        print(figure)
