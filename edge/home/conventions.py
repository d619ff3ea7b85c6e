"""The conventions that are spoken besides Home Assistant's discovery."""

from collections.abc import Sequence

from edge.home.convention import Convention
from edge.home.homie import Homie
from edge.home.shelly import Shelly
from edge.home.tasmota import Tasmota
from edge.home.zigbee2mqtt import Zigbee2Mqtt


def natives(own: str) -> Sequence[Convention]:
    """Each device's own convention, the preferred first. ``own``: below it, devices that are asked may answer."""
    return [Zigbee2Mqtt(), Tasmota(), Shelly(own), Homie()]
