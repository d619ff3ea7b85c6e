"""An answer over HTTPS that is read to its end, if it has one: whoever took a bridge over may talk without."""

import time
from typing import Final

import httpx

_WHOLE_S: Final = 60.0
"""What a bridge keeps of a house takes some seconds."""


def whole(answer: httpx.Response, most: int) -> httpx.Response:
    """All of ``answer``, which is being streamed: as it came, not unpacked, at most ``most`` bytes, and not for ever.
    Raises httpx.HTTPError.
    """
    ends = time.monotonic() + _WHOLE_S
    content = bytearray()
    for piece in answer.iter_raw():
        content += piece
        if len(content) > most or time.monotonic() > ends:
            raise httpx.RemoteProtocolError("it says too much, or too slowly", request=answer.request)
    return httpx.Response(answer.status_code, content=bytes(content), request=answer.request)
