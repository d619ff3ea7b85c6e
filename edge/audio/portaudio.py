"""PortAudio through ``sounddevice``: imported only when a device is wanted, its devices found by name.

PortAudio knows the devices that were there when it was initialised. Finding one that was plugged in again means
initialising it anew, which frees every open stream, so microphone and loudspeaker share one :class:`PortAudio` that
closes them first. Its calls block for up to a second: they belong in a worker thread.
"""

import threading
from typing import Any, Literal

from edge.errors import AudioError

Direction = Literal["input", "output"]
_CHANNELS = {"input": "max_input_channels", "output": "max_output_channels"}


class PortAudio:
    """The machine's sound devices."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: list[Any] = []

    def name_of(self, wanted: str, direction: Direction) -> str:
        """The full name of the device that ``wanted`` means. Raises AudioError when there is none."""
        with self._lock:
            return str(_find(_library(), wanted, direction)[1]["name"])

    def open(self, wanted: str, direction: Direction, block_s: float, callback: Any, rate: int | None = None) -> Any:
        """A running ``sounddevice`` stream, mono int16, on the device named ``wanted``.

        ``rate`` is what is wished for; a device that refuses it runs at its own. Raises AudioError.
        """
        with self._lock:
            library = _library()
            number, info = _find(library, wanted, direction)
            kind = library.InputStream if direction == "input" else library.OutputStream
            own = round(info["default_samplerate"])
            failure: Exception | None = None
            for candidate in dict.fromkeys([rate or own, own]):
                try:
                    stream = kind(
                        device=number, samplerate=candidate, channels=1, dtype="int16", callback=callback,
                        blocksize=round(candidate * block_s), latency="low",
                    )  # fmt: skip
                    stream.start()
                except library.PortAudioError as error:
                    failure = error
                else:
                    self._streams.append(stream)
                    return stream
            raise AudioError(f"the {direction} device {info['name']} can't be opened ({failure})", "run `hearth check`")

    def close(self, stream: Any) -> None:
        """Close a stream; one that a refresh has closed already is left alone."""
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)
                stream.close(ignore_errors=True)

    def is_open(self, stream: Any) -> bool:
        """Whether ``stream`` still runs: not closed by a refresh, not ended by its device."""
        with self._lock:
            return stream in self._streams and bool(stream.active)

    def refresh(self) -> None:
        """Look for devices anew. All streams are closed by it; their owners open them again."""
        with self._lock:
            library = _library()
            for stream in self._streams:
                stream.close(ignore_errors=True)
            self._streams.clear()
            library._terminate()
            library._initialize()


def _library() -> Any:
    try:
        import sounddevice
    except OSError:
        raise AudioError("the system has no PortAudio", "sudo apt-get install libportaudio2", permanent=True) from None
    return sounddevice


def _find(library: Any, wanted: str, direction: Direction) -> tuple[int, dict[str, Any]]:
    """Index and description of the device named ``wanted``: ``default``, an index, or a part of a name."""
    able = {number: info for number, info in enumerate(library.query_devices()) if info[_CHANNELS[direction]] > 0}
    number = _default(library, direction) if wanted == "default" else _named(wanted, able)
    if number is None or number not in able:
        there = ", ".join(sorted({str(info["name"]) for info in able.values()})) or "none"
        what = f"there is no {direction} device" + ("" if wanted == "default" else f" called {wanted!r}")
        raise AudioError(what, f"plug one in, or set audio.{direction}; there are: {there}")
    return number, able[number]


def _default(library: Any, direction: Direction) -> int | None:
    number = int(library.default.device[0 if direction == "input" else 1])
    return number if number >= 0 else None


def _named(wanted: str, able: dict[int, dict[str, Any]]) -> int | None:
    if wanted.isdecimal():
        return int(wanted)
    said = wanted.casefold()
    exact = [number for number, info in able.items() if str(info["name"]).casefold() == said]
    part = [number for number, info in able.items() if said in str(info["name"]).casefold()]
    return next(iter(exact + part), None)
