"""One round of ``scripts/faults``: the assistant itself, killed with -9 while people ask for things, hears again."""

import random
import signal
import tempfile
import time
from pathlib import Path

from scripts.fault_campaign.rig import Rig

_PATIENCE_S = 120.0
_SETTINGS = {"HEARTH_UNDERSTAND__SEMANTIC": "false", "HEARTH_MQTT__CONFIRM_S": "20"}


def test_killed_while_people_ask_for_things() -> None:
    # A socket's path is limited to 108 bytes, so pytest's own long folders won't do.
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        rig = Rig(Path(folder), random.Random(1), _SETTINGS)
        rig.place.is_own = False
        with rig:
            assert rig.is_well()
            for kind in ("list", "timer", "reminder", "list"):
                assert rig.residents.keep_something(kind).outcome == "done"
            rig.residents.begin()
            time.sleep(1.0)
            rig.service.signal(signal.SIGKILL)
            killed = time.monotonic()
            answer = rig.room.command(rig.service, killed, _PATIENCE_S)
            rig.residents.end()
            assert answer is not None, "it does not hear any more"
            assert answer.outcome == "done"
            assert rig.house.state("kitchen_light") == "ON"
            assert [life.how for life in rig.service.lives] == [-signal.SIGKILL, 0]
            assert len(rig.ledger.confirmed) >= 4
            assert rig.ledger.broken(rig.data_dir) == []
            assert rig.residents.told.untrue == []
            assert rig.residents.stale() == []
