"""Which settings an assistant takes over while it runs, and which it has to be started anew for."""

import functools
from collections.abc import Callable, Collection
from typing import Any, Final

import anyio.to_thread

from edge.engine_thread import EngineThread
from edge.engines import tts, wake_rules
from edge.ports import TtsEngine, WakeEngine
from edge.sections import (
    ConfirmSettings,
    ListenSettings,
    MemorySettings,
    Section,
    SpeakSettings,
    UpdateSettings,
    WakeSettings,
)
from edge.settings import Settings
from models.store import Store


def _all(section: str, model: type[Section], *besides: str) -> frozenset[str]:
    return frozenset(f"{section}.{key}" for key in model.model_fields if key not in besides)


LIVE: Final = (
    frozenset({"log_level"})
    | _all("wake", WakeSettings, "earshot")
    | _all("listen", ListenSettings, "vad")
    | _all("confirm", ConfirmSettings)
    | _all("memory", MemorySettings)
    | _all("speak", SpeakSettings)
    | _all("update", UpdateSettings)
)
"""Dotted keys that are in force at once, from the next wake word, sentence or turn on."""

_RULES_ALONE: Final = frozenset({"wake.threshold", "wake.thresholds", "wake.refractory_s", "wake.verify"})
"""Which need no other engine."""


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


async def exchange_engines(
    settings: Settings,
    changed: Collection[str],
    wake: EngineThread[WakeEngine] | None,
    voice: EngineThread[TtsEngine],
    make_wake: Callable[[Settings], WakeEngine],
) -> None:
    """Give ``wake`` and ``voice`` other engines where the ``changed`` keys want that: made beside those that work, so
    that nothing is missed, and nothing lost where one can't be made. Raises SettingsError, ModelError.
    """
    other_wake, other_voice = None, None
    # What is missing for it is missed before anything is made.
    speaks = any(key.startswith("speak.") for key in changed)
    make_voice = tts(settings, Store(settings.models_dir)) if speaks else None
    if wake is not None:
        wake_rules(settings)
        if any(key.startswith("wake.") and key not in _RULES_ALONE for key in changed):
            other_wake = await anyio.to_thread.run_sync(make_wake, settings)
    if make_voice is not None:
        if voice.begun:
            other_voice = await anyio.to_thread.run_sync(make_voice)
        else:
            voice.build_by(make_voice)
    if wake is not None and other_wake is not None:
        wake.exchange(other_wake, functools.partial(make_wake, settings))
    if other_voice is not None and make_voice is not None:
        voice.exchange(other_voice, make_voice)


def _of(section: Section, key: str) -> Any:
    return getattr(section, key)
