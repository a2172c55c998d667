"""What the fork server loads, once for all processes that come from it (`engine/nursery.py`).

They draw nothing, so they do without rich, which structlog loads for tracebacks wherever it
is installed: a quarter of the time that it takes to load all this.
"""

import gc
import signal
import sys

# Ctrl-C and service managers signal the whole group; the fork server ends with the gateway.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
sys.modules["rich"] = None  # type: ignore[assignment]  # whoever imports it hears it is missing

from setproctitle import setproctitle  # noqa: E402 (after that)

from hugmood.engine import worker  # noqa: E402, F401 (to have it loaded)
from hugmood.features import load_handlers  # noqa: E402

setproctitle("hugmood: fork server")
load_handlers()
# What is there by now stays: a collection that looked through it would copy its pages.
gc.freeze()
