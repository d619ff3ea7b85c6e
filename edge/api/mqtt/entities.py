"""How Home Assistant is told of the assistant. Pure.

One announcement an entity, ``<prefix>/<component>/hearthside_<site>/<object>/config``: all versions read that form,
while the device bundle in a single message is unknown before 2024.11.

Source: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from edge.session.phase import Phase

MAKER: Final = "Hearthside"
"""``origin`` of what an assistant announces of itself."""
_LONGEST: Final = 255
"""Characters of a state in Home Assistant; a longer one is refused there."""
_NEXT_END: Final = "value_json[0].ends_at if value_json else none"
"""The list begins with the timer that ends first, and none of the paused ones ends."""


def announcements(site: str, area: str | None, prefix: str, version: str, *, with_words: bool) -> Mapping[str, str]:
    """By topic: what is retained there. ``with_words`` False: last heard and last answer are taken back."""
    base = f"hearthside/{site}"
    return {
        f"{prefix}/{component}/hearthside_{site}/{name}/config": json.dumps(
            {**described, **_shared(site, name, area, version)}, ensure_ascii=False
        )
        if with_words or name not in ("last_heard", "last_answer")
        else ""
        for component, name, described in _entities(base)
    }


def _entities(base: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Component, object id, and what is its own of each entity."""
    there: dict[str, Any] = {"availability_topic": f"{base}/availability"}
    diagnostic = {"entity_category": "diagnostic"}
    yield "switch", "listening", {
        **there,
        "name": "Listening",
        "icon": "mdi:microphone",
        "state_topic": f"{base}/listening",
        "command_topic": f"{base}/listening/set",
    }  # fmt: skip
    yield "number", "volume", {
        **there,
        "name": "Volume",
        "icon": "mdi:volume-high",
        "state_topic": f"{base}/volume",
        "command_topic": f"{base}/volume/set",
        "min": 0,
        "max": 100,
        "step": 1,
        "unit_of_measurement": "%",
    }  # fmt: skip
    yield "sensor", "phase", {
        **there,
        "name": "Phase",
        "icon": "mdi:state-machine",
        "state_topic": f"{base}/phase",
        "device_class": "enum",
        "options": [phase.value for phase in Phase],
    }  # fmt: skip
    for name, title, icon in (
        ("last_heard", "Last heard", "mdi:ear-hearing"),
        ("last_answer", "Last answer", "mdi:message-reply-text"),
    ):
        yield "sensor", name, {
            **there,
            "name": title,
            "icon": icon,
            "state_topic": f"{base}/{name}",
            "value_template": f"{{{{ value[:{_LONGEST}] }}}}",
        }  # fmt: skip
    yield "sensor", "timers", {
        **there,
        "name": "Timers",
        "icon": "mdi:timer-outline",
        "state_topic": f"{base}/timers",
        "value_template": "{{ value_json | count }}",
        "json_attributes_topic": f"{base}/timers",
        "json_attributes_template": f"{{{{ {{'next_end': {_NEXT_END}, 'timers': value_json}} | tojson }}}}",
    }  # fmt: skip
    yield "sensor", "latency", {
        **there,
        **diagnostic,
        "name": "Latency",
        "icon": "mdi:timer-sand",
        "state_topic": f"{base}/latency",
        "unit_of_measurement": "ms",
        "state_class": "measurement",
    }  # fmt: skip
    # Without availability of its own: it says that the assistant is away instead of being away itself.
    yield "binary_sensor", "connected", {
        **diagnostic,
        "name": "Connected",
        "device_class": "connectivity",
        "state_topic": f"{base}/availability",
        "payload_on": "online",
        "payload_off": "offline",
    }  # fmt: skip


def _shared(site: str, name: str, area: str | None, version: str) -> dict[str, Any]:
    """What makes one device of the entities."""
    return {
        "unique_id": f"hearthside_{site}_{name}",
        "device": {
            "identifiers": [f"hearthside_{site}"],
            "name": f"{MAKER} {site}",
            "manufacturer": MAKER,
            "model": "Voice assistant",
            "sw_version": version,
            **({"suggested_area": area} if area else {}),
        },
        "origin": {"name": MAKER, "sw_version": version},
    }
