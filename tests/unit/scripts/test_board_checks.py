"""When the check of a board stops the assistant: once it has had systemd's patience shortened, not as it is ready."""

from collections.abc import Iterator
from typing import Any

import pytest

from scripts.board_checks import board, checks
from scripts.board_checks.board import Board


class Stand(Board):
    """A board whose systemd says of the watchdog what it is told to; what is done to it is noted."""

    def __init__(self, says: Iterator[str]) -> None:
        self._says, self.done = says, list[str]()

    def shows(self, unit: str, name: str) -> str:
        assert (unit, name) == (checks.SERVICE, "WatchdogUSec")
        self.done.append(next(self._says))
        return self.done[-1]

    def kill(self, unit: str, number: int) -> str:
        self.done.append("stopped")
        return "7"

    def until(self, *_: Any, **__: Any) -> float:
        return 9.5

    def journal(self, unit: str) -> str:
        return "Watchdog timeout (limit 4s)!"


def forever(*values: str) -> Iterator[str]:
    yield from values
    while True:
        yield values[-1]


@pytest.mark.parametrize(
    ("says", "before", "told"),
    [
        (("20s", "20s", "4s"), ["20s", "20s", "4s", "4s", "stopped"], "systemd waited 4s for a beat, stopped once"),
        (("20s", "6s", "20s"), ["20s", "6s", "20s", "stopped"], "systemd waited 20s for a beat, stopped once"),
        (("20s",), ["20s"] * 5 + ["stopped"], "systemd waited 20s for a beat, not settled within 60 s"),
    ],
)
def test_it_is_stopped_once_systemd_waits_for_less(
    says: tuple[str, ...], before: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr(board.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(board.time, "sleep", lambda _: None)
    life = checks.Life(stand := Stand(forever(*says)), {"start_s": 5.0})
    assert told in checks.hung(life)
    assert stand.done == before
