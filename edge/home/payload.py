"""A discovery payload, expanded: full keys, ``~`` replaced, values of the wanted types or a clear complaint."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from edge.devices import Value
from edge.home.abbreviations import DEVICE_KEYS, KEYS
from edge.home.entity import Decode, Seen
from edge.home.templates import Template, TemplateFault

_NEVER_IN_TOPICS: Final = re.compile("[+#\x00\ufffd\ud800-\udfff]")
_MAX_TOPIC: Final = 1024
_ANY_KEY: Final[dict[str, str]] = {**KEYS, **DEVICE_KEYS}

EncodeCommand = Callable[..., str]


class Payload:
    """One entity's configuration. Every method raises ValueError, naming the key, for a value of the wrong kind."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """``values``: with full keys, see :func:`expand`."""
        self._values = values

    def has(self, key: str) -> bool:
        """Whether ``key`` is there with a value."""
        return self._values.get(key) is not None

    def text(self, key: str, default: str) -> str:
        """A text; numbers and booleans, which YAML users write for payloads, count as theirs."""
        value = self._values.get(key)
        if value is None:
            return default
        if isinstance(value, dict | list):
            raise ValueError(f"{key} is no text")
        return str(value)

    def number(self, key: str, default: float) -> float:
        """A number."""
        value = self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{key} is no number")
        return value

    def scale(self, key: str, default: float) -> float:
        """A number above zero."""
        value = self.number(key, default)
        if not 0 < value < math.inf:
            raise ValueError(f"{key} is no scale")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._values.get(key, default)
        return value if isinstance(value, bool) else str(value).casefold() in ("true", "1", "yes", "on")

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of texts."""
        value = self._values.get(key)
        if value is None:
            return default
        if not isinstance(value, list) or any(isinstance(item, dict | list) for item in value):
            raise ValueError(f"{key} is no list of texts")
        return tuple(str(item) for item in value)

    def topic(self, key: str) -> str | None:
        """A topic without wildcards, or None."""
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value or len(value) > _MAX_TOPIC or _NEVER_IN_TOPICS.search(value):
            raise ValueError(f"{key} is no topic")
        return value

    def needed_topic(self, key: str) -> str:
        """A topic that the component can't do without."""
        topic = self.topic(key)
        if topic is None:
            raise ValueError(f"{key} is missing")
        return topic

    def decode(self, template_key: str, decode: Decode) -> Decode:
        """``decode``, after the payload's template of that key has been applied to the message."""
        if not self.has(template_key):
            return decode
        template = self.template(template_key)

        def templated(payload: str) -> Seen:
            text = template.value(payload)
            # A template that comes to nothing says that this message is not for it.
            return decode(text) if text else {}

        return templated

    def command(self, template_key: str) -> EncodeCommand:
        """What is sent for a value: the template of that key applied to it, or the value itself."""
        if not self.has(template_key):
            return lambda value, **_: _plain(value)
        return self.template(template_key).command

    def template(self, key: str) -> Template:
        """The template of that key."""
        try:
            return Template(self.text(key, ""))
        except TemplateFault as fault:
            raise ValueError(f"{key}: {fault}") from None


def expand(raw: Any) -> dict[str, Any]:
    """Full keys for short ones, ``~`` replaced by the base topic. Raises ValueError when ``raw`` is no object."""
    if not isinstance(raw, dict):
        raise ValueError("the payload is no JSON object")
    full: dict[str, Any] = {KEYS.get(str(key), str(key)): value for key, value in raw.items()}
    device: Any = full.get("device")
    if isinstance(device, dict):
        full["device"] = {_ANY_KEY.get(str(key), str(key)): value for key, value in device.items()}
    several = full.get("availability")
    if isinstance(several, dict):
        several = [several]
    if isinstance(several, list):
        full["availability"] = [
            {KEYS.get(str(key), str(key)): value for key, value in one.items()} if isinstance(one, dict) else one
            for one in several
        ]
    base = full.pop("~", None)
    return with_base(full, base) if isinstance(base, str) else full


def with_base(full: dict[str, Any], base: str) -> dict[str, Any]:
    """``~`` at the begin or end of every topic, replaced by ``base``. Raises ValueError where that can be no topic."""
    if len(base) > _MAX_TOPIC:
        raise ValueError("~ is no topic")

    def replaced(key: str, value: Any) -> Any:
        if isinstance(value, str) and (key == "topic" or key.endswith("_topic")):
            if value.startswith("~"):
                return base + value[1:]
            return value[:-1] + base if value.endswith("~") else value
        if key == "availability" and isinstance(value, list):
            return [with_base(one, base) if isinstance(one, dict) else one for one in value]
        return value

    return {key: replaced(key, value) for key, value in full.items()}


def _plain(value: Value) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"{value:.1f}" if abs(value) < 1000 else str(int(value))  # noqa: PLR2004
    return str(value)
