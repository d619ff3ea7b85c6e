"""How a Tasmota device is set up: the first of its two announcements, ``tasmota/discovery/<MAC>/config``."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.home.convention import Malformed, json_of, topic_of

_MAX: Final = 65_536
"""Bytes of the announcement."""
_LONGEST: Final = "ShutterPosition32"
"""Of all ends of topics: where it has its place, each of them has."""

Name = Annotated[str, Field(max_length=200)]
Bit = Annotated[int, Field(ge=0, le=255)]
Names = Annotated[tuple[Name | None, ...], Field(max_length=64)]


class Config(BaseModel):
    """``…/config``; the names of the fields are the firmware's."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    mac: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{12}$")]
    dn: Name
    """Device name."""
    fn: Names = ()
    """Friendly names, one a relay."""
    hn: Name = ""
    """Host name."""
    t: Name
    """``%topic%``."""
    ft: Name
    """FullTopic."""
    tp: Annotated[tuple[Name, ...], Field(min_length=3, max_length=3)] = ("cmnd", "stat", "tele")
    """``%prefix%`` of commands, of answers, of reports."""
    state: Annotated[tuple[Name, ...], Field(min_length=2, max_length=8)] = ("OFF", "ON", "TOGGLE", "HOLD")
    """What off and on are called."""
    ofln: Name = "Offline"
    onln: Name = "Online"
    rl: Annotated[tuple[Bit, ...], Field(max_length=64)] = ()
    """By relay: 0 none, 1 a switch, 2 a light, 3 half of a shutter's motor."""
    lt_st: Bit = 0
    """Channels of the light: 1 white, 2 cold and warm, 3 RGB, 4 RGB and white, 5 RGB, cold and warm."""
    lk: Bit = 1
    """0 when colours and white are two lights."""
    if_: Annotated[Bit, Field(alias="if")] = 0
    """1 for a fan with a light."""
    ty: Bit = 0
    """1 for a Tuya module, which dims by ``Dimmer3``."""
    so: Mapping[Name, int] = {}
    """SetOptions that matter to others."""
    sho: Annotated[tuple[Bit, ...], Field(max_length=32)] = ()
    """By shutter; bit 0: its positions are upside down."""
    sht: Annotated[tuple[tuple[int, ...], ...], Field(max_length=32)] = ()
    """By shutter: least and greatest tilt."""
    swn: Names = ()
    """Names of switches."""
    dslp: Bit | tuple[Bit, ...] = 0
    """Not 0 for a device that sleeps, and is not away then."""

    def option(self, number: int) -> bool:
        """Whether that SetOption is set."""
        return bool(self.so.get(str(number), 0))

    def topic(self, prefix: int, end: str) -> str:
        """0 ``cmnd``, 1 ``stat``, 2 ``tele``. Raises Malformed."""
        base = self.ft
        for name, value in (
            ("prefix", self.tp[prefix]),
            ("topic", self.t),
            ("hostname", self.hn),
            ("id", self.mac[-6:]),
        ):
            base = base.replace(f"%{name}%", value)
        return topic_of(f"{base.rstrip('/')}/{end}")


def read_config(payload: bytes) -> Config:
    """What the announcement says. Raises Malformed."""
    try:
        config = Config.model_validate(json_of(payload, _MAX))
    except (ValidationError, RecursionError) as error:
        raise Malformed(" ".join(str(error).split())[:200]) from None
    if "%prefix%" not in config.ft:
        raise Malformed("ft has no %prefix%")
    for prefix in range(len(config.tp)):
        config.topic(prefix, _LONGEST)
    return config
