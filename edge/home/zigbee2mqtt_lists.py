"""What zigbee2mqtt's bridge lists: its devices and its groups, as far as anything here depends on it.

Source: https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html#zigbee2mqtt-bridge-devices
"""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from edge.home.zigbee2mqtt_part import Expose, Name

MAX_DEVICES: Final = 2000
Title = Annotated[str, Field(min_length=1, max_length=300)]


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Scene(_Lenient):
    """A scene that is stored in a device or a group."""

    id: int
    name: Name = ""


class Endpoint(_Lenient):
    """One of a device's endpoints."""

    scenes: Annotated[tuple[Scene, ...], Field(max_length=300)] = ()


class Definition(_Lenient):
    """What zigbee2mqtt knows of a model."""

    exposes: Annotated[tuple[Expose, ...], Field(max_length=500)] = ()
    supports_ota: bool = False


class Listed(_Lenient):
    """One entry of ``bridge/devices``."""

    ieee_address: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{16}$")]
    friendly_name: Title
    type: Name = ""
    disabled: bool = False
    definition: Definition | None = None
    endpoints: Mapping[str, Endpoint] = {}


class Member(_Lenient):
    """A device in a group."""

    ieee_address: Name


class Group(_Lenient):
    """One entry of ``bridge/groups``."""

    id: int
    friendly_name: Title
    members: Annotated[tuple[Member, ...], Field(max_length=MAX_DEVICES)] = ()
    scenes: Annotated[tuple[Scene, ...], Field(max_length=300)] = ()
