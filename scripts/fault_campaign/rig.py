"""Everything that a fault is tried on: an assistant, looked after, in a room, in a house, with people in it."""

import os
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from edge.home.demo import Announced
from scripts.fault_campaign.house import House
from scripts.fault_campaign.ledger import Ledger
from scripts.fault_campaign.place import Place
from scripts.fault_campaign.residents import Residents
from scripts.fault_campaign.room import Room
from scripts.fault_campaign.service import Command, Service
from scripts.fault_campaign.unit import limits

HEARTH: Final = str(Path(sys.executable).with_name("hearth"))
_NO_BRIDGE: Final = "ws://127.0.0.1:9"
"""Nobody listens there: what is kept for the bridge stays where it can be counted."""
START_S: Final = 180.0


class Rig:
    """Use as a context manager; the service starts when it is entered."""

    def __init__(
        self,
        folder: Path,
        chance: random.Random,
        settings: Mapping[str, str] | None = None,
        sensors: Sequence[Announced] = (),
    ) -> None:
        """``settings``: further environment of the assistant. ``sensors``: further things in the house."""
        self._settings = settings or {}
        self.folder, self.chance = folder, chance
        self.house, self.room, self.place, self.ledger = House(sensors), Room(folder / "sound"), Place(folder), Ledger()
        self.data_dir = self.place.folder
        self.prefix: Sequence[str] = ()
        """What is put before the command at its first start."""
        self._stack = ExitStack()
        self.residents: Residents
        self.service: Service

    def __enter__(self) -> "Rig":
        with self._stack:
            for part in (self.house, self.room, self.place):
                self._stack.enter_context(part)
            self.residents = Residents(self.data_dir, self.house, self.ledger, self.chance)
            # So that each list item is also an event for the bridge, in the same transaction.
            allow = [*self.prefix, HEARTH, "privacy", "allow", "memory"]
            subprocess.run(allow, env=self.environ(), check=True, capture_output=True, timeout=120)
            self.service = Service(Command([HEARTH, "run"], self.environ(), self.folder), limits())
            self.service.prefix = self.prefix
            self._stack.enter_context(self.service)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def is_well(self, within_s: float = START_S) -> bool:
        """Whether it is ready, and knows the house."""
        return self.service.until(lambda: self.service.is_ready, within_s) and self.house.is_back(within_s)

    def environ(self) -> Mapping[str, str]:
        """Of the assistant."""
        address = self.house.broker.address
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith("HEARTH_") or "MODELS" in name
        }
        return {
            **clean,
            **self.room.environ,
            "HEARTH_DATA_DIR": str(self.data_dir),
            "HEARTH_MQTT__HOST": address.host,
            "HEARTH_MQTT__PORT": str(address.port),
            "HEARTH_CLOUD__URL": _NO_BRIDGE,
            "HEARTH_UNDERSTAND__LLM": "none",
            "HEARTH_API__SERVE": "false",
            "HEARTH_LOG_FORMAT": "json",
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            **self._settings,
        }
