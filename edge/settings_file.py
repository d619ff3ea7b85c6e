"""``hearthside.toml`` as a program changes it: comments and order stay, and a power cut leaves the old file or the new.

Keys are dotted: ``area``, ``wake.threshold``, ``skills.alarms.snooze_min``. The value None means that the key is not
there, so that its default holds.
"""

import hashlib
import tomllib
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable, Item

from edge import atomic_file
from edge.errors import SettingsError
from edge.settings_values import changed_values, without_none


class FileChanged(SettingsError):
    """Somebody else has changed the settings file meanwhile."""

    code = "settings_changed"


def version(file: Path) -> str:
    """What tells this content of ``file`` from any other; of one that is not there, too. Raises SettingsError."""
    return _version(_read(file))


def change_settings(file: Path, changes: Mapping[str, Any], *, known: str | None = None) -> None:
    """Give each key of ``changes`` its value in ``file``, which is made where it is not there. ``known``: the
    :func:`version` that the changes were made for; None: whichever it is.

    Values: bool, int, float, str, lists and mappings of these, or None. Raises FileChanged, and SettingsError for a
    file that can't be written or that has no place for a key.
    """
    file = file.resolve()  # a link to a file elsewhere stays one
    content = _read(file)
    if known is not None and _version(content) != known:
        raise FileChanged(f"{file} has changed meanwhile", "read the settings again")
    changed = changed_text(_decoded(file, content), changes, file.name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_file.replace(file, changed.encode())
    except OSError as error:
        what = f"{file} can't be written: {error.strerror or error}"
        raise SettingsError(what, f"write {_told(changes)} into it", permanent=True) from None


def changed_text(text: str, changes: Mapping[str, Any], name: str = "hearthside.toml") -> str:
    """``text``, TOML, with ``changes``; all else in it stays as it was. Raises SettingsError."""
    try:
        document = tomlkit.parse(text)
        wanted = changed_values(document.unwrap(), changes)
        for key, value in changes.items():
            _change(document, key, value)
        changed = tomlkit.dumps(document)
        as_read = tomllib.loads(changed)
        changed.encode()
    except (TOMLKitError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{name}: {error}", "correct the file's TOML", permanent=True) from None
    except UnicodeEncodeError:
        raise SettingsError("half a character can't be written", "write it as text", permanent=True) from None
    if _without_empty(as_read) != _without_empty(wanted):
        # TOML can be written in ways in which a key has no place of its own. Better no change than another one.
        raise SettingsError(f"{name} has no place for {_told(changes)}", "write it there yourself", permanent=True)
    return changed


def _change(document: MutableMapping[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    table = document
    for part in path:
        if part not in table:
            if value is None:
                return
            table[part] = _new_table(table)
        table = table[part]
    if value is None:
        table.pop(last, None)
    elif isinstance(before := table.get(last), Item):
        after = _plain(value)
        # The comment beside the value, and the space before it, are the person's.
        after.trivia.comment_ws, after.trivia.comment = before.trivia.comment_ws, before.trivia.comment
        table[last] = after
    else:
        table[last] = _plain(value)


def _new_table(within: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return tomlkit.inline_table() if isinstance(within, InlineTable) else tomlkit.table()


def _plain(value: Any) -> Item:
    """As TOML has it: a mapping in one line."""
    value = without_none(value)
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update({key: _plain(each) for key, each in value.items()})
        return table
    item: Item = tomlkit.item(value)
    return item


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """A section with nothing in it says as much as none."""
    inner = {key: _without_empty(value) if isinstance(value, Mapping) else value for key, value in values.items()}
    return {key: value for key, value in inner.items() if value != {}}


def _told(changes: Mapping[str, Any]) -> str:
    told = []
    for key, value in changes.items():
        section, _, last = key.rpartition(".")
        line = f"no {last}" if value is None else f"{last} = {_plain(value).as_string()}"
        told.append(f"[{section}] {line}" if section else line)
    return ", ".join(told)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        what = f"{file} can't be read: {error.strerror or error}"
        raise SettingsError(what, "see to its permissions", permanent=True) from None


def _decoded(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is not UTF-8 text", "correct the file's TOML", permanent=True) from None


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
