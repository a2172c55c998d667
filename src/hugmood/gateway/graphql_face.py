"""What all ways to speak GraphQL share."""

from dataclasses import dataclass, field

from hugmood.gateway.bearers import Bearers
from hugmood.gateway.graphql_link import GraphqlLink
from hugmood.gateway.hub import Hub
from hugmood.gateway.proxies import Proxies
from hugmood.gateway.told import Tellings
from hugmood.wire.limits import Settings


@dataclass(frozen=True)
class GraphqlFace:
    """The GraphQL of one gateway: who asks, where it is executed, how events are told."""

    hub: Hub
    link: GraphqlLink
    bearers: Bearers
    settings: Settings
    proxies: Proxies
    tellings: Tellings = field(default_factory=Tellings)
