"""Asks the bridge's larger model, and tells what it found out, now or later."""

import functools
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import anyio

from edge.act.skills.cloud.answer import End, StreamedAnswer
from edge.act.skills.cloud.errands import TOOL, Errands
from edge.act.skills.cloud.kept import Found, KeptQuestions, Question
from edge.act.skills.cloud.policy import Cause, Decision, Situation, Step, Why, decide, without_link
from edge.act.skills.cloud.request import Prepared, about_house, prepare
from edge.act.timekeeping import Alert, Time
from edge.asking import kind_of
from edge.dialogue import ASK_CLOUD, NEEDED, UNSURE
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.intents import Question as Asked
from edge.ports import Announcer, Cloud, History, House, Interpreter, Storage
from edge.privacy.consent import Purpose

NEWS: Final = "HearthCloudNews"
_CAUSES: Final = {UNSURE: Cause.UNSURE, NEEDED: Cause.NEEDED}
"""By the form of the intent."""
_LOOK_S: Final = 10.0
"""How often it is looked for answers while questions wait; that only reads."""
_QUOTA_S: Final = 600.0
"""A house that may not ask more is not tried again sooner."""
_MOST: Final = 50
"""Questions that wait."""
_TOLD: Final = 3
"""More answers at once are not heard any more."""


