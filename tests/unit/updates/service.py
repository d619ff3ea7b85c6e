"""systemd, as far as an exchange sees it: what `current` leads to is what a start starts."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.updates import versions
from edge.updates.places import Places
from edge.updates.systemd import Look


@dataclass
class Service:
    """The assistant's service. A test says how each release behaves."""

    places: Places
    sick: frozenset[str] = frozenset()
    """Releases that end as soon as they are started."""
    hung: frozenset[str] = frozenset()
    """Releases that never get ready."""
    busy: bool = False
    """The one that runs does not let go."""
    runs: str = ""
    starts: int = 0
    restarts: int = 0
    reloads: int = 0
    told: list[str] = field(default_factory=list)
    looked: Callable[[], None] = lambda: None
    """Called at each look: what goes on meanwhile."""

    boot: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def invocation(self) -> str:
        return f"{self.boot} {self.starts}"

    def start(self) -> None:
        self.runs = versions.led_to(self.places.current)
        self.starts += 1
        self.told.append(self.runs)

    def look(self) -> Look:
        """The assistant lets go when it sees that another one is to run; and systemd starts what has ended."""
        current = versions.led_to(self.places.current)
        if self.runs != current and not self.busy and self.runs not in self.sick:
            self.start()
        elif self.runs in self.sick:
            self.restarts += 1
            self.start()
        self.looked()
        return Look(self.runs not in self.sick | self.hung, self.invocation, self.restarts)

    def reload(self) -> None:
        self.reloads += 1

    def restart(self) -> None:
        self.start()

    def restart_others(self) -> None:
        self.told.append("others")
