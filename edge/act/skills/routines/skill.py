"""Routines: one phrase for several sentences, taught by voice or written in a file.

A routine is heard by its name alone, word for word. A routine does not run a routine, so there is no going round in
circles. Each sentence is understood when it is run, in the house as it then is, and what is asked about before it is
done (a door, an alarm) is asked about then, too.

The grammar prefers what names a thing: a scene that is called like a routine is started instead of it, so a name that
means something already can't be taught.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from edge.act.skills.routines.by_hand import RoutinesByHand, may_be_name
from edge.act.skills.routines.file import LONGEST_NAME, MOST_SENTENCES, read_routines
from edge.act.skills.routines.store import RoutineStore
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question, together
from edge.ports import Interpreter

_RUN: Final = "HearthRoutineRun"
_NOT_DONE: Final = (OutcomeKind.FAILED, OutcomeKind.NOT_UNDERSTOOD, OutcomeKind.UNCONFIRMED)
_LISTED: Final = 5
_TRIES: Final = 12
"""Places where a name may end and a sentence begin."""
_FILLING: Final[Mapping[str, str]] = {"en": "then|you should|you shall|i want you to|i'd like you to|please|do this"}
"""What may be said between the two."""
_BETWEEN: Final[Mapping[str, str]] = {
    "en": "and then|then|and also|and",
    "de": "und dann|dann|und",
    "fr": "et puis|puis|et",
    "es": "y luego|luego|y",
    "nl": "en dan|dan|en",
    "it": "e poi|poi|e",
}


class Routines:
    """Runs, teaches, tells, forgets."""

    intents = frozenset({_RUN, "HearthRoutineTeach", "HearthRoutineTell", "HearthRoutineForget", "HearthRoutineNames"})
    deadline_s = 60.0

    def __init__(self, store: RoutineStore, interpreter: Interpreter, file: Path, language: str = "en") -> None:
        """``file``: the routines that a person wrote; a taught one of the same name comes before it. ``language``: ISO
        639-1, of steps that are written by hand.
        """
        self._store, self._interpreter, self._file = store, interpreter, file
        self._taught: Mapping[str, Sequence[str]] = {}
        self._written: Mapping[str, Sequence[str]] = {}
        self._from_elsewhere: Collection[str] = ()
        """Those of the taught ones that nobody has agreed to here."""
        self._read_out: dict[str, Sequence[str]] = {}
        """Of those that were asked about, what they did when that was asked: a yes is about that."""
        self.mistakes: Sequence[str] = ()
        """Of the file."""
        self.revision = 0
        """Rises with the names."""
        self.by_hand = RoutinesByHand(
            store, interpreter, lambda: (self._taught, self._written), self.refresh, self.intents, language
        )

    async def load(self) -> None:
        """Read what was taught and written. Raises StorageError."""
        self._written, self.mistakes = read_routines(self._file)
        await self.refresh()

    async def refresh(self) -> None:
        """Read again what was taught, be that to another assistant. Raises StorageError."""
        taught = await self._store.load()
        self._from_elsewhere = await self._store.from_elsewhere()
        if taught != self._taught or not self.revision:
            self._taught = taught
            self.revision += 1
            self.by_hand.alert.set()

    def names(self) -> Mapping[str, Sequence[str]]:
        """Of the routines, for the grammar."""
        return {"routines_name": sorted({*self._taught, *self._written}, key=str.casefold)}

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Raises StorageError, and what its sentences raise."""
        match intent.name:
            case "HearthRoutineRun":
                return await self._do(intent, origin)
            case "HearthRoutineTeach":
                return await self._teach(intent, origin)
            case "HearthRoutineTell":
                return self._tell(intent)
            case "HearthRoutineForget":
                return await self._forget(intent)
        names = self.names()["routines_name"]
        return Outcome(OutcomeKind.DONE, Phrase("routines_names", {"names": names[:_LISTED], "count": len(names)}))

    async def _do(self, intent: Intent, origin: Origin) -> Outcome:
        name, sentences = self._known(str(intent.slots["name"]))
        if not sentences:
            return Outcome(OutcomeKind.FAILED, Phrase("routines_unknown", {"name": name}))
        if name in self._from_elsewhere and not await self._agreed(name, sentences, intent, origin):
            # It comes over the bridge, whose word opens no door; its name may be what somebody says every day.
            say = Phrase("routines_from_elsewhere", {"name": name, "sentences": sentences})
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, None))
        outcomes: list[Outcome] = []
        failed: list[str] = []
        asking: Outcome | None = None
        for sentence in sentences:
            if self._is_routine(sentence, origin):
                failed.append(sentence)
                outcomes.append(Outcome(OutcomeKind.FAILED, Phrase("routines_in_itself")))
                continue
            done = together(list(await self._interpreter.run(sentence, origin)))
            outcomes.append(done)
            if done.question is not None and asking is None:
                asking = done
            elif done.question is not None or done.kind in _NOT_DONE:
                failed.append(sentence)
        whole = _summed(name, outcomes, failed)
        # What is asked is asked last, so that the answer belongs to it.
        return whole if asking is None else replace(asking, actions=whole.actions)

    async def _agreed(self, name: str, sentences: Sequence[str], intent: Intent, origin: Origin) -> bool:
        if not intent.confirmed or self._read_out.pop(name, None) != sentences:
            self._read_out[name] = sentences
            return False
        if not origin.guest:
            await self._store.agree(name, sentences)
            await self.refresh()
        return True

    def _is_routine(self, sentence: str, origin: Origin) -> bool:
        understood = self._interpreter.understand(sentence, origin)
        return understood is not None and any(each.name in self.intents for each in understood.intents)

    async def _teach(self, intent: Intent, origin: Origin) -> Outcome:
        if "said" in intent.slots:
            slots = self._parted(str(intent.slots["said"]), origin)
            intent = replace(intent, slots=slots)
        name = _plain(str(intent.slots.get("name", "")))
        if not name:
            return _asks(intent, "name", Phrase("routines_what_name"))
        said = str(intent.slots.get("sentences", "")).strip()
        if not said:
            return _asks(intent, "sentences", Phrase("routines_what_to_do", {"name": name}))
        if len(name) > LONGEST_NAME:
            return Outcome(OutcomeKind.FAILED, Phrase("routines_too_long"))
        if not may_be_name(self._interpreter, name, origin):
            return Outcome(OutcomeKind.FAILED, Phrase("routines_name_taken", {"name": name}))
        sentences = self._sentences(said, origin)
        if sentences is None:
            return Outcome(OutcomeKind.FAILED, Phrase("routines_not_understood"))
        if len(sentences) > MOST_SENTENCES:
            return Outcome(OutcomeKind.FAILED, Phrase("routines_too_long"))
        known, steps = self._known(name)
        if steps and not intent.confirmed:
            return Outcome(
                OutcomeKind.DONE, Phrase("routines_replace", {"name": known}), question=Question(intent, None)
            )
        await self._store.teach(known, sentences)
        await self.refresh()
        return Outcome(OutcomeKind.DONE, Phrase("routines_taught", {"name": known, "count": len(sentences)}))

    def _parted(self, said: str, origin: Origin) -> Mapping[str, str]:
        """ "Good night turn off the lights" as the routine's name and its sentences: parted where that makes sense."""
        filling = _FILLING.get(origin.language[:2], "")
        joints = [found.span() for found in re.finditer(rf"\s*[,;:.]\s+(?:(?:{filling})\s+)?", said)]
        joints += [found.span() for found in re.finditer(rf"\s+(?:(?:{filling})\s+)?", said)]
        parts = [(said[:begin].strip(), said[end:].strip()) for begin, end in joints[:_TRIES]]
        for name, sentences in parts:
            if sentences and self._sentences(sentences, origin) is not None:
                return {"name": name, "sentences": sentences}
        return {"name": said} if not parts else {"name": parts[0][0], "sentences": parts[0][1]}

    def _sentences(self, said: str, origin: Origin) -> list[str] | None:
        """``said`` as sentences that are understood one by one, as long as they can be; None where a part is not."""
        words = _BETWEEN.get(origin.language[:2], _BETWEEN["en"])
        joints = [found.span() for found in re.finditer(rf"\s*[,;.]\s+(?:(?:{words})\s+)?|\s+(?:{words})\s+", said)]
        ends = [*(begin for begin, _ in joints), len(said)]
        found: list[str] = []
        start, part = 0, 0
        while part < len(ends):
            for end in range(len(ends) - 1, part - 1, -1):
                piece = said[start : ends[end]].strip(" ,;.")
                # Several commands in one stretch are kept as several, so that each can fail alone.
                understood = self._interpreter.understand(piece, origin) if piece else None
                if understood is not None and not understood.further and understood.intent.name not in self.intents:
                    found.append(piece)
                    start = joints[end][1] if end < len(joints) else len(said)
                    part = end + 1
                    break
            else:
                whole = self._interpreter.understand(said[start:], origin)
                usable = whole is not None and not any(each.name in self.intents for each in whole.intents)
                return [*found, said[start:].strip(" ,;.")] if usable else None
        return found

    def _tell(self, intent: Intent) -> Outcome:
        name, sentences = self._known(str(intent.slots["name"]))
        if not sentences:
            return Outcome(OutcomeKind.FAILED, Phrase("routines_unknown", {"name": name}))
        return Outcome(
            OutcomeKind.DONE,
            Phrase("routines_does", {"name": name, "sentences": sentences[:_LISTED], "count": len(sentences)}),
        )

    async def _forget(self, intent: Intent) -> Outcome:
        name, sentences = self._known(str(intent.slots["name"]))
        if not sentences:
            return Outcome(OutcomeKind.FAILED, Phrase("routines_unknown", {"name": name}))
        if name not in self._taught:
            return Outcome(OutcomeKind.FAILED, Phrase("routines_written", {"name": name, "file": self._file.name}))
        if not intent.confirmed:
            return Outcome(OutcomeKind.DONE, Phrase("routines_forget", {"name": name}), question=Question(intent, None))
        await self._store.forget(name)
        await self.refresh()
        return Outcome(OutcomeKind.DONE, Phrase("routines_forgotten", {"name": name}))

    def _known(self, said: str) -> tuple[str, Sequence[str]]:
        """The routine's name as it was given, and its sentences; none where there is no such routine."""
        routines = {**self._written, **self._taught}
        by_name = {_plain(name).casefold(): name for name in routines}
        name = by_name.get(_plain(said).casefold(), _plain(said))
        return name, routines.get(name, ())


def _plain(name: str) -> str:
    return " ".join(name.split()).strip(" ,.;:!?\"'")


def _asks(intent: Intent, slot: str, say: Phrase) -> Outcome:
    return Outcome(OutcomeKind.DONE, say, question=Question(intent, slot))


def _summed(name: str, outcomes: Sequence[Outcome], failed: Sequence[str]) -> Outcome:
    """One answer for all: a single sentence answers for itself, several are done or named where they failed."""
    whole = together(outcomes)
    if len(outcomes) == 1 and whole.kind is not OutcomeKind.NOT_UNDERSTOOD:
        return whole
    values = {"name": name, "failed": failed[:_LISTED], "count": len(outcomes)}
    kind = OutcomeKind.FAILED if failed else whole.kind
    return Outcome(kind, Phrase("routines_done", values), actions=whole.actions)