class CloudSkill:
    """Answers HearthAskCloud and HearthCloudNews."""

    intents = frozenset({ASK_CLOUD, NEWS})

    def __init__(
        self,
        cloud: Cloud | None,
        house: House,
        history: History,
        interpreter: Interpreter,
        storage: Storage,
        announcer: Announcer,
        time: Time,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        """``cloud`` None: there is no bridge."""
        self._cloud, self._house, self._history, self._interpreter = cloud, house, history, interpreter
        self._announcer, self._time, self._new_id = announcer, time, new_id
        self._kept = KeptQuestions(storage, cloud.bridge, self._now) if cloud is not None else None
        self._changed = Alert()
        self._no_quota_until = 0.0
        self._telling = anyio.CancelScope()
        self.deadline_s = (cloud.settings.first_word_s if cloud is not None else 0.0) + 5.0

    async def load(self) -> None:
        """Make the table. Raises StorageError."""
        if self._kept is not None:
            await self._kept.load()

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Ask, or tell what was found out. Raises StorageError."""
        if intent.name == NEWS:
            return await self._news()
        question = " ".join(str(intent.slots.get("question", "")).split())
        if not question:
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("cloud_what"), question=Asked(intent, "question"))
        situation = self._situation(intent, question, origin)
        decision = decide(situation)
        if decision.step is Step.NO:
            return _refused(decision)
        assert self._cloud is not None
        prepared = prepare(
            self._new_id(),
            question,
            origin,
            self._house,
            self._history,
            self._cloud,
            (TOOL,) if self._cloud.settings.act else (),
        )
        if decision.step is Step.KEEP:
            return await self._keep(question, prepared)
        return await self._ask(question, prepared, origin, situation)

    # -- asking now ------------------------------------------------------------------------------------------------

    def _situation(self, intent: Intent, question: str, origin: Origin) -> Situation:
        cloud = self._cloud
        kind = kind_of(question, origin.language)
        return Situation(
            cause=_CAUSES.get(intent.form, Cause.ASKED_FOR),
            kind=kind,
            about_house=about_house(question, self._house),
            bridge=cloud is not None,
            setting=cloud.settings.ask if cloud is not None else "never",
            consent=cloud is not None and cloud.consent.allows(Purpose.ANSWERS),
            link=cloud is not None and cloud.bridge.up,
            quota=self._time.elapsed() >= self._no_quota_until,
            keeps=cloud is not None and cloud.settings.question_hours > 0,
        )

    async def _ask(self, question: str, prepared: Prepared, origin: Origin, situation: Situation) -> Outcome:
        assert self._cloud is not None
        settings = self._cloud.settings
        otherwise = without_link(situation)
        lost = functools.partial(self._wait, question, prepared) if otherwise.step is Step.KEEP else None
        errands = Errands(self._interpreter, origin, prepared.names, allowed=settings.act)
        answer = StreamedAnswer(await self._cloud.bridge.ask(prepared.query), prepared, errands, lost)
        begun = False
        try:
            with anyio.move_on_after(settings.first_word_s):
                begun = await answer.begin()
        finally:
            if not begun:
                with anyio.CancelScope(shield=True):
                    await answer.aclose()
        if begun:
            return Outcome(OutcomeKind.DONE, Phrase("nothing"), telling=answer)
        return await self._without_a_word(answer, question, prepared, otherwise)

    async def _without_a_word(
        self, answer: StreamedAnswer, question: str, prepared: Prepared, otherwise: Decision
    ) -> Outcome:
        match answer.end:
            case End.WHOLE:
                # Nothing to say, but perhaps something was done.
                return answer.outcome
            case End.CUT:
                return Outcome(OutcomeKind.FAILED, Phrase("cloud_unavailable"))
            case End.REFUSED:
                if answer.code == "quota":
                    self._no_quota_until = self._time.elapsed() + _QUOTA_S
                key = f"cloud_{answer.code}" if answer.code in ("quota", "consent") else "cloud_unavailable"
                return Outcome(OutcomeKind.FAILED, Phrase(key))
        # The link is gone, or too slow to wait for.
        if otherwise.step is Step.KEEP and not answer.did_something:
            return await self._keep(question, prepared)
        return _refused(otherwise)

    # -- asking later ----------------------------------------------------------------------------------------------

    async def _keep(self, question: str, prepared: Prepared) -> Outcome:
        assert self._kept is not None
        if len(await self._kept.all()) >= _MOST:
            return Outcome(OutcomeKind.FAILED, Phrase("cloud_full"))
        await self._wait(question, prepared, "")
        return Outcome(OutcomeKind.QUEUED, Phrase("cloud_kept"))

    async def _wait(self, question: str, prepared: Prepared, heard: str) -> None:
        """Have it answered once there is a link. Nothing of what went along goes then: it would be true no more."""
        assert self._cloud is not None
        assert self._kept is not None
        now = self._now()
        expires = now + self._cloud.settings.question_hours * 3600
        query = replace(prepared.query, history=(), state=(), tools=(), expires_ms=round(expires * 1000))
        kept = Question(query.id, question, query.language, prepared.names, heard, now, expires)
        await self._kept.keep(kept, query)
        self._changed.set()

    # -- telling what was found out ----------------------------------------------------------------------------------

    async def _news(self) -> Outcome:
        if self._kept is None:
            return _refused(Decision(Step.NO, Why.NONE))
        self._telling.cancel()
        found = (await self._kept.found())[:_TOLD]
        waiting = len(await self._kept.all()) - len(found)
        await self._kept.told(found)
        values = {"found": [_described(each) for each in found], "waiting": waiting}
        return Outcome(OutcomeKind.DONE, Phrase("cloud_news", values))

    async def serve(self) -> None:
        """Tell late answers, once each, when it is polite to. Raises StorageError."""
        while self._kept is not None:
            waits = bool(await self._kept.all())
            if waits and self._polite():
                await self._tell_late(self._kept)
            await self._changed.wait(_LOOK_S if waits else 3600.0, self._time.sleep)

    async def _tell_late(self, kept: KeptQuestions) -> None:
        for found in await kept.found():
            forgotten = found.question.announced and found.question.expires <= self._now()
            if found.text == "" or forgotten:
                # All of it was heard before the link went, or it was broken off and nobody came back to it.
                await kept.told([found])
            elif not found.question.announced:
                await self._announce(kept, found)

    async def _announce(self, kept: KeptQuestions, found: Found) -> None:
        # Written down before it is heard: what a power cut interrupts is not said again at any hour, but on request.
        await kept.announced(found)
        with anyio.CancelScope() as self._telling:
            await self._announcer.announce(Phrase("cloud_late", _described(found)))
            await kept.told([found])

    def _polite(self) -> bool:
        assert self._cloud is not None
        settings, hour = self._cloud.settings, self._time.now().hour
        if settings.announce_from < settings.announce_until:
            return settings.announce_from <= hour < settings.announce_until
        return hour >= settings.announce_from or hour < settings.announce_until

    def _now(self) -> float:
        return self._time.now().timestamp()


def _described(found: Found) -> dict[str, object]:
    bare = found.question.question.rstrip(" .?!")
    asked = found.question.question if bare != found.question.question else f"{bare}."
    return {"question": asked, "bare": bare, "text": found.text, "rest": bool(found.question.heard)}


def _refused(decision: Decision) -> Outcome:
    assert decision.why is not None
    if decision.why is Why.NOT_A_QUESTION:
        return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("not_understood"))
    return Outcome(OutcomeKind.FAILED, Phrase(f"cloud_{decision.why}"))
