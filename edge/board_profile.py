"""What suits which kind of board: settings as they are as long as nobody sets them, by the board's model and memory.

Sources: https://www.raspberrypi.com/documentation/computers/raspberry-pi.html (processors and memory); the memory of
each engine as measured, docs/boards.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from edge.settings_values import value_at

MODEL: Final = "proc/device-tree/model"
_MEMORY: Final = "proc/meminfo"
_LITTLE_MB: Final = 700
"""Below, not every engine fits. A board of 512 MB tells some 420 to 480 of them, one of 1 GB some 900."""


class Kind(StrEnum):
    """Kinds of board that differ in what suits them."""

    ZERO_2_W = "zero2w"
    """Little memory or four Cortex-A53, or both."""
    PI_4 = "pi4"
    """Four Cortex-A72."""
    PI_5 = "pi5"
    """Four Cortex-A76."""
    OTHER = "other"
    """The defaults."""


_MODELS: Final = {
    "Raspberry Pi Zero 2": Kind.ZERO_2_W,
    "Raspberry Pi 3": Kind.ZERO_2_W,  # the same processor: the local model would not answer in time
    "Raspberry Pi Compute Module 3": Kind.ZERO_2_W,
    "Raspberry Pi 4": Kind.PI_4,
    "Raspberry Pi 400": Kind.PI_4,
    "Raspberry Pi Compute Module 4": Kind.PI_4,
    "Raspberry Pi 5": Kind.PI_5,
    "Raspberry Pi 500": Kind.PI_5,
    "Raspberry Pi Compute Module 5": Kind.PI_5,
}
"""By how the device tree's name of the model begins; the longest counts."""


@dataclass(frozen=True, slots=True)
class Suited:
    """A value for a setting."""

    value: Any
    unless: tuple[str, ...] = field(default=())
    """Dotted keys of settings that belong together with it: whoever set one of them has chosen."""


_OF_FOUR_CORES: Final = {
    "stt.threads": Suited(3),
    "understand.llm_threads": Suited(3),
}
"""One is left to the wake word, the sound and the house."""
_VALUES: Final[Mapping[Kind, Mapping[str, Suited]]] = MappingProxyType(
    {
        Kind.ZERO_2_W: {
            "stt.threads": Suited(3),
            "understand.llm": Suited("none", ("understand.llm_model", "understand.llm_adapter")),
            "understand.semantic": Suited(False),
            "speak.engine": Suited("espeak", ("speak.voice", "speak.fallback", "speak.host")),
            "speak.fallback": Suited("espeak", ("speak.voice",)),
            "api.load": Suited("asked"),
            "board.unload_after_s": Suited(120.0),
        },
        Kind.PI_4: _OF_FOUR_CORES,
        Kind.PI_5: _OF_FOUR_CORES,
        Kind.OTHER: {},
    }
)


def kind_of(model: str, memory_mb: int | None) -> Kind:
    """The kind of a board that calls itself ``model`` (empty: it has no name) and has so much memory."""
    if memory_mb is not None and memory_mb < _LITTLE_MB:
        return Kind.ZERO_2_W
    known = [name for name in _MODELS if model.startswith(name)]
    return _MODELS[max(known, key=len)] if known else Kind.OTHER


def this_board(root: Path = Path("/")) -> Kind:
    """The kind of the board under ``root``."""
    return kind_of(_read(root / MODEL).rstrip("\0"), _memory_mb(_read(root / _MEMORY)))


def suits(above: Mapping[str, Any]) -> dict[str, Any]:
    """By dotted key, what suits the board, as far as ``above``, values in sections, does not say otherwise. Which board
    that is, ``board.profile`` there may say.
    """
    said = value_at(above, "board.profile")
    if said in (None, "auto"):
        kind = this_board()
    elif said in list(Kind):
        kind = Kind(said)
    else:
        return {}  # wrong, as whoever checks it will say
    return {
        key: suited.value
        for key, suited in _VALUES[kind].items()
        if all(value_at(above, each) is None for each in (key, *suited.unless))
    }


def _memory_mb(meminfo: str) -> int | None:
    """MiB that the kernel has; from ``/proc/meminfo``, proc(5)."""
    for line in meminfo.splitlines():
        name, _, rest = line.partition(":")
        if name == "MemTotal":
            return int(rest.split()[0]) >> 10
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
