"""What comes from the bridge, before any of it is believed: whoever took it over may say anything that is a message.

A number that the database can't hold ended ``hearth-sync``, and a moment a few thousand years ahead the assistant's
own turns: their stamps never go back.
"""

from typing import Final

import msgspec

from cloud_sync.client.believed import LATEST_MS
from cloud_sync.protocol.clock import stamp
from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.messages import (
    Ack,
    Answer,
    Bye,
    Call,
    Changes,
    Delta,
    Error,
    FromServer,
    Nudge,
    Receipt,
    Refused,
    Renewed,
    Welcome,
)

_MAX_NUMBER: Final = 2**62
_LATEST: Final = stamp(LATEST_MS)
_NAME: Final = 64
"""Characters of an id, an epoch, a flag's name."""
_TOKEN: Final = 4 * 1024
_TEXT: Final = 64 * 1024
"""Of an answer, or of a piece of one: twice what an honest bridge lets a model say."""
_SHOWN: Final = 200
"""Of what is logged, and shown to people."""
_FLAGS: Final = 64
_PAGE: Final = 1_000
"""Changes: they are taken in in one transaction, for whose end the assistant's own have to wait."""
_PROOF: Final = 16 * 1024
"""Bytes of a receipt's statement."""
_SPLAY_S: Final = 3_600.0
_RETRY_S: Final = 86_400.0
"""A bridge that is mended meanwhile is found again without a person."""


def checked(message: FromServer) -> FromServer:
    """``message``, with pauses that end and words that can be shown. Raises ProtocolError for what can't be meant."""
    match message:
        case Welcome():
            _numbers(message.acked, message.watermark)
            _short(_NAME, message.epoch, message.house, *message.flags)
            _short(_TOKEN, message.token)
            _require(len(message.flags) <= _FLAGS, "more flags than there are")
            return msgspec.structs.replace(message, splay_s=_pause(message.splay_s, _SPLAY_S))
        case Ack():
            _numbers(message.seq, message.watermark)
        case Refused():
            _numbers(message.seq)
            return msgspec.structs.replace(message, code=shown(message.code), message=shown(message.message))
        case Changes():
            _page(message)
        case Nudge():
            _numbers(message.cursor)
        case Delta() | Call() | Answer():
            _answer(message)
        case Receipt():
            _short(_NAME, message.id)
            _require(len(message.statement) <= _PROOF, "a receipt that is a book")
        case Renewed():
            _short(_TOKEN, message.token)
        case Error():
            _numbers(message.expected)
            code, text, after = shown(message.code), shown(message.message), _pause(message.retry_after_s, _RETRY_S)
            return msgspec.structs.replace(message, code=code, message=text, retry_after_s=after)
        case Bye():
            reason, after = shown(message.reason), _pause(message.retry_after_s, _RETRY_S)
            return msgspec.structs.replace(message, reason=reason, retry_after_s=after)
    return message


def shown(text: str) -> str:
    """``text`` as it may stand in a line of a log, or on a terminal."""
    return "".join(each if each.isprintable() else " " for each in text[:_SHOWN]).strip()


def _page(page: Changes) -> None:
    _require(len(page.items) <= _PAGE, "more changes than a page has")
    _numbers(page.cursor, *(each.n for each in page.items))
    _require(all(0 <= each.clock < _LATEST for each in page.items), "a change with an impossible stamp")
    _short(_NAME, *(each.device for each in page.items), *(each.incarnation for each in page.items))


def _answer(message: Delta | Call | Answer) -> None:
    _short(_NAME, message.id)
    match message:
        case Call():
            _short(_NAME, message.call, message.name)
            _require(len(message.arguments) <= _TEXT, "a call that is a book")
        case _:
            _short(_TEXT, message.text)


def _numbers(*numbers: int) -> None:
    _require(all(0 <= each < _MAX_NUMBER for each in numbers), "an impossible number")


def _short(most: int, *texts: str) -> None:
    _require(all(len(each) <= most for each in texts), f"a text of more than {most} characters")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ProtocolError(Code.MALFORMED, otherwise)


def _pause(seconds: float, most: float) -> float:
    # Also for what is no number, which is neither less nor more than any other.
    return min(seconds, most) if seconds > 0 else 0.0
