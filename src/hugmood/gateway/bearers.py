"""Who a token is: asked of the engine once, and known for a while.

A socket signs in once; a request says its token each time. What the engine said of it is
kept for a minute, and no longer than until the session is over: cuts are heard here as
they are by sockets.
"""

import asyncio
from collections import OrderedDict
from hashlib import sha256
from typing import Final, NamedTuple

from hugmood.ambient import Ambient
from hugmood.engine.link import Engine, Reply
from hugmood.engine.records import Answer, Ask, Caller, Cut
from hugmood.errors import Refusal, unavailable
from hugmood.features.auth.messages import AuthToken
from hugmood.wire import codec

KEPT: Final = 60_000
"""How long an answer is believed, ms."""
MOST: Final = 10_000

_PATIENCE: Final = 10.0


class NotSignedIn(Exception):  # noqa: N818 (an answer)
    """The token is nobody's; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        """Say it as the engine does."""
        super().__init__(refusal.message)
        self.refusal = refusal


class Known(NamedTuple):
    """Who shows a token; times in ms of `Ambient.steady`."""

    caller: Caller
    expires: int
    """When the session is over, if nothing happens before."""
    until: int
    """Until when this is believed."""


class Bearers:
    """The tokens that were shown lately, by their digests, and whose they are."""

    def __init__(self, engine: Engine, ambient: Ambient) -> None:
        """Ask this engine."""
        self._engine = engine
        self._ambient = ambient
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._by_session: dict[str, set[bytes]] = {}
        self._asked: dict[bytes, asyncio.Future[Known]] = {}
        self._cuts = 0

    async def known(self, token: str, remote: str) -> Known:
        """Tell who shows this token; raises `NotSignedIn`."""
        digest = sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and self._ambient.steady() < known.until:
            self._known.move_to_end(digest)
            return known
        asked = self._asked.get(digest)
        if asked is None:
            asked = self._asked[digest] = asyncio.ensure_future(self._ask(token, digest, remote))
            asked.add_done_callback(lambda _: self._asked.pop(digest, None))
        return await asyncio.shield(asked)

    def cut(self, cut: Cut) -> None:
        """Forget the tokens of sessions that are over."""
        self._cuts += 1
        for session in cut.sessions:
            for digest in self._by_session.pop(session, ()):
                self._known.pop(digest, None)

    def forget(self) -> None:
        """Forget them all: a cut may have been lost."""
        self._cuts += 1
        self._known.clear()
        self._by_session.clear()

    async def _ask(self, token: str, digest: bytes, remote: str) -> Known:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def heard(reply: Reply) -> None:
            if not future.done():
                future.set_result(reply)

        message_id = self._ambient.message_id("bearer")
        ask = Ask(
            number=0,
            type=AuthToken.wire_type,
            id=message_id,
            data=codec.encode(AuthToken(token=token)),
            caller=None,
            at=None,
            client="",
            remote=remote,
        )
        cuts = self._cuts
        self._engine.ask(ask, heard)
        try:
            answer = await asyncio.wait_for(future, _PATIENCE)
        except TimeoutError:
            raise NotSignedIn(unavailable().refusal) from None
        if not isinstance(answer, Answer) or answer.grant is None:
            refusal = answer.refusal if isinstance(answer, Answer) else None
            raise NotSignedIn(refusal or unavailable().refusal)
        grant = answer.grant
        steady = self._ambient.steady()
        left = grant.expires - self._ambient.now()
        known = Known(grant.caller, steady + left, steady + min(KEPT, left))
        if cuts == self._cuts:  # else it may be over already: believe it this once
            self._keep(digest, known)
        return known

    def _keep(self, digest: bytes, known: Known) -> None:
        self._known[digest] = known
        self._by_session.setdefault(known.caller.session_id, set()).add(digest)
        if len(self._known) > MOST:
            oldest, gone = self._known.popitem(last=False)
            digests = self._by_session.get(gone.caller.session_id, set())
            digests.discard(oldest)
            if not digests:
                self._by_session.pop(gone.caller.session_id, None)
