"""What the two sides leave for each other in files: whole or not at all, and only what is well formed is taken."""

import os
import time
import uuid
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from edge.updates.errors import UpdateError
from edge.updates.places import Spool
from edge.updates.plain import open_plain

_MOST_BYTES: Final = 64 * 1024
W = TypeVar("W", bound="Word")


class Word(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Anything that is left. Fields that the reader does not know are ignored; new ones have a default."""


class Wish(StrEnum):
    """What may be asked for."""

    CHECK = "check"
    """See what there is."""
    APPLY = "apply"
    """Fetch what is newest, and lay it beside what runs."""
    SWITCH = "switch"
    """What was laid takes the place of what runs: nobody is being talked to now."""
    ROLL_BACK = "rollback"
    """The version before takes the place of what runs."""


class Request(Word, frozen=True):
    """What somebody wants."""

    wish: Wish
    at: float
    """Seconds since the epoch."""
    ident: str
    """What tells it from every other."""
    channel: str = "stable"
    """In which it is to be found; whatever is signed there may be asked for."""
    by_person: bool = False
    """Somebody asked for it, and need not wait for the hours or the lot."""
    release: str = ""
    """For a switch: which one."""
    failing: tuple[str, ...] = ()
    """For a switch: needed checks that fail already."""


class Health(Word, frozen=True):
    """How the assistant that runs finds itself."""

    release: str
    invocation: str
    """Of its start, as systemd numbers them."""
    failing: tuple[str, ...]
    """Needed checks that fail."""
    at: float


class Found(Word, frozen=True):
    """What is in the repository, and how far it is here."""

    at: float
    """When it was looked, seconds since the epoch."""
    release: str = ""
    """The newest for this machine; empty: none, or none that is newer."""
    rollout: float = 100.0
    """Percent of devices that it is for by now."""
    size: int = 0
    """Bytes to be fetched for it, of those that it has, where that is known."""
    done: int = 0
    """Of them, here."""
    fetched: bool = False
    """All of it is here, models included."""
    error: str = ""
    """What went wrong the last time."""
    answers: str = ""
    """The request that led to this."""

    @property
    def over(self) -> bool:
        """Whether it came to its end: all is here, nothing is to be, or it failed. Else it goes on, or was cut off."""
        return self.fetched or not self.size or bool(self.error)


class Trial(Word, frozen=True):
    """A release that has to show that it is well."""

    release: str
    before: str
    """What it goes back to."""
    at: float
    """Since when, seconds since the epoch."""
    invocation: str = ""
    """Of the start that was seen last."""
    restarts: int = 0
    """Likewise, how often systemd has started it anew."""
    failures: int = 0
    """Starts that came to an end."""
    begun: bool = False
    """Whether it was started at all."""
    failing: tuple[str, ...] = ()
    """Needed checks that failed already before."""


class Result(StrEnum):
    """How an exchange ended."""

    APPLIED = "applied"
    UNDONE = "undone"
    """The new one was not well: the old one runs again."""
    PUT_OFF = "put off"
    """The old one was busy all the time."""
    ROLLED_BACK = "rolled back"
    """Somebody wanted the version before."""


class Last(Word, frozen=True):
    """The last exchange that came to an end."""

    result: Result
    release: str
    """What was to take the place."""
    before: str
    at: float
    why: str = ""


class State(Word, frozen=True):
    """Root's part: how far it is."""

    laid: str = ""
    """A release that lies ready, verified."""
    previous: str = ""
    """The one that ran, and was well, before the current one."""
    refused: tuple[str, ...] = ()
    """Releases that were not well here: not again by themselves."""
    trial: Trial | None = None
    leaving: str = ""
    """A release that somebody wanted to leave for ``previous``: it is not over."""
    last: Last | None = None
    answers: str = ""
    """The request that was worked on last."""
    working: bool = False
    """It is still worked on."""
    error: str = ""
    """What became of it where it could not be done."""


def ask(
    spool: Spool,
    wish: Wish,
    channel: str = "stable",
    *,
    by_person: bool = False,
    release: str = "",
    failing: tuple[str, ...] = (),
) -> Request:
    """Leave a request, by which the units are started. Raises UpdateError."""
    request = Request(
        wish=wish, at=time.time(), ident=uuid.uuid4().hex[:12], channel=channel, by_person=by_person,
        release=release, failing=failing,
    )  # fmt: skip
    try:
        spool.make()
        leave(spool.request, request)
    except OSError as error:
        what = f"{spool.folder} can't be written: {error.strerror or error}"
        raise UpdateError(what, "see to its permissions") from None
    return request


def leave(path: Path, word: Word, mode: int = 0o640) -> None:
    """Write it in one step, over a power cut as well. Raises OSError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(msgspec.json.encode(word))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def taken(path: Path, kind: type[W]) -> W | None:
    """What was left there; None where nothing is, or nothing that makes sense."""
    try:
        with open_plain(path) as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=kind)
    except (OSError, msgspec.DecodeError, RecursionError):  # what is not valid is a DecodeError, too
        return None


def sync_folder(folder: Path) -> None:
    """What was renamed or linked in ``folder`` stays so. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
