"""People who go on living in the house while things go wrong: what they ask for, and what they are told."""

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.home.demo import Behaviour
from scripts.fault_campaign.asking import Reply, ask
from scripts.fault_campaign.house import House
from scripts.fault_campaign.ledger import Ledger

_ORDERS: Final = {
    "list": "add {word} to my shopping list",
    "timer": "set a timer for 9 hours called {word}",
    "reminder": "remind me to {word} on december 24 at 9 am",
}
_LAMPS: Final = {
    "living_room_lamp": "living room lamp",
    "hallway_plug": "hallway plug",
    "bedroom_light": "bedroom light",
}
_SILENT: Final = "bedroom_light"
"""It obeys and says nothing: whoever claims that it is on has made that up."""
_SYLLABLES: Final = "ba ko lu mi ne ra so ti wu da fe go".split()
_PAUSE_S: Final = 0.25
_GRACE_S: Final = 1.0
_MOST: Final = {"timer": 40, "reminder": 60, "list": 400}


@dataclass
class Told:
    """What they were told."""

    asked: int = 0
    answered: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """How often each sentence said that something was not done."""
    untrue: list[str] = field(default_factory=list)
    """Claims that the devices did not confirm."""
    slowest_s: float = 0.0
    """Of the answers that came."""


class Residents:
    """Ask in a thread of their own, from :meth:`begin` to :meth:`end`."""

    def __init__(self, data_dir: Path, house: House, ledger: Ledger, chance: random.Random) -> None:
        self._data_dir, self._house, self._ledger, self._chance = data_dir, house, ledger, chance
        self.told = Told()
        self._words = _words()
        self._kept = dict.fromkeys(_ORDERS, 0)
        self._on = dict.fromkeys(_LAMPS, False)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._expected = dict.fromkeys(_LAMPS, 0)
        """Commands that were given while somebody waited for them."""
        self._open = dict.fromkeys(_LAMPS, 0)
        """Of those that nobody was told the end of: each may come, once."""
        house.behave(_SILENT, Behaviour(silent=True))

    def begin(self) -> None:
        """Until :meth:`end`."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._live, name="residents", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Returns when the last one has got an answer, or has none."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def stale(self) -> list[str]:
        """Devices that were told something when nobody waited for it any more."""
        return [
            f"{device} was given {extra} commands that nobody waited for"
            for device, expected in self._expected.items()
            if (extra := self._house.commands(device) - expected) > self._open[device]
        ]

    def ask(self, text: str, patience_s: float = 20.0, session: str | None = None) -> Reply:
        """Somebody asks."""
        reply = ask(self._data_dir, text, patience_s, session)
        self.told.asked += 1
        if reply.outcome not in ("nobody", "lost"):
            self.told.answered += 1
            self.told.slowest_s = max(self.told.slowest_s, reply.took_s)
        if reply.outcome in ("failed", "unconfirmed"):
            self.told.refused[reply.text] = self.told.refused.get(reply.text, 0) + 1
        return reply

    def keep_something(self, kind: str) -> Reply:
        """Somebody wants something kept."""
        word = next(self._words)
        reply = self.ask(_ORDERS[kind].format(word=word))
        self._ledger.note((kind, word), reply.outcome)
        self._kept[kind] += 1
        return reply

    def switch(self, device: str) -> Reply:
        """Somebody switches something, and sees what it does."""
        on = self._on[device] = not self._on[device]
        before = self._house.commands(device)
        reply = self.ask(f"turn {'on' if on else 'off'} the {_LAMPS[device]}")
        if reply.outcome == "done":
            state = self._house.state(device)
            if device == _SILENT and reply.confirmed and on:  # its last word is that it is off
                self.told.untrue.append(f"{device} said nothing, and the answer was {reply.text!r}")
            elif reply.confirmed and state != ("ON" if on else "OFF"):
                self.told.untrue.append(f"{device} is {state}, and the answer was {reply.text!r}")
        if reply.outcome in ("nobody", "lost"):
            self._stop.wait(_GRACE_S)
        self._expected[device] += self._house.commands(device) - before
        self._open[device] += reply.outcome == "lost"
        return reply

    def _live(self) -> None:
        doings: list[Callable[[], Reply]] = [lambda device=device: self.switch(device) for device in _LAMPS]  # type: ignore[misc]
        while not self._stop.wait(self._chance.uniform(0.2, 1.8) * _PAUSE_S):
            kinds = [kind for kind, most in _MOST.items() if self._kept[kind] < most]
            if kinds and self._chance.random() < 0.7:  # noqa: PLR2004  # mostly what can be lost
                self.keep_something(self._chance.choice(kinds))
            else:
                self._chance.choice(doings)()


def _words() -> Iterator[str]:
    """Each of them once, and none that means anything."""
    for four in itertools.product(_SYLLABLES, repeat=4):
        if len(set(four)) == len(four):
            yield "".join(four)
