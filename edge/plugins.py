"""Engines and skills by name, found through entry points; only the configured one is imported."""

import functools
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from edge import outside
from edge.errors import SettingsError

_Model = TypeVar("_Model", bound=BaseModel)


def names(kind: str) -> list[str]:
    """Names of all installed plug-ins of a kind: those of the entry-point group ``hearthside.<kind>``."""
    return sorted(_entries(kind))


def load(kind: str, name: str) -> Callable[..., Any]:
    """The builder registered as ``name``; a SettingsError names the installed ones when there is none."""
    entries = _entries(kind)
    if name not in entries:
        raise SettingsError(f"there is no {kind} engine {name!r}", f"choose one of: {', '.join(sorted(entries))}")
    builder: Callable[..., Any] = entries[name].load()
    return builder


def settings_model(kind: str, name: str) -> type[BaseModel] | None:
    """The type of a plug-in's own settings: ``SETTINGS`` of its module; None where it tells none."""
    model = getattr(import_module(_entries(kind)[name].module), "SETTINGS", None)
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def skill_settings(
    name: str, model: type[_Model], given: Mapping[str, object], remedy: str = "correct the value"
) -> _Model:
    """``given``, the section ``[skills.<name>]``, as a ``model``. Raises SettingsError, which names the key."""
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        key, mistake = outside.first_mistake(error)
        where = ".".join(filter(None, ("skills", name, key)))
        raise SettingsError(f"[{where}]: {mistake}", remedy, permanent=True) from None


def folder(kind: str, name: str) -> Path | None:
    """The folder of a plug-in that is a package; None for a single module.

    A skill keeps there what people say to it, ``sentences/<language>.yaml``, and what it answers,
    ``phrases/<language>.jinja``.
    """
    spec = find_spec(_entries(kind)[name].module)
    places = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(places))) if places else None


@functools.cache
def _entries(kind: str) -> Mapping[str, EntryPoint]:
    """Looked up once: reading what all installed packages offer takes 10 ms, and it is asked for ninety times."""
    return {entry.name: entry for entry in entry_points(group=f"hearthside.{kind}")}
