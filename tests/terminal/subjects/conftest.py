"""The terminal's fixtures, one folder down."""

from tests.terminal.conftest import (
    display,
    join,
    known,
    pytest_runtest_setup,
    server,
    shown,
)

__all__ = ["display", "join", "known", "pytest_runtest_setup", "server", "shown"]
