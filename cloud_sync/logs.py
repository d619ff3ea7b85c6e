"""The log of a program that runs on its own: lines on standard error, for a person or for the journal.

All of it goes through Python's own ``logging``; what a line says beside its message are the ``extra`` fields of the
call. As JSON they are rendered by structlog, which is imported only then: it takes as long as a tenth of the start.
Never in a line: what was said or answered, and secrets. See docs/observability.md.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TextIO, TypeAlias

LogFormat: TypeAlias = Literal["auto", "json", "text"]
"""``auto``: JSON where systemd's journal reads it, text elsewhere."""
_OF_A_RECORD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has, so that all else is a field of the call."""
_PRIORITIES: Final = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG: Final = 7
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def log_to_stderr(level: str, ours: Sequence[str], form: LogFormat = "auto") -> None:
    """From now on the loggers named in ``ours`` tell what is of ``level`` or above, and libraries only warn: some of
    them would log what was said.
    """
    handler = logging.StreamHandler(sys.stderr)
    journal = in_journal(os.environ, sys.stderr)
    handler.setFormatter(formatter(form, journal=journal))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in ours:
        logging.getLogger(name).setLevel(level.upper())


def formatter(form: LogFormat, *, journal: bool) -> logging.Formatter:
    """What makes lines of records. ``journal``: systemd's journal reads them."""
    if form == "text" or (form == "auto" and not journal):
        return _Text("%(levelname)s %(name)s: %(message)s")
    return _Prioritised(_json()) if journal else _json()


def in_journal(environment: Mapping[str, str], stream: TextIO) -> bool:
    """Whether what is written to ``stream`` goes to systemd's journal: see ``$JOURNAL_STREAM`` in systemd.exec(5)."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a line says beside its message."""
    return {key: value for key, value in vars(record).items() if key not in _OF_A_RECORD and value is not None}


class _Text(logging.Formatter):
    """For a person."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name for it
        """The line, with its fields behind the message."""
        line = " ".join([super().formatMessage(record), *(f"{key}={value}" for key, value in fields(record).items())])
        # Names and topics come from outside: none of them begins a line of its own, or moves the terminal's cursor.
        return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), line).replace("\n", "\n    ")


class _Prioritised(logging.Formatter):
    """Lines behind the priority that sd-daemon(3) has for them, so that ``journalctl -p warning`` finds them."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """As logging has it."""
        priority = next((number for least, number in _PRIORITIES if record.levelno >= least), _DEBUG)
        return f"<{priority}>{self._inner.format(record)}"


def _json() -> logging.Formatter:
    import structlog

    def of_the_call(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event.update(fields(event["_record"]))
        return event

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            of_the_call,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # Only the lines of the code: the values of its variables would be what somebody said.
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
    )
