"""How the service starts: the engine's processes first, for they load while the gateway does."""

import resource
import ssl

from hugmood import logs
from hugmood.config import Config
from hugmood.engine.link import MODULE, lanes
from hugmood.engine.nursery import Nursery


def serve(config: Config) -> None:
    """Run the service in this process and its engine beside it.

    Raises ssl.SSLError where certificate and key are not what they should be.
    """
    if config.tls_cert:  # before any process is started
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(config.tls_cert, config.tls_key)
    logs.configure(config.log_level, config.log_format, "gateway")
    _allow_many_sockets()
    with Nursery() as nursery:
        for lane in lanes(config.readers):
            nursery.early(lane, MODULE)
        from hugmood.app import run  # noqa: PLC0415 (that is what takes long)

        run(config, nursery)


def _allow_many_sockets() -> None:
    """Take as many open files as we may: what one begins with is for programs with few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
