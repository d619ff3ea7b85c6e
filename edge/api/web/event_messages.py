"""What `/v1/events` says beside the events themselves, and what it is told. JSON objects, each with a ``type``."""

from typing import Any, Literal

from pydantic import ConfigDict

from edge.api.web.bodies import Body


class Hello(Body):
    """Opens each connection."""

    type: Literal["hello"]
    start: str
    """Of this start of the assistant: numbers of another one mean nothing here."""
    n: int
    """Of the last event before those that follow."""
    resumed: bool
    """Whether it goes on where it was told to (`after`, `start`); else what was seen before may be out of date."""
    events: bool
    """Whether events are told: to a guest only devices are."""
    devices: bool
    """Whether changes of devices are told."""


class Watching(Body):
    """The answer to a wish. Whoever wants to know of devices lists them now: what changes after that is told."""

    type: Literal["watching"]
    devices: bool


class DeviceChanged(Body):
    """A device is otherwise than before. Of several changes in quick succession the last one is told."""

    type: Literal["device"]
    id: str
    state: str | None
    attributes: dict[str, Any]
    available: bool
    word: int
    """As in the list of devices: of two conditions, the one with the higher number is the newer."""


class HouseChanged(Body):
    """Devices have come, gone, been named or moved, or the broker has: list them again."""

    type: Literal["house"]
    revision: int
    online: bool
    """Whether the broker is connected."""


class Dropped(Body):
    """So many events are gone that this client has not had: it was too slow, or away for too long."""

    type: Literal["dropped"]
    count: int


class Alive(Body):
    """Nothing has happened for 15 seconds. Who hears nothing for twice as long has lost the connection."""

    type: Literal["alive"]


class Wish(Body):
    """What a client may say."""

    model_config = ConfigDict(extra="forbid")
    devices: bool
    """Whether it wants to be told when a device changes."""


FROM_ASSISTANT = (Hello, Watching, DeviceChanged, HouseChanged, Dropped, Alive)
