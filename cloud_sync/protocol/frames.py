"""Messages as bytes: one WebSocket message each, MessagePack, packed by zstandard where that makes it smaller.

What comes in is bounded before it is read: a frame, and what it unpacks to.
"""

from typing import Final, Generic, TypeVar

import msgspec
import zstandard

from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.messages import FromDevice, FromServer, Message

MAX_FRAME: Final = 1024 * 1024
"""A larger one is refused, packed or not."""
_PLAIN, _ZSTD = b"\x00", b"\x01"
_WORTH_PACKING: Final = 256
_THRIFTY: Final = 9
"""A tenth smaller than with 3, for 10 µs an event: a device has a slow link, and time."""

M = TypeVar("M")


class Codec(Generic[M]):
    """Reads messages of one direction, and writes any."""

    def __init__(self, incoming: object, level: int = 3) -> None:
        """``incoming``: the union of the messages that may come in; ``level``: how hard zstandard tries."""
        self._decoder: msgspec.msgpack.Decoder[M] = msgspec.msgpack.Decoder(incoming)
        self._encoder = msgspec.msgpack.Encoder()
        self._packer = zstandard.ZstdCompressor(level=level)
        self._unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_FRAME)

    def encode(self, message: Message) -> bytes:
        """The frame of a message. Raises ProtocolError when it is too large."""
        plain = self._encoder.encode(message)
        if len(plain) > MAX_FRAME:
            raise ProtocolError(Code.TOO_LARGE, f"a message of {len(plain)} bytes")
        packed = self._packer.compress(plain) if len(plain) >= _WORTH_PACKING else plain
        return _ZSTD + packed if len(packed) < len(plain) else _PLAIN + plain

    def decode(self, frame: bytes) -> M:
        """The message of a frame. Raises ProtocolError."""
        if len(frame) > MAX_FRAME + 1:
            raise ProtocolError(Code.TOO_LARGE, f"a frame of {len(frame)} bytes")
        try:
            return self._decoder.decode(self._plain(frame))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ProtocolError(Code.MALFORMED, f"not a message: {error}") from None

    def _plain(self, frame: bytes) -> bytes:
        match frame[:1]:
            case b"\x00":
                return frame[1:]
            case b"\x01":
                return self._unpacked(frame[1:])
        raise ProtocolError(Code.MALFORMED, "a frame that begins with neither 0 nor 1")

    def _unpacked(self, packed: bytes) -> bytes:
        # The size stands in zstandard's own header, which is not to be believed: it bounds what is unpacked, too.
        try:
            size = zstandard.frame_content_size(packed)
            if not 0 <= size <= MAX_FRAME:
                raise ProtocolError(Code.TOO_LARGE, "a frame that unpacks to more than is allowed, or does not say")
            plain = self._unpacker.decompress(packed, max_output_size=MAX_FRAME, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise ProtocolError(Code.MALFORMED, f"can't be unpacked: {error}") from None
        return plain


def device_codec() -> Codec[FromServer]:
    """For the device: what comes in is from the bridge."""
    return Codec(FromServer, _THRIFTY)


def server_codec() -> Codec[FromDevice]:
    """For the bridge: what comes in is from a device."""
    return Codec(FromDevice)
