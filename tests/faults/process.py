"""What may be killed between any two of its doings."""

from collections.abc import Callable


class Killed(BaseException):
    """The process is not there any more; nothing after this is done by it."""


class Process:
    """One life of a process."""

    def __init__(self, name: str, died: Callable[[str], None]) -> None:
        """``died`` is told at which point."""
        self.name, self._died = name, died
        self.is_dead = False
        self.fuse: int | None = None
        """So many points are still passed."""

    def point(self, what: str) -> None:
        """Here it may die. Raises Killed."""
        if self.is_dead:
            raise Killed
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.die(what)
                raise Killed

    def die(self, what: str) -> None:
        """It ends here."""
        if not self.is_dead:
            self.is_dead = True
            self._died(what)
