"""What a program tells systemd, where that started it: sd_notify(3) and sd_watchdog_enabled(3), without its library.

It is here because the bridge, which runs where there is no assistant, tells it as well.
"""

import os
import socket
from typing import Final

_MICROSECONDS: Final = 1_000_000
BEATS: Final = 3
"""In the time after which systemd would miss one: a busy board may delay two."""


def tell_systemd(state: str) -> None:
    """One datagram to the socket that systemd named, if it did. It is never waited for: a full queue loses it, and so
    does a systemd that just begins anew; the next one comes soon.
    """
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.setblocking(False)
            try:
                notify.sendto(state.encode(), address.replace("@", "\0", 1))
            except (BlockingIOError, ConnectionRefusedError, FileNotFoundError):
                return


def started_by_systemd() -> bool:
    """Whether it waits to be told that this process is ready; else a person sits before it, who wants to know at once
    what is missing.
    """
    return "NOTIFY_SOCKET" in os.environ


def watch_s() -> float | None:
    """Seconds that systemd waits for a beat, as the unit says; None where it does not watch this process."""
    limit, of = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not limit.isdecimal() or int(limit) == 0 or (of and of != str(os.getpid())):
        return None
    return int(limit) / _MICROSECONDS


def beat_s() -> float | None:
    """Seconds between two beats that systemd wants to see; None where it does not watch this process."""
    limit = watch_s()
    return limit / BEATS if limit is not None else None


def stretch_watch(seconds: float | None) -> None:
    """Have systemd wait so long for the next beat, from now on; None: as long as the unit says. Until it hears of the
    next one, it counts from now.
    """
    if watch_s() is not None:
        limit = os.environ["WATCHDOG_USEC"] if seconds is None else round(seconds * _MICROSECONDS)
        tell_systemd(f"WATCHDOG_USEC={limit}")
