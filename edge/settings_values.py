"""Settings as nested mappings, before they are typed, under dotted keys: ``wake.threshold``."""

import copy
from collections.abc import Mapping
from typing import Any

from edge.errors import SettingsError


def changed_values(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` with ``changes``, of which None means that there is no such key. Raises SettingsError where a key
    leads through something that is no section.
    """
    changed = copy.deepcopy(dict(values))
    for key, value in changes.items():
        *path, last = key.split(".")
        section = changed
        for part in path:
            section = section.setdefault(part, {}) if value is not None else section.get(part, {})
            if not isinstance(section, dict):
                raise SettingsError(f"{part} in {key} is not a section", "correct the settings file", permanent=True)
        if value is None:
            section.pop(last, None)
        else:
            section[last] = without_none(value)
    return changed


def value_at(values: Mapping[str, Any], key: str, default: Any = None) -> Any:
    """The value under the dotted ``key``; ``default`` where there is none."""
    found: Any = values
    for part in key.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return default
        found = found[part]
    return found


def without_none(value: Any) -> Any:
    """``value`` without the entries of mappings that are None: TOML has no such thing."""
    if isinstance(value, Mapping):
        return {key: without_none(each) for key, each in value.items() if each is not None}
    return [without_none(each) for each in value] if isinstance(value, list | tuple) else value
