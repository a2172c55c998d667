"""Everyone who is connected: fan-out, deadlines, presence, farewells."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final, cast

import structlog

from hugmood.ambient import Ambient
from hugmood.engine.link import Engine, Reply
from hugmood.engine.records import Cut, Delivery, Heads, Transient, integers
from hugmood.gateway.burst import Burst
from hugmood.gateway.member import Member
from hugmood.gateway.notices import Notices
from hugmood.gateway.outgoing import Outgoing
from hugmood.gateway.presence import Presence
from hugmood.gateway.wheel import SLOT, Wheel

MAX_PEERS: Final = 10
"""Sockets one user may have; one more takes the place of the oldest."""

STALL: Final = 60_000
"""A socket that takes nothing for so long is closed, ms."""

_HEADS_AT_ONCE: Final = 1_000
_HEADS_RETRY: Final = 1.0
_SPREAD_PER_PEER: Final = 5
_SHORTEST_SPREAD: Final = 1_000
_LONGEST_SPREAD: Final = 30_000
"""On shutdown clients come back over 5 ms each, within these bounds, ms."""

log = structlog.get_logger(__name__)


class Hub:
    """The gateway's memory of its connections; everything happens on its loop."""

    def __init__(self, engine: Engine, ambient: Ambient, *, offline_grace: int) -> None:
        """Ask this engine; `offline_grace` in ms as in `Presence`."""
        self.engine = engine
        self.ambient = ambient
        self.now = ambient.steady
        self._everyone: set[Member] = set()
        self._by_user: dict[int, list[Member]] = {}
        self._presence = Presence(offline_grace)
        self._notices: Notices[Member] = Notices()
        self._wheel = Wheel(self.now())
        self._to_flush: list[Member] = []
        self._burst = Burst()
        self._lagging: dict[Member, tuple[int, int]] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._draining = False

    # Life

    def start(self) -> None:
        """Begin to look at deadlines."""
        self._sweep()

    def drain(self) -> None:
        """Send everyone away, each to come back at another moment."""
        self._draining = True
        count = len(self._everyone)
        spread = min(max(_SHORTEST_SPREAD, count * _SPREAD_PER_PEER), _LONGEST_SPREAD)
        for peer in list(self._everyone):
            peer.close("server_shutdown", int(self.ambient.chance() * spread))

    def stop(self) -> None:
        """Look at deadlines no more."""
        if self._sweeper:
            self._sweeper.cancel()

    @property
    def draining(self) -> bool:
        """Tell that no new sockets are wanted."""
        return self._draining

    @property
    def connections(self) -> int:
        """How many sockets there are, signed in or not."""
        return len(self._everyone)

    # Peers

    def add(self, peer: Member) -> None:
        """Watch over a new connection."""
        self._everyone.add(peer)
        self._wheel.put(peer)

    def signed_in(self, peer: Member) -> None:
        """Deliver to a connection from now on; its caller is known."""
        if peer.caller is None:
            raise ValueError(peer)
        user = peer.caller.key
        peers = self._by_user.setdefault(user, [])
        peers.append(peer)
        self._wheel.put(peer)
        if self._presence.arrived(user):
            self.engine.presence([user], [])
        if len(peers) > MAX_PEERS:
            peers[0].close("session_replaced")

    def remove(self, peer: Member) -> None:
        """Forget a connection; harmless when repeated."""
        self._everyone.discard(peer)
        self._wheel.discard(peer)
        self._lagging.pop(peer, None)
        self._notices.discard(peer)
        peers = self._by_user.get(peer.caller.key) if peer.caller else None
        if peer.caller is None or peers is None or peer not in peers:
            return
        peers.remove(peer)
        if not peers:
            del self._by_user[peer.caller.key]
            self._presence.left(peer.caller.key, self.now())
            if peer.farewell:
                self._left_for_good(peer.caller.key)

    # What the engine tells

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Give events to all of their recipients' connections."""
        self._tick()  # nothing is delivered to a session that ended a moment ago
        by_user = self._by_user
        for delivery in deliveries:
            event = Outgoing(delivery.prefix, delivery.author)
            users, numbers = integers(delivery.users), integers(delivery.numbers)
            for user, number in zip(users, numbers, strict=True):
                peers = by_user.get(user)
                if peers is not None:
                    for peer in peers:
                        peer.deliver(event, number)

    def transient(self, transients: Sequence[Transient]) -> None:
        """Give notices to those who are there; most wait for the next sweep."""
        self._tick()  # as with events
        for transient in transients:
            self._notices.take(transient, self._by_user)

    def cut(self, cut: Cut) -> None:
        """Close the sockets of sessions that are over."""
        for peer in list(self._by_user.get(cut.user, ())):
            session = peer.caller.session_id if peer.caller else ""
            if session in cut.sessions:
                peer.farewell = peer.farewell or cut.farewell
                if peer.client_id != cut.spare:
                    peer.close(cut.code)
        if cut.farewell and cut.user not in self._by_user:
            # The spared one, who said it, may have gone with the answer.
            self._left_for_good(cut.user)

    def engine_restarted(self) -> None:
        """Find what was committed and never told; also what another node committed."""
        users = sorted(self._by_user)
        for start in range(0, len(users), _HEADS_AT_ONCE):
            some = users[start : start + _HEADS_AT_ONCE]
            self.engine.ask_heads(some, partial(self._heads, some))

    def _heads(self, users: Sequence[int], reply: Reply) -> None:
        if not isinstance(reply, Heads):
            log.warning("stream heads unknown after a restart")
            asyncio.get_running_loop().call_later(_HEADS_RETRY, self.engine_restarted)
            return
        for user, head in zip(users, reply.heads, strict=True):
            for peer in self._by_user.get(user, ()):
                peer.announce(head)

    # Writing

    def flush_later(self, peer: Member) -> None:
        """Write this connection's frames at the end of the loop turn, all in one."""
        if not self._to_flush:
            asyncio.get_running_loop().call_soon(self.flush)
        self._to_flush.append(peer)

    def flush(self) -> None:
        """Write what has gathered."""
        waiting, self._to_flush = self._to_flush, []
        for peer in waiting:
            peer.flush(self._burst)
        self._burst.end()

    def lagging(self, peer: Member) -> None:
        """Watch a connection whose socket is full."""
        self._lagging.setdefault(peer, (peer.unsent, self.now()))

    def no_longer_lagging(self, peer: Member) -> None:
        """The socket has taken what it owed."""
        self._lagging.pop(peer, None)

    # Time

    def _sweep(self) -> None:
        self._tick()
        now = self.now()
        gone = self._presence.gone(now)
        if gone:
            self.engine.presence([], gone)
        self._notices.release(self._by_user)
        self._close_stalled(now)
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(SLOT / 1000, self._sweep)

    def _left_for_good(self, user: int) -> None:
        if self._presence.left_for_good(user):
            self.engine.presence([], [user])

    def _tick(self) -> None:
        now = self.now()
        for thing in self._wheel.advance(now):
            member = cast("Member", thing)  # nothing else is put on it
            member.tick(now)
            if member in self._everyone:
                self._wheel.put(member)

    def _close_stalled(self, now: int) -> None:
        for peer, (unsent, since) in list(self._lagging.items()):
            if peer.unsent < unsent:
                self._lagging[peer] = peer.unsent, now
            elif now - since >= STALL:
                peer.close("slow_consumer")
