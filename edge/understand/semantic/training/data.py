"""What the head learns from: sentences of our own, and the training part of crowd-sourced data."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from edge.evaluation.text.split import is_training
from edge.understand.semantic.head import NONE
from edge.understand.semantic.training.sampling import Sampler

_HERE: Final = Path(__file__).parent
_PER_TEMPLATE: Final = 14
_CROWD: Final[Mapping[str, str]] = {
    "iot_hue_lighton": "light_on",
    "iot_hue_lightoff": "light_off",
    "iot_hue_lightup": "light_up",
    "iot_hue_lightdim": "light_down",
    "iot_hue_lightchange": "light_color",
    "iot_wemo_on": "device_on",
    "iot_wemo_off": "device_off",
    "iot_cleaning": "vacuum_start",
    "iot_coffee": "coffee",
    "audio_volume_up": "volume_up",
    "audio_volume_down": "volume_down",
    "audio_volume_mute": "volume_mute",
    "alarm_set": "alarm_set",
    "alarm_query": "alarm_query",
    "alarm_remove": "alarm_remove",
    "datetime_convert": "time_convert",
    "lists_createoradd": "list_add",
    "lists_query": "list_query",
    "lists_remove": "list_remove",
}
"""Labels of the crowd's intents; whatever is not here asks nothing of the house."""
_HOME: Final[Mapping[str, str]] = {
    "blinds.open_cover": "cover_open",
    "blinds.close_cover": "cover_close",
    "garage_door.open_cover": "cover_open",
    "garage_door.close_cover": "cover_close",
    "fan.turn_on": "device_on",
    "fan.turn_off": "device_off",
    "fan.increase_speed": "fan_up",
    "fan.decrease_speed": "fan_down",
    "light.turn_on": "light_on",
    "light.turn_off": "light_off",
    "lock.lock": "lock",
    "lock.unlock": "unlock",
    "media_player.volume_up": "volume_up",
    "media_player.volume_down": "volume_down",
    "media_player.volume_mute": "volume_mute",
    "switch.turn_on": "device_on",
    "switch.turn_off": "device_off",
    "vacuum.start": "vacuum_start",
    "vacuum.return_to_base": "vacuum_dock",
}
"""Labels of home_llm's services, those of them that we do."""

_DATES: Final = frozenset({"date", "day", "month", "year", "week", "today"})


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence and what it asks for."""

    text: str
    label: str
    source: str
    """``ours``, ``nlu_eval``, ``slurp`` or ``home_llm``."""


def ours(seed: int) -> list[Example]:
    """Sentences drawn from our own templates."""
    found = []
    for name in ("seeds", "none"):
        document = yaml.safe_load((_HERE / f"{name}.yaml").read_text("utf-8"))
        sampler = Sampler(document["lists"], document["rules"], random.Random(seed))  # noqa: S311  # nothing secret
        labels = document["labels"] if "labels" in document else {NONE: document["sentences"]}
        found += [
            Example(sentence, label, "ours")
            for label, templates in labels.items()
            for template in templates
            for sentence in sampler.sentences(template, _PER_TEMPLATE)
        ]
    return found


def crowd(folder: Path, *, training: bool) -> list[Example]:
    """The training part of nlu_eval, slurp and home_llm in ``folder``, or else what is for measuring."""
    found = []
    for name in ("nlu_eval", "slurp"):
        for row in _rows(folder / f"{name}.jsonl"):
            found.append(Example(row["sentence"], _label(row), name))
    for row in _rows(folder / "home_llm.jsonl"):
        if row["kind"] == "action" and row["service_name"] in _HOME:
            found.append(Example(row["phrase"], _HOME[row["service_name"]], "home_llm"))
    return [example for example in found if is_training(example.text) is training]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _label(row: Mapping[str, Any]) -> str:
    intent: str = row["intent"]
    if intent != "datetime_query":
        return _CROWD.get(intent, NONE)
    words = set(re.findall(r"\w+", row["sentence"].lower()))
    return "date_query" if words & _DATES and "time" not in words else "time_query"
