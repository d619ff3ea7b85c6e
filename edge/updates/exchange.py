"""Root's part, the second half: the link changes, the new release shows that it is well, or the old one comes back.

What is known is on the disk before it counts, in the order in which a power cut may end it anywhere:

1. the trial is written down, and what it goes back to;
2. ``current`` leads to the new release, by one rename;
3. the assistant ends itself once nobody talks to it, and systemd starts the new one;
4. it was well for some minutes: ``proven`` leads to it, too, and the trial is over. Else ``current`` leads back.

At any instant ``current`` leads to a release that is complete, and so does ``proven``. What was going on goes on.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
from msgspec.structs import replace

from edge.updates import units, versions, word
from edge.updates.errors import UpdateError
from edge.updates.places import Places, Spool
from edge.updates.release import number
from edge.updates.systemd import Look, Service
from edge.updates.units import UNITS
from edge.updates.word import Health, Last, Result, State, Trial

_log = logging.getLogger("hearth")
_REMEMBERED: Final = 20
"""Releases that were not well."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How long is waited for what."""

    look_s: float = 2.0
    well_s: float = 300.0
    """So long it must have run without an end, ready and with a content watchdog."""
    failures: int = 3
    """So many starts that came to an end are too many."""
    ready_s: float = 1800.0
    """From its first start to a well one."""
    patience_s: float = 900.0
    """How long the old one may go on before it lets go."""


