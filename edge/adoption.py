"""Which settings an assistant takes over while it runs, and which it has to be started anew for."""

from collections.abc import Collection
from typing import Any, Final

from edge.sections import ConfirmSettings, ListenSettings, MemorySettings, Section, SpeakSettings, WakeSettings
from edge.settings import Settings


def _all(section: str, model: type[Section], *besides: str) -> frozenset[str]:
    return frozenset(f"{section}.{key}" for key in model.model_fields if key not in besides)


LIVE: Final = (
    frozenset({"log_level"})
    | _all("wake", WakeSettings, "earshot")
    | _all("listen", ListenSettings, "vad")
    | _all("confirm", ConfirmSettings)
    | _all("memory", MemorySettings)
    | _all("speak", SpeakSettings)
)
"""Dotted keys that are in force at once, from the next wake word, sentence or turn on."""


def differing(old: Settings, new: Settings) -> frozenset[str]:
    """The dotted keys of what is not the same in both. Of a skill's section, its name: ``skills.alarms``."""
    found = set()
    for name in Settings.model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if isinstance(before, Section):
            found |= {f"{name}.{key}" for key in type(before).model_fields if _of(before, key) != _of(after, key)}
        elif name == "skills":
            found |= {f"{name}.{skill}" for skill in {*before, *after} if before.get(skill) != after.get(skill)}
        elif before != after:
            found.add(name)
    return frozenset(found)


def taking(old: Settings, new: Settings, keys: Collection[str]) -> Settings:
    """``old`` with the values that ``new`` has for ``keys``, dotted; of sections' own keys and top ones alone."""
    updates: dict[str, Any] = {key: getattr(new, key) for key in keys if "." not in key}
    for section in {key.partition(".")[0] for key in keys if "." in key}:
        inner = [key.partition(".")[2] for key in keys if key.startswith(f"{section}.")]
        after = getattr(new, section)
        updates[section] = getattr(old, section).model_copy(update={key: _of(after, key) for key in inner})
    return old.model_copy(update=updates)


def _of(section: Section, key: str) -> Any:
    return getattr(section, key)
