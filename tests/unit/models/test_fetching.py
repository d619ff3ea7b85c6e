"""A fetch beside the running program."""

import time

import pytest

from edge.errors import ModelError
from models import commands
from models.fetching import Fetching, Stage
from models.store import Condition, Store
from tests.unit.models.served import WEIGHTS, Server, Steps


def test_it_is_watched_to_its_end(store: Store, wheel: bytes) -> None:
    fetching = Fetching(store)
    assert fetching.state is None
    fetching.begin("ears")
    fetching.wait()
    state = fetching.state
    assert state is not None
    assert (state.model, state.stage, state.done, state.size) == ("ears", Stage.DONE, len(wheel), len(wheel))
    assert store.verify(store.manifest.model("ears"))[0] is Condition.OK


def test_it_is_cancelled_and_gone_on_with(store: Store, server: Server) -> None:
    fetching = Fetching(store)
    server.pause_s = 0.5
    fetching.begin("voice")
    with pytest.raises(ModelError, match="voice is being fetched"):
        fetching.begin("ears")
    while not (fetching.state is not None and fetching.state.done):
        time.sleep(0.001)
    fetching.cancel()
    fetching.wait()
    assert fetching.state.stage is Stage.CANCELLED
    assert store.inspect(store.manifest.model("voice"))[0] is Condition.MISSING
    server.pause_s = 0.0
    fetching.begin("voice")
    fetching.wait()
    assert fetching.state.stage is Stage.DONE
    assert "Range" in server.asked_for("/voice.onnx")[-1]
    assert (store.root / "voice" / "voice.onnx").read_bytes() == WEIGHTS


def test_what_goes_wrong_is_said(store: Store, server: Server) -> None:
    server.statuses = [404]
    fetching = Fetching(store)
    fetching.begin("voice")
    fetching.wait()
    assert fetching.state is not None
    assert (fetching.state.stage, "doesn't have voice.onnx" in fetching.state.error) == (Stage.FAILED, True)
    with pytest.raises(ModelError, match="there is no model"):
        fetching.begin("nose")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_nobody_expected_ends_it_too_and_another_can_begin(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks_off(*_: object) -> None:
        raise RuntimeError("never seen before")

    fetching = Fetching(store)
    with monkeypatch.context() as patched:
        patched.setattr(commands, "fetch", breaks_off)
        fetching.begin("ears")
        fetching.wait()
    assert fetching.state is not None
    assert (fetching.state.stage, "log" in fetching.state.error) == (Stage.FAILED, True)
    fetching.begin("voice")
    fetching.wait()
    assert (fetching.state.stage, fetching.state.error) == (Stage.DONE, "")


def test_a_model_is_deleted_with_what_was_downloaded_of_it(store: Store, server: Server, steps: Steps) -> None:
    commands.fetch(["ears"], store, steps)
    server.cuts = [10_000, 500, 100, 100, 100]
    with pytest.raises(ModelError):
        commands.fetch(["voice"], store, steps)
    assert list((store.root / ".downloads").iterdir())
    for model in ("ears", "voice"):
        assert commands.remove(model, store).condition is Condition.MISSING
    assert list((store.root / ".downloads").iterdir()) == []
    assert not (store.root / "ears").exists()
