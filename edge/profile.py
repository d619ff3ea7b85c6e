"""The measured profile of this board: ``profile.toml`` in the data directory.

``hearth bench --tune`` writes it; the settings read its ``[stt]`` as defaults below everything that a person wrote.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge import atomic_file, outside
from edge.errors import SettingsError

NAME: Final = "profile.toml"
_HEAD: Final = """\
# Measured on this board by `hearth bench --tune`. The settings file and the environment outrank it.
# Delete it to return to the defaults.
"""
_STT_KEYS: Final = {"engine": str, "model": str, "threads": int}
_REMEDY: Final = "delete it, or run `hearth bench --tune` again after that"


@dataclass(frozen=True, slots=True)
class Profile:
    """What it says that settings take."""

    language: str
    """What it was measured for."""
    stt: Mapping[str, Any]
    """``engine``, ``model``, ``threads``."""


def read(data_dir: Path) -> Profile | None:
    """None when there is none. Raises SettingsError, in one line, when it is damaged."""
    path = data_dir / NAME
    try:
        document = outside.toml_of(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}", _REMEDY, permanent=True) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}", _REMEDY, permanent=True) from None
    language, stt = document.get("language"), document.get("stt")
    if not isinstance(language, str) or not isinstance(stt, dict) or not _fits(stt):
        raise SettingsError(f"{path} is not a profile", _REMEDY, permanent=True)
    return Profile(language, stt)


def write(data_dir: Path, document: Mapping[str, Any]) -> Path:
    """Write ``document``: values, tables of values, lists of tables. Returns the path. Raises SettingsError."""
    path = data_dir / NAME
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic_file.replace(path, (_HEAD + _toml(document)).encode())
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}", "check data_dir") from error
    return path


def _fits(stt: Mapping[str, Any]) -> bool:
    return all(isinstance(stt.get(key), kind) for key, kind in _STT_KEYS.items()) and set(stt) == set(_STT_KEYS)


def _toml(document: Mapping[str, Any]) -> str:
    values = [(key, value) for key, value in document.items() if not isinstance(value, Mapping | list | tuple)]
    text = _lines(values)
    for key, value in document.items():
        if isinstance(value, Mapping):
            text += f"\n[{key}]\n{_lines(value.items())}"
        elif isinstance(value, list | tuple):
            text += "".join(f"\n[[{key}]]\n{_lines(row.items())}" for row in value)
    return text


def _lines(pairs: Iterable[tuple[str, Any]]) -> str:
    # JSON's strings, numbers and truths are TOML's as well.
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in pairs)
