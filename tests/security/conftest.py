"""A real broker with a simulated house on it."""

from tests.flow.conftest import broker, home

__all__ = ["broker", "home"]
