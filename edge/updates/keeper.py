"""The assistant's part: it says how it is, and lets go when nobody needs it. It has no rights of its own.

It alone knows whether somebody is talking to it; so nobody else ends it for an update, but it ends itself.
"""

import datetime
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import anyio

from edge.errors import AssistantError
from edge.intents import Phrase
from edge.ports import Editable, EditableAgenda, EditableSchedule
from edge.session.phase import Phase
from edge.updates import versions, word
from edge.updates.errors import UpdateError
from edge.updates.lock import is_held
from edge.updates.places import Places, Spool
from edge.updates.word import Found, Health, Last, Request, Result, State, Wish

if TYPE_CHECKING:
    from edge.assistant import Assistant

_log = logging.getLogger("hearth")
LOOK_S: Final = 5.0
HEALTH_S: Final = 60.0
SOON_S: Final = 600.0
"""What rings within so long is waited for."""
_ANSWER_S: Final = 120.0
"""After which a request that nobody has worked on is left once more."""
_STILL_S: Final = 30.0
"""So long nobody must have said anything: a conversation has pauses."""
_LONGEST_TURN_S: Final = 600.0
"""What began before, and whose end was not seen, is over all the same."""
_AWAKE: Final = (datetime.time(8), datetime.time(21))
"""When one may be told of what went wrong at night."""
_CALM: Final = frozenset({Phase.IDLE, Phase.MUTED})

Checks = Callable[["Assistant"], Awaitable[tuple[str, ...]]]


async def failing(assistant: "Assistant") -> tuple[str, ...]:
    """Needed checks that fail now."""
    from edge.checks import live_checks

    return tuple(row["check"] for row in await live_checks(assistant) if row["needed"] and not row["ok"])


