"""What the unit says of the process that systemd looks after: the values that are tried are those that are shipped."""

import configparser
from dataclasses import dataclass
from pathlib import Path
from typing import Final

UNIT: Final = Path(__file__).parents[2] / "systemd/hearthside.service"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a service, in seconds."""

    start_s: float
    """Until it says that it is ready."""
    watchdog_s: float
    """From one beat to the next."""
    abort_s: float
    """From SIGABRT, by which what hangs is ended, to SIGKILL."""
    stop_s: float
    """From SIGTERM to SIGKILL."""
    pause_s: float
    """From its end to its next start."""


def limits(unit: Path = UNIT) -> Limits:
    """Of that unit; all five must be there, in seconds or milliseconds."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    parser.read_string(unit.read_text("utf-8"))
    service = parser["Service"]
    return Limits(
        *(
            _seconds(service[name])
            for name in ("TimeoutStartSec", "WatchdogSec", "TimeoutAbortSec", "TimeoutStopSec", "RestartSec")
        )
    )


def _seconds(text: str) -> float:
    return float(text.removesuffix("ms")) / 1000 if text.endswith("ms") else float(text.removesuffix("s"))
