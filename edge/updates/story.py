"""How it stands with versions, from what both sides left: for `hearth update status` and the page."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from edge.updates import versions, word
from edge.updates.places import Places, Spool
from edge.updates.word import Found, Request, Wish


class Stage(StrEnum):
    """What goes on."""

    NOTHING = "nothing"
    ASKED = "asked"
    """Nobody has begun yet."""
    FETCHING = "fetching"
    LAYING = "laying"
    """Root's part verifies it, and lays it beside what runs."""
    WAITING = "waiting"
    """It lies ready, for a moment in which nobody needs the assistant."""
    TRIAL = "trial"
    """It runs, and shows whether it is well."""


@dataclass(frozen=True, slots=True)
class Story:
    """How it stands."""

    runs: str
    """The release that is started; empty where it was installed in another way."""
    stage: Stage
    available: str
    """A newer release that is known; empty: none is."""
    rollout: float
    """Percent of devices that may take it by themselves by now."""
    done: int
    """Bytes that are here."""
    size: int
    """Bytes to be fetched; 0: that is not known."""
    laid: str
    previous: str
    """What can be rolled back to; empty: nothing."""
    last: word.Last | None
    error: str
    """What went wrong the last time; empty: nothing."""
    looked_at: float | None
    """When it was looked, seconds since the epoch."""

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {name: msgspec.to_builtins(getattr(self, name)) for name in self.__dataclass_fields__}


def story(places: Places, spool: Spool) -> Story:
    """From the files, as they are now."""
    runs, state = versions.led_to(places.current), versions.state(places)
    found = word.taken(spool.found, Found) or Found(at=0.0)
    request = word.taken(spool.request, Request)
    newer = found.release if found.release and found.release != runs else ""
    return Story(
        runs=runs,
        stage=_stage(state, found, request, runs),
        available=newer,
        rollout=found.rollout,
        done=found.done,
        size=found.size,
        laid=state.laid,
        previous=state.previous,
        last=state.last,
        error=_error(state, found, request),
        looked_at=found.at or None,
    )


def _error(state: word.State, found: Found, request: Request | None) -> str:
    """Of what was asked for last; what became of an earlier request is over."""
    if request is None:
        return ""
    return (state.error if state.answers == request.ident else "") or (
        found.error if found.answers == request.ident else ""
    )


def _stage(state: word.State, found: Found, request: Request | None, runs: str) -> Stage:
    if state.trial is not None:
        return Stage.TRIAL
    if state.working:
        return Stage.LAYING
    asked = request is not None and request.ident != state.answers and request.wish is not Wish.CHECK
    if asked and request is not None:
        if found.answers == request.ident:
            return Stage.LAYING if found.fetched else Stage.NOTHING if found.over else Stage.FETCHING
        return Stage.ASKED
    return Stage.WAITING if state.laid and state.laid != runs else Stage.NOTHING
