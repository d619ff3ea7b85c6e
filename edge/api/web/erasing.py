"""Erasing over HTTP: on disk, and in whatever holds it in memory while the assistant runs."""

import datetime
from collections.abc import Collection
from typing import Annotated, Final, Literal

from pydantic import Field

from edge.api.web.feed import Feed
from edge.api.web.kept import Body
from edge.assistant import Assistant
from edge.ports import Editable, Erasures
from edge.privacy.erasing import Erasing
from edge.privacy.kept import moment

_HELD: Final = {"facts": "memory"}
"""What a skill says that it keeps, where that is not the name of the kind."""
_FOREVER: Final = float("inf")
_FAR: Final = 253_370_764_800.0
"""9999-01-01, seconds since the epoch."""

ErasableKind = Literal["turns", "facts", "lists", "routines", "timers", "alarms", "reminders", "later", "questions"]


class _Sure(Body):
    confirm: Literal["erase"]
    """The word that says that it is meant: what is erased is gone."""


class EraseTurns(_Sure):
    """What was said in a span of time."""

    what: Literal["turns"]
    since: datetime.datetime | None = None
    """null: from the beginning."""
    until: datetime.datetime | None = None
    """null: to this moment."""


class EraseConversation(_Sure):
    """What was said in one conversation."""

    what: Literal["conversation"]
    session: Annotated[str, Field(min_length=1, max_length=64)]


class EraseAbout(_Sure):
    """Facts and turns that something is about."""

    what: Literal["about"]
    about: Annotated[str, Field(min_length=1, max_length=300, examples=["the oven"])]


class EraseKinds(_Sure):
    """All of some kinds."""

    what: Literal["kinds"]
    kinds: Annotated[list[ErasableKind], Field(min_length=1, max_length=20)]


class EraseEverything(_Sure):
    """All that is kept, but what was allowed."""

    what: Literal["everything"]


Erase = Annotated[
    EraseTurns | EraseConversation | EraseAbout | EraseKinds | EraseEverything, Field(discriminator="what")
]


class Erased(Body):
    """What was erased."""

    at: str
    erased: int
    """Entries."""
    overwritten: bool
    """Whether nothing of it is left in the file; false: not before whoever reads the file just now is done."""
    bridge: bool
    """Whether a bridge is told to forget it, too: its word for it comes under `receipts`."""


class Eraser:
    """Erases, and has everybody forget."""

    def __init__(self, assistant: Assistant, feed: Feed, erasures: Erasures | None) -> None:
        """``erasures`` None: there is no bridge that must forget, too."""
        self._assistant, self._feed, self._bridge = assistant, feed, erasures is not None
        self._erasing = Erasing(assistant.storage, assistant.settings.data_dir, erasures)

    async def erase(self, wanted: Erase) -> Erased:
        """What is ``wanted``. Raises StorageError."""
        count = await self._erase(wanted)
        await self._assistant.forgetting.forget()
        if isinstance(wanted, EraseEverything):
            self._feed.forget(None)
        return Erased(
            at=moment(datetime.datetime.now().timestamp()),
            erased=count,
            overwritten=await self._erasing.overwritten(),
            bridge=self._bridge,
        )

    async def _erase(self, wanted: Erase) -> int:
        match wanted:
            case EraseTurns():
                return await self._erasing.turns(_seconds(wanted.since, 0.0), _seconds(wanted.until, _FOREVER))
            case EraseConversation():
                return await self._erasing.conversation(wanted.session)
            case EraseAbout():
                count = await self._erasing.about(wanted.about)
                await self._emptied(["memory"])
            case EraseKinds():
                count = await self._erasing.kinds(wanted.kinds)
                await self._emptied([_HELD.get(kind, kind) for kind in wanted.kinds])
            case EraseEverything():
                count = await self._erasing.everything()
                await self._emptied(None)
        return count

    async def _emptied(self, keeps: Collection[str] | None) -> None:
        """Whoever holds something of it in memory lets it go; None: all."""
        for skill in self._assistant.skills:
            if isinstance(skill, Editable) and (keeps is None or skill.by_hand.keeps in keeps):
                await skill.by_hand.emptied()


def _seconds(when: datetime.datetime | None, usual: float) -> float:
    if when is None:
        return usual
    return min(max((when if when.tzinfo else when.astimezone()).timestamp(), 0.0), _FAR)
