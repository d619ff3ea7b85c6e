"""A fetch in a thread beside the running program: watched, cancelled, gone on with later."""

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.errors import ModelError
from models import commands
from models.progress import Tally
from models.store import Store


class Stage(StrEnum):
    """How far a fetch has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class FetchCancelled(ModelError):
    """Somebody did not want it any more. What was downloaded is kept for the next time."""

    code = "cancelled"


@dataclass(frozen=True, slots=True)
class FetchState:
    """How far it is."""

    model: str
    stage: Stage
    file: str
    """What is being downloaded."""
    done: int
    """Bytes."""
    size: int
    """Bytes that are to be downloaded; 0 as long as that is not known."""
    error: str = ""
    """What went wrong, and what to do about it."""


class Fetching:
    """Fetches one model at a time. Called from one thread."""

    def __init__(self, store: Store) -> None:
        self._store: Final = store
        self._current: _Fetch | None = None

    @property
    def state(self) -> FetchState | None:
        """Of the last one; None where nothing was fetched."""
        return self._current.state if self._current is not None else None

    def begin(self, model_id: str) -> None:
        """Fetch that model. Raises ModelError where it is unknown, or another one is being fetched."""
        if self._current is not None and self._current.state.stage is Stage.RUNNING:
            if self._current.state.model == model_id:
                return
            raise ModelError(f"{self._current.state.model} is being fetched", "wait for its end, or cancel it")
        self._store.manifest.model(model_id)
        self._current = _Fetch(model_id, self._store)
        self._current.thread.start()

    def cancel(self) -> None:
        """End what is being fetched, at its next piece."""
        if self._current is not None:
            self._current.wanted = False

    def wait(self) -> None:
        """Returns once nothing is being fetched."""
        if self._current is not None:
            self._current.thread.join()


class _Fetch(Tally):
    def __init__(self, model_id: str, store: Store) -> None:
        super().__init__()
        self._model, self._store = model_id, store
        self._stage, self._error = Stage.RUNNING, ""
        self.wanted = True
        self.thread = threading.Thread(target=self._run, name="fetch", daemon=True)

    @property
    def state(self) -> FetchState:
        return FetchState(self._model, self._stage, self.file, self.done, self.planned, self._error)

    def at(self, name: str, done: int, size: int) -> None:
        if not self.wanted:
            raise FetchCancelled(f"{self._model} was cancelled", "it can be gone on with")
        super().at(name, done, size)

    def _run(self) -> None:
        # Whatever happens, it is over then: else no other could ever be begun.
        ended, error = Stage.FAILED, "it broke off — the log says why"
        try:
            commands.fetch([self._model], self._store, self)
            ended, error = Stage.DONE, ""
        except FetchCancelled:
            ended, error = Stage.CANCELLED, ""
        except ModelError as failed:
            error = str(failed)
        finally:
            self._error, self._stage = error, ended
