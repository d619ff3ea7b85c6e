"""Commands for another time than now, taken apart: what to do, and when."""

import re
from typing import Final

from edge.act.moments import lasting, read
from edge.act.skills.home.changes import CONTROLS
from edge.act.spoken_numbers import in_digits
from edge.act.times_in import in_english
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
    r"(?: (?:have|need) to)? "
    # "Don't talk for an hour" takes nothing back: that is what to do.
    r"(?!(?:speak|talk|answer|respond|reply|say|make (?:a|any) (?:sound|noise))\b)"
    r"(?P<command>.+?)(?: (?:any ?more|after all|then|please))?[.!]?$",
    re.IGNORECASE,
)
_ENGLISH: Final = "en"


def parted(text: str, language: str) -> PutOff | None:
    """The command in ``text`` and its time; None where no time is said, or none that this reads."""
    if len(text) > _LONGEST:
        return None
    english = language.startswith(_ENGLISH)
    if english and (taken_back := _TAKEN_BACK.match(text)) is not None:
        return PutOff(taken_back["command"], {})
    found = lasting(in_english(text, language))
    rest = found.rest
    slots: dict[str, SlotValue] = {}
    if found.span_s:
        slots["for_s"] = found.span_s
    elif found.until is not None:
        end = read(found.until, bare=english)
        if not end.said.anything:
            return None
        slots["until"] = found.until
        rest = f"{rest} {end.rest}"  # "schalte es bis sieben Uhr ein": the verb goes on behind
    reading = read(rest, bare=False)
    if reading.said.anything and not _AMOUNT.search(in_digits(rest)):
        slots["when"] = rest
        exact = (
            bool({"for_s", "until"} & slots.keys()) or reading.said.span_s is not None or reading.said.hour is not None
        )
        return PutOff(_command(reading.rest), slots, exact)
    return PutOff(_command(rest), slots) if slots else None


def _command(rest: str) -> str:
    return rest.strip(" ,.!?")


OWN: Final = frozenset({"when", "hours", "minutes", "seconds", "for_s", "until", "command", "conversation_command"})
"""Slots that a command for later has itself; others are answers, and belong to what it does."""