class Keeper:
    """Beside the assistant that runs, where it was installed so that it can be exchanged."""

    def __init__(
        self,
        assistant: "Assistant",
        release: str,
        end: Callable[[], None],
        *,
        places: Places | None = None,
        checks: Checks = failing,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now().astimezone(),
    ) -> None:
        """``release``: that which runs. ``end`` has this process end in order, and systemd start what ``current`` leads
        to. ``now``: the clock on the wall.
        """
        self._assistant, self._release, self._end = assistant, release, end
        self._places = places or Places()
        self._spool = Spool.of(assistant.settings.data_dir)
        self._checks, self._now = checks, now
        self._told_health = float("-inf")
        self._calm_since: float | None = None

    async def serve(self) -> None:
        """Runs as long as the assistant."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tell_last)
            while True:
                try:
                    await self._look()
                except (AssistantError, OSError) as error:
                    _log.warning("updates: %s", error)
                await anyio.sleep(LOOK_S)

    async def _look(self) -> None:
        """One look: what is to be done about releases now, and whether this is the moment."""
        await self._say_how_it_is()
        calm = await self._calm()
        started = versions.led_to(self._places.current)
        if started not in ("", self._release):
            if calm:
                _log.info("%s takes over", started)
                self._end()
            return
        state = versions.state(self._places)
        if not state.laid or state.laid == self._release or state.trial is not None:
            return
        request = word.taken(self._spool.request, Request)
        # Whoever only wanted to see what there is has not asked for it.
        wanted = request is not None and request.by_person and request.wish in (Wish.APPLY, Wish.SWITCH)
        by_person = wanted and request is not None and request.release in ("", state.laid)
        if request is not None and self._is_open(request, state):
            return  # another one would take its place
        if calm and (by_person or self._may_by_itself(state.laid, state.refused)):
            already = await self._checks(self._assistant)
            word.ask(self._spool, Wish.SWITCH, by_person=by_person, release=state.laid, failing=already)

    def _is_open(self, request: Request, state: State) -> bool:
        """Whether somebody is at work on it, or is still to be."""
        if request.ident == state.answers:
            return state.working
        found, asked_at = word.taken(self._spool.found, Found), request.at
        if found is not None and found.answers == request.ident:
            if found.over and not found.fetched:
                return False  # there was nothing to lay
            asked_at = max(asked_at, self._spool.found.stat().st_mtime)
        return time.time() - asked_at < _ANSWER_S or is_held(self._spool)

    async def _say_how_it_is(self) -> None:
        if time.monotonic() - self._told_health < HEALTH_S:
            return
        self._told_health = time.monotonic()
        self._spool.make()
        health = Health(
            release=self._release,
            invocation=os.environ.get("INVOCATION_ID", ""),
            failing=await self._checks(self._assistant),
            at=time.time(),
        )
        word.leave(self._spool.health, health)

    def _may_by_itself(self, laid: str, refused: tuple[str, ...]) -> bool:
        update = self._assistant.settings.update
        return update.auto == "apply" and laid not in refused and within(self._now().time(), update.hours)

    async def _calm(self) -> bool:
        """Whether nobody talks to it, nothing sounds, and nothing will soon."""
        if self._busy():
            self._calm_since = None
            return False
        if self._calm_since is None:
            self._calm_since = time.monotonic()
        long = time.monotonic() - self._calm_since >= _STILL_S
        # Somebody may have begun to speak while it was looked for what is due.
        return long and not await self._something_is_due() and not self._busy()

    def _busy(self) -> bool:
        assistant = self._assistant
        if assistant.recent.status.phase not in _CALM or assistant.announcer.ringing is not None:
            return True
        # Also who talks to it from elsewhere: a satellite, the page, a program.
        since = time.time() - _LONGEST_TURN_S
        turns = any(turn.ended_at is None and turn.began > since for turn in assistant.recent.turns())
        return turns or not assistant.still_now

    async def _something_is_due(self) -> bool:
        """Timers, alarms, reminders, commands for later. Raises StorageError."""
        assistant, soon = self._assistant, time.time() + SOON_S
        due = [
            countdown.ends_at
            for skill in assistant.countdowns
            for countdown in (await skill.countdowns(-1))[1]
            if countdown.ends_at is not None
        ]
        for kept in (skill.by_hand for skill in assistant.skills if isinstance(skill, Editable)):
            if isinstance(kept, EditableAgenda):
                due += [entry.at for entry in await kept.entries()]
            if isinstance(kept, EditableSchedule):
                due += [command.at for command in await kept.postponed()]
        return any(at <= soon for at in due)

    async def _tell_last(self) -> None:
        """An update that did not work is told, once: as an event at once, aloud when people are up."""
        last = versions.state(self._places).last
        if last is None or last.result is not Result.UNDONE or self._was_told(last):
            return
        version = last.release.partition("-")[0]
        error = UpdateError(f"the update to {version} was undone: {last.why}", "hearth update status")
        error.code = "update_undone"
        self._assistant.report(error)
        await anyio.sleep(until(self._now(), *_AWAKE))
        try:
            await self._assistant.announcer.announce(Phrase("update_undone", {"version": version}))
            self._spool.make()
            (self._spool.folder / "told").write_text(str(last.at), "utf-8")
        except (AssistantError, OSError) as failed:
            _log.warning("updates: %s", failed)

    def _was_told(self, last: Last) -> bool:
        try:
            return (self._spool.folder / "told").read_text("utf-8") == str(last.at)
        except OSError:
            return False


def until(now: datetime.datetime, begin: datetime.time, end: datetime.time) -> float:
    """Seconds from ``now`` until it is between ``begin`` and ``end`` of a day; 0 where it is."""
    if begin <= now.time() < end:
        return 0.0
    day = now.date() + datetime.timedelta(days=now.time() >= end)
    return (datetime.datetime.combine(day, begin, now.tzinfo) - now).total_seconds()


def within(now: datetime.time, hours: str) -> bool:
    """Whether ``now`` is within ``hours``, such as ``22:30-05:00``."""
    begin, end = (datetime.time.fromisoformat(each) for each in hours.split("-"))
    return begin <= now < end if begin <= end else now >= begin or now < end
