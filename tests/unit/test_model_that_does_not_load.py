"""A model that can't be loaded: a person who started the assistant is told; under systemd it goes on without."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge.bus import Bus
from edge.cli.run import _loaded, _status
from edge.errors import ModelError
from edge.events import Fault
from edge.sections import AudioSettings
from edge.settings import Settings

pytestmark = pytest.mark.anyio


class _Assistant:
    def __init__(self, broken: bool) -> None:
        self.bus, self.settings, self._broken = Bus(), Settings(audio=AudioSettings(input="none")), broken
        self.house = SimpleNamespace(online=True)

    async def ready(self) -> None:
        if self._broken:
            raise ModelError("encoder.onnx is not a readable ONNX model", "run `hearth models verify`")


@pytest.mark.parametrize(
    ("broken", "status"),
    [(False, "text only"), (True, "encoder.onnx is not a readable ONNX model — run `hearth models verify`")],
)
async def test_by_systemd_it_goes_on(monkeypatch: pytest.MonkeyPatch, broken: bool, status: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    running = cast(Any, _Assistant(broken))
    with running.bus.subscribe() as events:
        lacks = await _loaded(running)
        told = [event.code for event in events.pending() if isinstance(event, Fault)]
    assert (_status(running, None, lacks), told) == (status, ["model"] * broken)


async def test_by_a_person_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    with pytest.raises(ModelError, match="not a readable"):
        await _loaded(cast(Any, _Assistant(True)))
