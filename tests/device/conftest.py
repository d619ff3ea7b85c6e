"""Tests here use a real sound device, served by the tests' own PulseAudio."""

from collections.abc import Iterator

import pytest

from edge.audio.portaudio import PortAudio
from tests.pulse import Pulse, pulse

__all__ = ["pulse"]


@pytest.fixture
def portaudio(pulse: Pulse, monkeypatch: pytest.MonkeyPatch) -> Iterator[PortAudio]:
    """PortAudio in this process, on the virtual device."""
    for name, value in pulse.changes.items():
        monkeypatch.setenv(name, value)
    library = PortAudio()
    library.refresh()
    yield library
    monkeypatch.undo()
    library.refresh()
