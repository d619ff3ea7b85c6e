"""An engine on another machine, as long as it answers in time.

The breaker is open at first, and after every failure: then nobody is made to wait, and a thread of its own asks the
other machine to describe itself until it does. So a machine that is away costs one deadline, not one in each turn. One
that answers, but too slowly, is left alone for longer each time.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info

from edge.wyoming.connection import Connection, Place, places
from edge.wyoming.frames import Malformed

R = TypeVar("R")

_RETRY_S: Final = 10.0
_LONGEST_S: Final = 300.0
_DESCRIBE_S: Final = 5.0
_SHOWN: Final = 200
"""Characters of what it complains of, in our log."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where an engine is, and how long it may take."""

    host: str
    port: int
    deadline_s: float
    retry_s: float = _RETRY_S
    """After a failure, seconds until it is asked again; twice as many after each further one in a row."""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Remote:
    """One service of another machine. Asked by one thread at a time."""

    def __init__(self, service: str, machine: Machine) -> None:
        """``service``: its name in a description, ``asr`` or ``tts``. It is looked for in the background."""
        self._service, self._machine = service, machine
        self._place: Place | None = None
        self._retry_s = machine.retry_s
        self._closed = threading.Event()
        self._lost = threading.Event()
        self._here = threading.Event()
        self._told_away = False
        """Whether the log knows already that it is away."""
        threading.Thread(target=self._look_for_it, name=f"remote-{service}", daemon=True).start()

    @property
    def here(self) -> bool:
        """Whether the next :meth:`ask` will go to the other machine."""
        return self._here.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Block until it is here, or for so long; whether it is."""
        return self._here.wait(timeout_s)

    def ask(self, request: Iterable[Event], answer: Callable[[Iterator[Event]], R]) -> R | None:
        """What ``answer`` makes of the events that come back; None when there were none in time, or it is not here."""
        place = self._place
        if not self._here.is_set() or place is None:
            return None
        try:
            with Connection(place, self._machine.deadline_s) as connection:
                connection.send(request)
                answered = answer(_without_errors(connection.events()))
        except (OSError, Malformed) as error:
            self._lose(error)
            return None
        self._retry_s = self._machine.retry_s
        return answered

    def close(self) -> None:
        """Look for it no more."""
        self._closed.set()
        self._lost.set()

    def _lose(self, error: Exception) -> None:
        self._here.clear()
        self._tell_away(error)
        self._lost.set()

    def _look_for_it(self) -> None:
        pause_s = 0.0
        while not self._closed.wait(pause_s):
            pause_s = self._retry_s
            try:
                self._place = self._found()
            except (OSError, Malformed) as error:
                self._tell_away(error)
                continue
            self._lost.clear()
            self._tell_here()
            self._here.set()
            self._lost.wait()
            pause_s, self._retry_s = self._retry_s, min(self._retry_s * 2, _LONGEST_S)

    def _found(self) -> Place:
        """Where it answers. Raises OSError, Malformed."""
        failure: Exception = ConnectionError("it has no address")
        for place in places(self._machine.host, self._machine.port):
            try:
                with Connection(place, _DESCRIBE_S) as connection:
                    connection.send([Describe().event()])
                    info = next(event for event in _without_errors(connection.events()) if Info.is_type(event.type))
            except (OSError, Malformed) as error:
                failure = error
            else:
                if not _installed(info.data.get(self._service)):
                    raise ConnectionError(f"it offers no {self._service}")
                return place
        raise failure

    def _tell_away(self, error: Exception) -> None:
        if not self._told_away:
            _log.warning("%s at %s is away, the local engine takes over: %s", self._service, self._machine, error)
        self._told_away = True

    def _tell_here(self) -> None:
        _log.info("%s at %s answers", self._service, self._machine)
        self._told_away = False


def _without_errors(events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        if Error.is_type(event.type):
            said = str(event.data.get("text"))[:_SHOWN]
            raise ConnectionError(f"it says: {''.join(each if each.isprintable() else ' ' for each in said)}")
        yield event


def _installed(programs: Any) -> bool:
    return isinstance(programs, list) and any(
        isinstance(program, dict) and program.get("installed") for program in programs
    )
