"""The assistant's own voice: louder, softer, silent."""

from typing import Final

from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import Loudness, Storage

_STEP: Final = 15
"""Percent that "louder" means."""
_LEAST: Final = 5
"""Percent; softer than this is for "mute", so that nobody makes it silent by accident."""
_STEPS: Final = ("CREATE TABLE voice_volume (id INTEGER PRIMARY KEY CHECK (id = 1), percent INTEGER, muted INTEGER)",)


class Volume:
    """Sets, changes, mutes, tells; remembered over a restart."""

    intents = frozenset({"HassSetVolume", "HassSetVolumeRelative", "HearthMute", "HearthUnmute", "HearthVolumeStatus"})
    deadline_s = 3.0

    def __init__(self, loudness: Loudness, storage: Storage) -> None:
        self._loudness, self._storage = loudness, storage

    async def load(self) -> None:
        """As loud as it was when it was last heard. Raises StorageError."""
        await self._storage.migrate("volume", _STEPS)
        kept = await self._storage.read(lambda db: db.execute("SELECT percent, muted FROM voice_volume").fetchone())
        if kept is not None:
            self._loudness.set(kept[0] / 100, muted=bool(kept[1]))

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Raises StorageError."""
        if (named := _elsewhere(intent, origin)) is not None:
            return Outcome(OutcomeKind.FAILED, Phrase("volume_elsewhere", {"name": named}))
        before = round(self._loudness.volume * 100)
        match intent.name:
            case "HearthMute":
                await self._set(before, muted=True)
                return Outcome(OutcomeKind.DONE, Phrase("volume_muted"))
            case "HearthUnmute":
                await self._set(before, muted=False)
                return Outcome(OutcomeKind.DONE, Phrase("volume_unmuted"))
            case "HearthVolumeStatus":
                values = {"percent": before, "muted": self._loudness.muted}
                return Outcome(OutcomeKind.DONE, Phrase("volume_is", values))
            case "HassSetVolume":
                return await self._change(int(intent.slots.get("volume_level", before)), before)
        return await self._change(before + _step(intent), before)

    async def _change(self, wanted: int, before: int) -> Outcome:
        if wanted == 0:
            await self._set(before, muted=True)
            return Outcome(OutcomeKind.DONE, Phrase("volume_muted"))
        percent = min(100, max(_LEAST, wanted))
        await self._set(percent, muted=False)
        values = {"percent": percent, "changed": percent != before, "louder": wanted > before}
        return Outcome(OutcomeKind.DONE, Phrase("volume_set", values))

    async def _set(self, percent: int, *, muted: bool) -> None:
        await self._storage.write(
            lambda db: db.execute(
                "INSERT INTO voice_volume VALUES (1, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET percent = excluded.percent, muted = excluded.muted",
                (percent, muted),
            )
        )
        self._loudness.set(percent / 100, muted=muted)


def _step(intent: Intent) -> int:
    """Signed percent points."""
    match intent.slots.get("volume_step"):
        case "up":
            return _STEP
        case "down":
            return -_STEP
        case int() | float() as step:
            return int(step)
    return _STEP


def _elsewhere(intent: Intent, origin: Origin) -> str | None:
    """What else than this assistant's voice is meant."""
    for slot in ("name", "area", "floor"):
        if slot in intent.slots and (slot, intent.slots[slot]) != ("area", origin.area):
            return str(intent.slots[slot])
    return None
