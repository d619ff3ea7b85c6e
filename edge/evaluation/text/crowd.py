"""Sentences of crowds, with intents of another assistant: a fixed map tells which of ours is right for each.

A sentence about the home is right when every intent found is one of those that the map allows, and every device that
was told something is of a kind that it allows. All other sentences are no business of a device: each that moves one
is a false action, unless it is asked about first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge.evaluation.text.asking import Answer, Asker, names
from edge.evaluation.text.homes import ordinary_home
from edge.evaluation.text.rows import Row
from edge.evaluation.text.split import is_training
from edge.evaluation.text.verdicts import Tell, Verdict

HERE: Final = "Living Room"
"""Where the person is."""


@dataclass(frozen=True, slots=True)
class Right:
    """What counts as right for one of the crowd's intents."""

    intents: frozenset[str]
    domains: frozenset[str] = frozenset()
    """Kinds of device that may be told something."""


def _right(intents: str, domains: str = "") -> Right:
    return Right(frozenset(intents.split()), frozenset(domains.split()))


# Sentences under these labels were made up by people who were told, say, "you have coloured lamps: change the colour";
# some ask for a level under the label of a colour, or for a fan under the label of a plug. So each label takes all
# intents that do to such a device what people say under it, and the kind of device decides.
RIGHT: Final[Mapping[str, Right]] = {
    "iot_hue_lighton": _right("HassTurnOn HassLightSet", "light scene"),
    # "No lights" and "lights to zero" are the same wish.
    "iot_hue_lightoff": _right("HassTurnOff HassLightSet", "light scene"),
    # Colour, level, or a mood that a scene has.
    "iot_hue_lightchange": _right("HassLightSet HassTurnOn", "light scene"),
    # "Darken" may switch some off; "it is too bright" is the same wish.
    "iot_hue_lightdim": _right("HassLightSet HassTurnOff", "light scene"),
    "iot_hue_lightup": _right("HassLightSet HassTurnOn", "light scene"),
    # A plug is called by what hangs on it: a lamp, a fan, a kettle.
    "iot_wemo_on": _right("HassTurnOn", "switch light fan"),
    "iot_wemo_off": _right("HassTurnOff", "switch light fan"),
    # Half of "mute" is about other sounds ("pause the song", "stop the audio"): quiet by any means is right.
    "audio_volume_mute": _right(
        "HearthMute HearthUnmute HassMediaPlayerMute HassMediaPlayerUnmute HassSetVolume HassSetVolumeRelative "
        "HassMediaPause HassNevermind"
    ),
    "audio_volume_up": _right("HassSetVolumeRelative HassSetVolume HearthUnmute HassMediaPlayerUnmute"),
    "audio_volume_down": _right("HassSetVolumeRelative HassSetVolume HearthMute HassMediaPlayerMute"),
    # "Wake me in an hour" is as well a timer, and "remind me" a reminder: all of them ring when wanted.
    "alarm_set": _right("HearthSetAlarm HassStartTimer HearthSetReminder"),
    "alarm_query": _right("HearthAlarmStatus HassTimerStatus"),
    # "Snooze" is among them: the alarm that rings is quiet for now.
    "alarm_remove": _right("HearthCancelAlarm HassCancelTimer HassCancelAllTimers HearthSnooze"),
    # "Add to my list", "make a list": a new list is made by what is put on it, or by its name.
    "lists_createoradd": _right("HassListAddItem HassShoppingListAddItem HearthListCreate"),
    # "What is on it" and "what lists are there".
    "lists_query": _right("HearthListItems HearthListNames"),
    # An item or the whole list.
    "lists_remove": _right(
        "HassListRemoveItem HassListCompleteItem HassShoppingListCompleteItem HassShoppingListRemoveItem "
        "HearthListClear HearthListDelete"
    ),
    # "How many weeks are left until Easter" is among them.
    "datetime_query": _right("HassGetCurrentTime HassGetCurrentDate HearthDaysUntil"),
    # "What time is it in Tokyo when it is eight here".
    "datetime_convert": _right("HassGetCurrentTime HearthConvertTime"),
}
"""By the crowd's intent: lights, plugs, volume, alarms, lists, time. They have none for timers."""
EXEMPT: Final[Mapping[str, str]] = {
    "iot_coffee": "a coffee machine on a plug may well be switched on, but few homes have it so",
    "iot_cleaning": "a vacuum may well start; nobody says which rooms it knows",
}
"""Intents of the home that are not in the map: neither right nor false, and why."""
CLINC_EXEMPT: Final = frozenset(
    "smart_home timer alarm time timezone date shopping_list shopping_list_update todo_list todo_list_update "
    "reminder reminder_update".split()
)
"""Intents of clinc_oos that the home takes: timers, alarms, lists, time, lights."""


def for_measuring(rows: Sequence[Row]) -> list[Row]:
    """Those that nobody learnt from."""
    return [row for row in rows if not is_training(row["sentence"])]


async def judge(asker: Asker, rows: Sequence[Row], tell: Tell) -> list[Verdict]:
    """SLURP and NLU-Evaluation-Data: the home's intents for right and wrong, the others for false actions."""
    home = ordinary_home()
    verdicts = []
    for row in rows:
        asker.house.furnish(home)
        answer = await asker.ask(row["sentence"], HERE, meant=row["intent"] in RIGHT)
        verdicts.append(_verdict(answer, row["intent"]))
        tell(verdicts[-1])
    return verdicts


async def judge_out_of_scope(asker: Asker, rows: Sequence[Row], tell: Tell) -> list[Verdict]:
    """clinc_oos: whatever moves a device is a false action."""
    home = ordinary_home()
    verdicts = []
    for row in rows:
        asker.house.furnish(home)
        answer = await asker.ask(row["sentence"], HERE, meant=False)
        moved = None if row["intent"] in CLINC_EXEMPT else bool(answer.sent)
        verdicts.append(answer.verdict(row["intent"], "no device", right=None, false_action=moved))
        tell(verdicts[-1])
    return verdicts


def _verdict(answer: Answer, intent: str) -> Verdict:
    wanted = RIGHT.get(intent)
    if wanted is None:
        moved = None if intent in EXEMPT else bool(answer.sent)
        return answer.verdict(intent, "no device", right=None, false_action=moved)
    domains = {command.device.split(".")[0] for command in answer.sent}
    right = bool(answer.intents) and names(answer.intents) <= wanted.intents and domains <= wanted.domains
    return answer.verdict(intent, " / ".join(sorted(wanted.intents)), right=right, false_action=None)
