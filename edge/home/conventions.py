"""The conventions that are spoken besides Home Assistant's discovery."""

from collections.abc import Sequence

from edge.home.convention import Convention
from edge.home.zigbee2mqtt import Zigbee2Mqtt


def natives(reply_topic: str) -> Sequence[Convention]:
    """Each device's own convention. ``reply_topic``: below it, devices that are asked something may answer."""
    return [Zigbee2Mqtt()]
