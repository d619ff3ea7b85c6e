"""``hearthside.toml`` as a program changes it: comments stay, and a power cut leaves the old file or the new one."""

import os
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from edge.errors import SettingsError


def write_setting(file: Path, section: str, key: str, value: str) -> None:
    """Set ``[section] key`` to ``value`` in ``file``, which is made where it is not there. Raises SettingsError."""
    try:
        document = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
        document.setdefault(section, tomlkit.table())[key] = value
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        part.write_text(tomlkit.dumps(document), encoding="utf-8")
        if file.exists():
            part.chmod(file.stat().st_mode & 0o777)
        part.replace(file)
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: {error}", "correct the file's TOML", permanent=True) from None
    except OSError as error:
        what = f"{file} can't be written: {error.strerror or error}"
        raise SettingsError(what, f'write [{section}] {key} = "{value}" into it', permanent=True) from None
