"""Commands for another time than now, taken apart: what to do, and when. English; "in ten minutes" in other languages
is for the grammar.
"""

import re
from collections.abc import Mapping
from typing import Final

from edge.act.moments import lasting, read
from edge.act.skills.home.changes import CONTROLS
from edge.act.spoken_numbers import in_digits
from edge.dialogue import PutOff
from edge.intents import SlotValue

DEFERRABLE: Final = frozenset(CONTROLS) | {
    "HassBroadcast", "HassSetVolume", "HassSetVolumeRelative", "HearthMute", "HearthUnmute", "HearthRoutineRun",
}  # fmt: skip
"""Intents that may be put off. What asks something is answered now."""
_LONGEST: Final = 200
"""Characters: a longer text is no command."""
_AMOUNT: Final = re.compile(r"\bby \d+(?!:| ?(?:am|pm|oclock)\b)\b")
""" "Dim it by 20" is no time."""
_TAKEN_BACK: Final = re.compile(
    r"^(?:(?:no|wait|please|oh|actually|sorry)[,.]? )*(?:don['’]?t|do not|never ?mind about|no need to)"
    r"(?: (?:have|need) to)? (?P<command>.+?)(?: (?:any ?more|after all|then|please))?[.!]?$",
    re.IGNORECASE,
)
_ENGLISH: Final = "en"


def parted(text: str, language: str) -> PutOff | None:
    """The command in ``text`` and its time; None where no time is said, or none that this reads."""
    if not language.startswith(_ENGLISH) or len(text) > _LONGEST:
        return None
    if (taken_back := _TAKEN_BACK.match(text)) is not None:
        return PutOff(taken_back["command"], {})
    found = lasting(text)
    slots: dict[str, SlotValue] = {}
    if found.span_s:
        slots["for_s"] = found.span_s
    elif found.until is not None:
        if not read(found.until, bare=True).said.anything:
            return None
        slots["until"] = found.until
    reading = read(found.rest, bare=False)
    if reading.said.anything and not _AMOUNT.search(in_digits(found.rest)):
        slots["when"] = found.rest
        return PutOff(_command(reading.rest), slots)
    return PutOff(_command(found.rest), slots) if slots else None


def _command(rest: str) -> str:
    return rest.strip(" ,.!?")


def own(slots: Mapping[str, SlotValue]) -> dict[str, SlotValue]:
    """Of the slots of a command for later those that say when."""
    return {slot: value for slot, value in slots.items() if slot in OWN}


OWN: Final = frozenset({"when", "hours", "minutes", "seconds", "for_s", "until", "command"})
"""Slots that a command for later has itself; others are answers, and belong to what it does."""
