"""Fixtures that every kind of test uses."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The runtime is built on anyio over asyncio, so that is what tests run on."""
    return "asyncio"
