"""Secrets that a person entered: ``secrets`` in the data directory, a file for each, readable by the assistant alone.

A file is named as systemd's credentials are: ``mqtt__password`` for ``mqtt.password``. The settings file may be copied,
shown and shared; these are not in it.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from edge import atomic_file
from edge.errors import SettingsError

_FOLDER: Final = "secrets"
_REMEDY: Final = "see to the permissions of the data directory"


def read(data_dir: Path, keys: Collection[str]) -> dict[str, str]:
    """Those of ``keys``, dotted, that are kept. Raises SettingsError."""
    return read_folder(data_dir / _FOLDER, keys)


def read_folder(folder: Path, keys: Collection[str]) -> dict[str, str]:
    """The same in any ``folder``. Raises SettingsError."""
    found = {}
    for key in keys:
        path = folder / _name(key)
        try:
            found[key] = path.read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise SettingsError(f"cannot read {path}: {error.strerror}", _REMEDY, permanent=True) from None
        except UnicodeDecodeError:
            raise SettingsError(f"{path} is not UTF-8 text", "enter it again", permanent=True) from None
    return found


def keep(data_dir: Path, key: str, secret: str | None) -> None:
    """Keep ``secret``, None to forget it, as the setting ``key``. Raises SettingsError."""
    folder = data_dir / _FOLDER
    path = folder / _name(key)
    if secret is not None and not secret.strip().isprintable():
        raise SettingsError(f"{key} has characters that are no text", "write it as text", permanent=True)
    try:
        if secret is None:
            path.unlink(missing_ok=True)
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic_file.replace(path, secret.encode(), mode=0o600)
    except OSError as error:
        raise SettingsError(f"{path} can't be written: {error.strerror or error}", _REMEDY, permanent=True) from None


def _name(key: str) -> str:
    return key.replace(".", "__")
