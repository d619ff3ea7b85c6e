"""How far a fetch is, over all that it downloads."""

from models.manifest import Model


class Tally:
    """A :class:`models.sources.Progress` that adds up."""

    def __init__(self) -> None:
        self.planned = 0
        """Bytes that are to be downloaded in all."""
        self.file = ""
        """What is being downloaded."""
        self._before = 0
        self._now = 0

    @property
    def done(self) -> int:
        """Bytes that are here."""
        return self._before + self._now

    def plan(self, size: int) -> None:
        """``size``: bytes that are to be downloaded in all."""
        self.planned = size

    def at(self, name: str, done: int, size: int) -> None:
        """``done`` of ``size`` bytes of the file ``name`` are here."""
        if name != self.file:
            self._before += self._now
        self.file, self._now = name, done

    def installed(self, model: Model, seconds: float) -> None:
        """The model is complete."""
