"""Showing how a fetch goes on: one bar over everything on a terminal, one line per model elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as RichProgress

from models.manifest import Model
from models.progress import Tally


class FetchDisplay(Tally):
    """A :class:`models.sources.Progress` for people."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("fetching models", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def plan(self, size: int) -> None:
        """``size``: bytes that are to be downloaded in all."""
        super().plan(size)
        self._bar.update(self._task, total=size)

    def at(self, name: str, done: int, size: int) -> None:
        """``done`` of ``size`` bytes of the file ``name`` are here."""
        super().at(name, done, size)
        self._bar.update(self._task, description=name, completed=self.done)

    def installed(self, model: Model, seconds: float) -> None:
        """Leaves a line behind."""
        line = f"fetched {model.id} ({model.size / 1e6:.0f} MB, {model.licence}) in {seconds:.1f} s"
        self._console.print(line, highlight=False, soft_wrap=True)
