"""PortAudio through ``sounddevice``: imported only when a device is wanted, its devices found by name.

PortAudio keeps process-wide state, is not thread-safe outside its callbacks, and finds devices only when it is
initialised, which ends every open stream. So microphone and loudspeaker share one :class:`PortAudio`, which does one
thing at a time. Its calls block, some for as long as a device hangs: they belong in a worker thread.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from edge.audio.devices import Direction, SoundDevice, choose
from edge.errors import AudioError

__all__ = ["Callback", "DeviceStream", "Direction", "PortAudio", "Request"]

_log = logging.getLogger(__name__)

Callback: TypeAlias = Callable[[Any, int, Any, Any], None]
"""sounddevice's: (int16 samples of shape (frames, channels), frames, times, flags). Runs in the device's thread."""

_COMMON_RATES: Final = (48_000, 44_100)


@dataclass(frozen=True, slots=True)
class Request:
    """What a stream should be."""

    direction: Direction
    device: str
    """A name, a part of one, an index, or ``default``."""
    rate: int
    """Samples per second, preferred; the device may want another."""
    block_s: float
    """Length of the block that one callback gets, in seconds."""
    latency_s: float
    """Length of the device's buffer, in seconds."""


class DeviceStream:
    """A device that is open. Made by :meth:`PortAudio.open`."""

    def __init__(self, stream: Any, name: str) -> None:
        self.stream = stream
        self.name = name
        """The device's full name."""
        self.rate = round(stream.samplerate)
        """Samples per second it runs at."""
        self.displaced = False
        """It was closed by :meth:`PortAudio.refresh`, so nothing is wrong with the device."""


_CALLS: Final = threading.Lock()
"""The library is one for the whole process: while its list of devices is made anew, nobody else may ask for it."""


class PortAudio:
    """The machine's sound devices."""

    def __init__(self) -> None:
        self._open: set[DeviceStream] = set()

    def devices(self) -> list[SoundDevice]:
        """All devices that were there at the last :meth:`refresh`. Raises AudioError without PortAudio."""
        library = _library()
        with _CALLS:
            return _listed(library)

    def name_of(self, wanted: str, direction: Direction) -> str:
        """The full name of the device that ``wanted`` means. Raises AudioError when there is none."""
        return choose(self.devices(), wanted, direction).name

    def open(self, request: Request, callback: Callable[[int], Callback], finished: Callable[[], None]) -> DeviceStream:
        """Open a device and start its callbacks; ``finished`` is called when they end, for whatever reason.

        Tries the preferred rate in mono first, then what the device itself prefers; ``callback`` is given the rate
        that it took, and returns what to call. Raises AudioError.
        """
        library = _library()
        with _CALLS:
            device = choose(_listed(library), request.device, request.direction)
            refusal = ""
            for rate, channels in _formats(device, request):
                try:
                    stream = _started(library, device, request, rate, channels, callback(rate), finished)
                except library.PortAudioError as error:
                    refusal = str(error)
                    continue
                _log.debug("%s %r opened: %d Hz, %d channels", request.direction, device.name, rate, channels)
                opened = DeviceStream(stream, device.name)
                self._open.add(opened)
                return opened
        raise AudioError(f"{device.name!r} cannot be opened: {refusal}", "see whether another program uses it")

    def close(self, opened: DeviceStream) -> None:
        """Stop at once, dropping what the device still holds, and let it go. Closing twice does nothing."""
        with _CALLS:
            self._close(opened)

    def refresh(self, *, force: bool = False) -> bool:
        """Make the list of devices anew. Returns False, having done nothing, where that would end a running stream.

        ``force`` ends it all the same; its owner sees ``displaced`` and opens it again. Takes some 50 ms.
        Raises AudioError.
        """
        library = _library()
        with _CALLS:
            if not force and any(opened.stream.active for opened in self._open):
                return False
            for opened in list(self._open):
                opened.displaced = True
                self._close(opened)
            try:
                library._terminate()
                library._initialize()
            except library.PortAudioError as error:
                raise AudioError(f"PortAudio does not start: {error}", "see whether the sound system runs") from error
        return True

    def _close(self, opened: DeviceStream) -> None:
        if opened in self._open:
            self._open.remove(opened)
            opened.stream.abort(ignore_errors=True)
            opened.stream.close(ignore_errors=True)


def _library() -> Any:
    try:
        import sounddevice
    except OSError:
        raise AudioError("the system has no PortAudio", "sudo apt-get install libportaudio2", permanent=True) from None
    return sounddevice


def _started(
    library: Any,
    device: SoundDevice,
    request: Request,
    rate: int,
    channels: int,
    callback: Callback,
    finished: Callable[[], None],
) -> Any:
    inward = request.direction == "input"
    check = library.check_input_settings if inward else library.check_output_settings
    check(device=device.index, channels=channels, dtype="int16", samplerate=rate)
    stream = (library.InputStream if inward else library.OutputStream)(
        device=device.index,
        samplerate=rate,
        channels=channels,
        dtype="int16",
        blocksize=round(rate * request.block_s),
        latency=request.latency_s,
        callback=callback,
        finished_callback=finished,
    )
    try:
        stream.start()
    except library.PortAudioError:
        stream.close(ignore_errors=True)
        raise
    return stream


def _listed(library: Any) -> list[SoundDevice]:
    default_input, default_output = (int(index) for index in library.default.device)
    return [
        SoundDevice(
            index=int(entry["index"]),
            name=str(entry["name"]),
            inputs=int(entry["max_input_channels"]),
            outputs=int(entry["max_output_channels"]),
            rate=round(entry["default_samplerate"]),
            default_input=entry["index"] == default_input,
            default_output=entry["index"] == default_output,
        )
        for entry in library.query_devices()
    ]


def _formats(device: SoundDevice, request: Request) -> Iterator[tuple[int, int]]:
    """Rates and channels to try, best first. Boards with several microphones often refuse fewer channels."""
    most = device.channels(request.direction)
    for rate in dict.fromkeys((request.rate, device.rate, *_COMMON_RATES)):
        for channels in dict.fromkeys((1, 2, most)):
            if channels <= most:
                yield rate, channels
