"""Which trace something belongs to, as W3C Trace Context has it: https://www.w3.org/TR/trace-context/#traceparent-header.

The ids of a turn's spans are made of the turn's own id, so that what happens at the bridge can be told to belong to
them before they are written: a turn's trace is made when it is over.
"""

import hashlib
import re
from typing import Final

_FORM: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def trace_id(turn: str) -> int:
    """Of the trace of ``turn``: 128 bits, never 0."""
    return _digest("trace", turn, 16)


def span_id(turn: str, span: str) -> int:
    """Of the span of that name in the trace of ``turn``: 64 bits, never 0."""
    return _digest(span, turn, 8)


def traceparent(turn: str, span: str) -> str:
    """What tells another program that it works for that span."""
    return f"00-{trace_id(turn):032x}-{span_id(turn, span):016x}-01"


def checked(given: str) -> str:
    """``given`` where it is a traceparent of the version that we know; else nothing."""
    return given if _FORM.fullmatch(given) else ""


def _digest(what: str, turn: str, size: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{what} {turn}".encode(), digest_size=size).digest(), "big") or 1
