"""Who may open a socket, and as what: subprotocol, origin, a temporary client id."""

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from hugmood.gateway.hub import Hub
from hugmood.gateway.peer import Peer
from hugmood.gateway.websocket import (
    Acceptance,
    Connection,
    Endpoint,
    Refusal,
    UpgradeRequest,
)
from hugmood.wire import codec
from hugmood.wire.codec import JSON_PROTOCOL, MSGPACK_PROTOCOL
from hugmood.wire.limits import Settings
from hugmood.wire.session import Session

log = structlog.get_logger(__name__)

PATH: Final = "/ws"
CLIENT_ID_HEADER: Final = "X-Client-Id"


class Origins:
    """Whose pages may connect: the server's own, and those allowed; all that is no page may."""

    def __init__(self, allowed: frozenset[str]) -> None:
        """Allow these besides."""
        self._allowed = allowed

    def welcome(self, request: UpgradeRequest) -> bool:
        """Tell whether a socket may be opened from there."""
        origin = request.headers.get("origin")
        if origin is None or origin in self._allowed:
            return True
        # Whether TLS ended at a proxy is not known here, so both schemes are ours.
        host = request.headers.get("host", "").lower()
        return host != "" and origin in {f"http://{host}", f"https://{host}"}


class ByPath:
    """Leaves each path to its own endpoint."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        """Know them by their paths, which are all that is asked about."""
        self._endpoints = endpoints

    def accept(self, request: UpgradeRequest) -> Acceptance | Refusal:
        """Decide about one upgrade."""
        return self._endpoints[request.path].accept(request)


class SocketEndpoint:
    """Decides about upgrades at `/ws`."""

    def __init__(self, hub: Hub, settings: Settings, origins: Origins) -> None:
        """Take pages of these origins, and all that are no page."""
        self._hub = hub
        self._settings = settings
        self._origins = origins

    def accept(self, request: UpgradeRequest) -> Acceptance | Refusal:
        """Decide about one upgrade."""
        if self._hub.draining:
            return Refusal(503, "The server is restarting", [("Retry-After", "1")])
        if not self._origins.welcome(request):
            return Refusal(403, "This origin may not connect")
        binary = MSGPACK_PROTOCOL in request.subprotocols and not self._prefers_json(request)
        offered = MSGPACK_PROTOCOL if binary else JSON_PROTOCOL
        client_id = self._hub.ambient.message_id("client")
        return Acceptance(
            open=self._opener(client_id, binary=binary),
            binary=binary,
            subprotocol=offered if offered in request.subprotocols else None,
            headers=[(CLIENT_ID_HEADER, client_id)],
        )

    def _opener(self, client_id: str, *, binary: bool) -> Callable[[Connection], Peer]:
        def open_peer(connection: Connection) -> Peer:
            reading = codec.PACKED if binary else codec.JSON
            session = Session(self._settings, self._hub.ambient, self._hub.now(), reading)
            peer = Peer(connection, self._hub, session, client_id, binary=binary)
            self._hub.add(peer)
            log.info("connection opened", client=client_id, remote=connection.remote)
            return peer

        return open_peer

    def _prefers_json(self, request: UpgradeRequest) -> bool:
        known = [name for name in request.subprotocols if name in {JSON_PROTOCOL, MSGPACK_PROTOCOL}]
        return known[0] == JSON_PROTOCOL
