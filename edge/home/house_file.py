"""``house.toml``: what no broker says. Floors, further names of rooms, nicknames and rooms of devices."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge import outside
from edge.errors import SettingsError

Name = Annotated[str, Field(min_length=1, max_length=120)]


class AreaEntry(BaseModel):
    """``[areas."Bedroom 2"]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    floor: Name | None = None
    names: tuple[Name, ...] = ()


class DeviceEntry(BaseModel):
    """``[devices."light.bed"]``: by unique id, discovery id or name."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    names: tuple[Name, ...] = ()
    area: Name | None = None


class HouseFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    areas: Mapping[Name, AreaEntry] = {}
    devices: Mapping[Name, DeviceEntry] = {}


def read_house_file(path: Path) -> HouseFile:
    """An empty one when there is no file. Raises SettingsError, naming the key, for a mistake in it."""
    try:
        return HouseFile.model_validate(outside.toml_of(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return HouseFile()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}", "make it a file that can be read", permanent=True) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}", "correct the file's TOML", permanent=True) from None
    except ValidationError as error:
        where, mistake = outside.first_mistake(error)
        raise SettingsError(f"{path}: [{where}]: {mistake}", "correct the file", permanent=True) from None