class Exchange:
    """One release in the place of another."""

    def __init__(
        self,
        places: Places,
        spool: Spool,
        service: Service,
        rules: Rules | None = None,
        unit_folder: Path = UNITS,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``now``: seconds since the epoch, for what is told; durations are measured by a clock that is never set."""
        self._places, self._spool, self._service = places, spool, service
        self._rules, self._units, self._now = rules or Rules(), unit_folder, now

    async def switch(self, to: str, failing: tuple[str, ...] = ()) -> Last:
        """Try ``to``, which was laid. ``failing``: needed checks that fail already. Raises UpdateError, OSError."""
        before = versions.installed(self._places)
        ready = (self._places.releases / to / versions.DONE).exists()
        if not ready or number(to) <= number(before):
            # Somebody has installed another one by hand meanwhile.
            self._keep(replace(self._state, laid=""))
            raise UpdateError(f"{to} does not lie ready", "hearth update apply")
        look = self._service.look()
        trial = Trial(
            release=to, before=before, at=self._now(), invocation=look.invocation, restarts=look.restarts,
            failing=failing,
        )  # fmt: skip
        self._keep(replace(self._state, trial=trial, laid=""))
        self._lead_to(to)
        return await self._watch(trial)

    async def go_on(self) -> Last | None:
        """What a power cut interrupted; None where nothing was going on. Raises UpdateError, OSError."""
        state = self._state
        if state.leaving:
            return self._leave(state.leaving, state.previous)
        if (trial := state.trial) is None:
            # What was left when it was come back has ended by now.
            versions.prune(self._places, state, state.refused)
            return None
        runs = versions.led_to(self._places.current) or trial.before
        if runs not in (trial.release, trial.before):
            return self._superseded(trial)
        self._lead_to(runs)  # its units may not have been laid
        if runs == trial.release:
            return await self._watch(trial)
        # It was going back, or had not begun; the old one is started by now, if it was a power cut.
        if trial.begun and self._service.look().invocation == trial.invocation:
            self._service.restart()
        return self._end(trial, Result.UNDONE if trial.begun else Result.PUT_OFF, "it was interrupted")

    async def roll_back(self) -> Last:
        """The version before, which was well here, once more. Raises UpdateError, OSError."""
        state, before = self._state, versions.installed(self._places)
        to = state.previous
        if not to or to == before or not (self._places.releases / to / versions.DONE).exists():
            raise UpdateError("there is no version before this one here", "hearth update status", permanent=True)
        self._keep(replace(state, leaving=before, laid=""))
        return self._leave(before, to)

    def _leave(self, before: str, to: str) -> Last:
        # First what is come back to, whatever happens; then what runs.
        versions.point(self._places.proven, self._places.releases / to)
        self._lead_to(to)
        last = Last(result=Result.ROLLED_BACK, release=to, before=before, at=self._now())
        state = self._state
        self._service.restart()
        # Its folder stays until root's part runs the next time: what ends now still reads from it.
        self._keep(replace(state, leaving="", previous="", refused=_with(state.refused, before), last=last))
        return last

    async def _watch(self, trial: Trial) -> Last:
        """Until it is well, or has shown that it is not."""
        rules, began, well_since = self._rules, anyio.current_time(), None
        while True:
            if versions.led_to(self._places.current) not in (trial.release, ""):
                return self._superseded(trial)
            look = self._service.look()
            trial = self._seen(trial, look)
            now = anyio.current_time()
            well_since = (now if well_since is None else well_since) if trial.begun and look.active else None
            worse = ""
            if well_since is not None and now - well_since >= rules.well_s:
                worse = self._worse(trial, look)
                if not worse:
                    return self._prove(trial)
            if trial.failures >= rules.failures:
                return self._back(trial, f"it came to an end {trial.failures} times")
            if worse and well_since is not None and now - well_since >= 2 * rules.well_s:
                return self._back(trial, worse)
            if trial.begun and now - began >= rules.ready_s:
                return self._back(trial, f"it was not ready in {rules.ready_s / 60:.0f} minutes")
            if not trial.begun and now - began >= rules.patience_s:
                return self._put_off(trial)
            if self._given_up():
                return self._back(trial, "somebody wanted the version before")
            await anyio.sleep(rules.look_s)

    def _seen(self, trial: Trial, look: Look) -> Trial:
        """What a look tells of starts and of their ends."""
        if not look.invocation or look.invocation == trial.invocation:
            return trial
        again = max(0, look.restarts - trial.restarts)
        # The first new start is no failure; each further one is the end of one before.
        ended = max(1, again) if trial.begun else max(0, again - 1)
        seen = replace(
            trial, invocation=look.invocation, restarts=look.restarts, begun=True, failures=trial.failures + ended
        )
        self._keep(replace(self._state, trial=seen))
        return seen

    def _worse(self, trial: Trial, look: Look) -> str:
        """Which needed checks fail that did not before, in words; empty: none."""
        health = word.taken(self._spool.health, Health)
        if health is None or (health.release, health.invocation) != (trial.release, look.invocation):
            return "it does not say how it is"
        fail = [check for check in health.failing if check not in trial.failing]
        return f"it does not work any more: {', '.join(fail)}" if fail else ""

    def _given_up(self) -> bool:
        """Whether somebody wants the version before while this one is tried."""
        request = word.taken(self._spool.request, word.Request)
        wanted = request is not None and request.wish is word.Wish.ROLL_BACK and request.ident != self._state.answers
        if request is not None and wanted:
            self._keep(replace(self._state, answers=request.ident))
        return wanted

    def _prove(self, trial: Trial) -> Last:
        versions.point(self._places.proven, self._places.releases / trial.release)
        last = self._end(trial, Result.APPLIED)
        self._service.restart_others()
        return last

    def _back(self, trial: Trial, why: str) -> Last:
        self._lead_to(trial.before)
        self._service.restart()
        return self._end(trial, Result.UNDONE, why)

    def _superseded(self, trial: Trial) -> Last:
        """Somebody has installed another one by hand, and perhaps removed that which would be come back to."""
        return self._end(trial, Result.PUT_OFF, "another version was installed")

    def _put_off(self, trial: Trial) -> Last:
        """The old one still runs; nothing was wrong with the new one."""
        self._lead_to(trial.before)
        if self._service.look().invocation != trial.invocation:
            self._service.restart()  # it let go at the last moment
        return self._end(trial, Result.PUT_OFF, "the assistant was busy all the time")

    def _end(self, trial: Trial, result: Result, why: str = "") -> Last:
        state = self._state
        last = Last(result=result, release=trial.release, before=trial.before, at=self._now(), why=why)
        undone, put_off = result is Result.UNDONE, result is Result.PUT_OFF
        self._keep(
            replace(
                state,
                trial=None,
                last=last,
                refused=_with(state.refused, trial.release) if undone else state.refused,
                previous=trial.before if result is Result.APPLIED else state.previous,
                laid=trial.release if put_off else state.laid,
            )
        )
        _log.info("%s: %s %s", trial.release, result.value, why)
        if result is Result.APPLIED:
            versions.prune(self._places, self._state)
        return last

    def _lead_to(self, release: str) -> None:
        folder = self._places.releases / release
        versions.point(self._places.current, folder)
        if units.lay(folder, self._units):
            self._service.reload()

    @property
    def _state(self) -> State:
        return versions.state(self._places)

    def _keep(self, state: State) -> None:
        versions.keep(self._places, state)


def _with(refused: tuple[str, ...], release: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*refused, release)))[-_REMEMBERED:]
