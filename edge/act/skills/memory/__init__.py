"""What to remember, what was remembered, and forgetting it."""

import datetime
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from edge.act.skills.memory.by_hand import LONGEST, FactsByHand
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.memory.episodes import Episodes
from edge.memory.facts import Fact, Facts
from edge.memory.feedback import Traces
from edge.memory.periods import period
from edge.ports import SkillContext

NAME: Final = "name"
"""The topic under which the person's name is kept."""
_TOLD: Final = 3
"""More than three things at once are not heard any more."""
_WRITES: Final = frozenset({"HearthRemember", "HearthCallMe", "HearthForget", "HearthForgetEverything"})
_FORGETS: Final = frozenset({"HearthForget", "HearthForgetTurns", "HearthForgetEverything"})
"""What can't be taken back, of what others told: a guest may talk, and no more."""
Now = Callable[[], float]


class Memory:
    """Facts, preferences, names and past turns."""

    deadline_s = 5.0

    def __init__(self, facts: Facts, episodes: Episodes, now: Now) -> None:
        """``now``: seconds since the epoch."""
        self._facts, self._episodes, self._now = facts, episodes, now
        self.by_hand = FactsByHand(facts)
        self._does: Mapping[str, Callable[[Intent], Awaitable[Outcome]]] = {
            "HearthRemember": self._remember,
            "HearthCallMe": self._call_me,
            "HearthWhoAmI": self._who_am_i,
            "HearthRecall": self._recall,
            "HearthRecallAll": self._recall_all,
            "HearthRecallTurn": self._recall_turn,
            "HearthForget": self._forget,
            "HearthForgetTurns": self._forget_turns,
            "HearthForgetEverything": self._forget_everything,
        }

    @property
    def intents(self) -> frozenset[str]:
        """All about remembering."""
        return frozenset(self._does)

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Remember, recall or forget. Raises StorageError."""
        if origin.guest and intent.name in _FORGETS:
            return _done("guest_refused", kind=OutcomeKind.FAILED)
        outcome = await self._does[intent.name](intent)
        if intent.name in _WRITES:
            self.by_hand.alert.set()
        return outcome

    async def refresh(self) -> None:
        """Another assistant may have been told something. Raises StorageError."""
        await self.by_hand.refresh()

    # -- remembering -----------------------------------------------------------------------------------------------

    async def _remember(self, intent: Intent) -> Outcome:
        text = _words(intent, "fact")
        if not text:
            question = Question(intent, "fact")
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("memory_what"), question=question)
        if len(text) > LONGEST:
            return _done("memory_too_long", kind=OutcomeKind.FAILED)
        topic = _words(intent, "topic")
        await self._facts.remember(f"my favourite {topic} is {text}" if topic else text, topic.casefold() or None)
        return _done("memory_kept")

    async def _call_me(self, intent: Intent) -> Outcome:
        name = _words(intent, "person")
        if not name or len(name) > LONGEST:
            return _done("memory_too_long", kind=OutcomeKind.FAILED)
        await self._facts.remember(name.title(), NAME)
        return _done("memory_name_kept", name=name.title())

    # -- recalling -------------------------------------------------------------------------------------------------

    async def _who_am_i(self, intent: Intent) -> Outcome:
        name = await self._facts.of(NAME)
        return _done("memory_name", name=name.text if name else None)

    async def _recall(self, intent: Intent) -> Outcome:
        found = [fact for fact in await self._facts.about(_words(intent, "query")) if fact.topic != NAME]
        return _done("memory_recalled", facts=[fact.text for fact in found[:1]])

    async def _recall_all(self, intent: Intent) -> Outcome:
        known = [fact.text for fact in await self._facts.all() if fact.topic != NAME]
        return _done("memory_all", count=len(known), facts=known[-_TOLD:])

    async def _recall_turn(self, intent: Intent) -> Outcome:
        since, until = period(_words(intent, "when"), self._now())
        query = _words(intent, "query")
        if query:
            turns = (await self._episodes.about(query, since, until))[:1]
        else:
            turns = (await self._episodes.between(since, until))[-_TOLD:]
        told = [{"at": _moment(turn.at), "text": turn.text, "reply": turn.reply} for turn in turns]
        return _done("memory_turns", turns=told)

    # -- forgetting ------------------------------------------------------------------------------------------------

    async def _forget(self, intent: Intent) -> Outcome:
        """Names the fact and asks first: what is erased is gone."""
        if intent.confirmed:
            gone = [fact for fact in await self._facts.all() if fact.id == intent.slots.get("id")]
            await self._facts.forget(gone)
            return _done("memory_forgotten", count=len(gone))
        found = await self._facts.about(_words(intent, "query"))
        if not found:
            return _done("memory_recalled", facts=[])
        this = Intent(intent.name, {"id": found[0].id})
        return _asked(this, Phrase("memory_forget_this", {"fact": _spoken(found[0])}))

    async def _forget_turns(self, intent: Intent) -> Outcome:
        since, until = period(_words(intent, "when"), self._now())
        if not intent.confirmed:
            count = len(await self._episodes.between(since, until))
            if not count:
                return _done("memory_turns", turns=[])
            return _asked(intent, Phrase("memory_forget_turns", {"count": count}))
        return _done("memory_forgotten", count=await self._episodes.forget(since, until))

    async def _forget_everything(self, intent: Intent) -> Outcome:
        if not intent.confirmed:
            return _asked(intent, Phrase("memory_forget_everything"))
        count = await self._facts.forget(await self._facts.all()) + await self._episodes.forget()
        return _done("memory_forgotten", count=count)


def _words(intent: Intent, slot: str) -> str:
    return " ".join(str(intent.slots.get(slot, "")).split()).strip(" .,!?")


def _spoken(fact: Fact) -> str:
    return f"{fact.topic}: {fact.text}" if fact.topic == NAME else fact.text


def _moment(at: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at).astimezone()


def _done(key: str, kind: OutcomeKind = OutcomeKind.DONE, **values: object) -> Outcome:
    return Outcome(kind, Phrase(key, values))


def _asked(intent: Intent, say: Phrase) -> Outcome:
    return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, None))


def build(context: SkillContext) -> Memory:
    """The skill on the context's storage."""
    storage, meaning, erasures = context.storage, context.meaning, context.erasures
    facts = Facts(storage, meaning=meaning, erasures=erasures)
    return Memory(
        facts,
        Episodes(storage, days=1.0, meaning=meaning, erasures=erasures, traces=Traces(context.data_dir)),
        time.time,
    )
