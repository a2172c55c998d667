"""Durable commands: how many moods are acknowledged a second, and how soon.

Each client has one command outstanding and sends the next on its acknowledgement; the
row is on disk (SQLite, `synchronous=FULL`) before that. Measured in turn with fan-out
to 1,000 sockets of the same gateway keeping it busy, and against a server that only
answers.
"""

import sys
import threading
import native
from report import Figure, spread
from service import Person, Service, befriend, database_folder, populate, serve

MESSAGE = (
    '{"type":"mood_update","id":"bench-@@","data":{"mood":"happy","intensity":0.8,'
    '"note":"Just got some great news!","isPublic":true,"tags":["achievement"]}}'
)
def main(clients=256, rounds=3, seconds=3):
    with database_folder() as url:
        people = populate(url, clients + 1001)
        author, followers, rest = people[0], people[1:1001], people[1001:]
        befriend(url, author, followers)
        with serve(url) as s, native.sendloop(reply_only=True) as limit:
            for _ in range(rounds):
                r = native.commands(s.target, sockets=clients, messages=[MESSAGE], init=[p.auth() for p in rest], seconds=seconds)
                print("plain", round(r.acknowledged_per_s), r.p50_ms, r.p99_ms, r.errors, {u.name:(u.cpu_s) for u in r.processes}, r.loadgen_cpu_s, r.other_cpu_s)
                t = threading.Thread(target=lambda: native.fanout(s.target, subscribers=1000, message=MESSAGE, init=[p.auth() for p in followers], publisher_init=author.auth(), outstanding=1, seconds=seconds+3))
                t.start()
                import time; time.sleep(2.5)
                r = native.commands(s.target, sockets=clients, messages=[MESSAGE], init=[p.auth() for p in rest], seconds=seconds)
                print("busy", round(r.acknowledged_per_s), r.p50_ms, r.p99_ms, r.errors, {u.name:(u.cpu_s) for u in r.processes}, r.loadgen_cpu_s, r.other_cpu_s)
                t.join()
main()
