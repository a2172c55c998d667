"""The SDK's fake server, and its fixtures."""

from tests.client.conftest import join, pytest_runtest_setup, server

__all__ = ["join", "pytest_runtest_setup", "server"]
