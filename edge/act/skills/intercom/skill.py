"""Asks what to pass on, sends the voice that answers, and plays those of others.

It holds no microphone: the sound is that of the turn which answered "What shall I pass on?", and nothing that comes
over the network can make it ask.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio
from anyio.to_thread import run_sync

from edge.act.rooms import same_room
from edge.act.skills.intercom.inbox import Inbox, Message
from edge.act.skills.intercom.settings import IntercomSettings
from edge.act.skills.intercom.sound import audible, packed, unpacked
from edge.chunk import RATE, Pcm
from edge.dialogue import VOICE
from edge.errors import BrokerOffline
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.ports import Announcer, House, ListeningSwitch, Loudness, Neighbour, Neighbours

SEND: Final = "HearthIntercom"
REPLY: Final = "HearthIntercomReply"
_MESSAGE: Final = "intercom"
_HEARD: Final = "intercom_heard"
_TO: Final = "assistant"
"""The slot of a reply: the id of the assistant that it goes to."""
_TAKES_S: Final = 2.0
"""How long others have to say that they will play it."""
_CHIME_S: Final = 4.0
"""What is heard before the message takes about so long."""
_PATIENCE_S: Final = 60.0
_REPLY_S: Final = 600.0
"""A message that was heard so long ago is not answered by a mere "reply"."""
_ID: Final = 40
"""Characters."""


@dataclass(slots=True)
class _Fate:
    """What became of a message, by assistant."""

    heard: list[Neighbour] = field(default_factory=list)
    lost: list[Neighbour] = field(default_factory=list)
    """Not played, or not to its end."""
    waits: list[Neighbour] = field(default_factory=list)
    refused: list[Neighbour] = field(default_factory=list)
    missing: list[Neighbour] = field(default_factory=list)

    def outcome(self) -> Outcome:
        names = {
            name: list(dict.fromkeys(other.area or other.site for other in others))
            for name, others in (
                ("heard", self.heard), ("lost", self.lost), ("waits", self.waits), ("refused", self.refused),
                ("missing", self.missing),
            )
        }  # fmt: skip
        reached, failed = self.heard or self.waits, self.lost or self.refused or self.missing
        if failed:
            kind = OutcomeKind.UNCONFIRMED if reached else OutcomeKind.FAILED
        else:
            kind = OutcomeKind.QUEUED if self.waits else OutcomeKind.DONE
        return Outcome(kind, Phrase("intercom_sent", names))


class Intercom:
    """Takes HearthIntercom (slot ``area``, none: to all) and HearthIntercomReply."""

    deadline_s = 50.0

    def __init__(
        self,
        house: House,
        announcer: Announcer,
        neighbours: Neighbours | None,
        listening: ListeningSwitch,
        loudness: Loudness,
        settings: IntercomSettings,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``now``: seconds."""
        self.intents = frozenset({SEND, REPLY}) if settings.enabled else frozenset[str]()
        self._house, self._announcer, self._neighbours = house, announcer, neighbours
        self._listening, self._loudness, self._now = listening, loudness, now
        self._accepts = settings.enabled and settings.accept
        self._inbox = Inbox(now)
        self._decoding = anyio.Lock()
        self._last: tuple[Neighbour, float] | None = None
        """Whose message was heard last, and when."""
        if neighbours is not None:
            neighbours.respond(_MESSAGE, self._came)
            neighbours.respond(_HEARD, self._was_heard)

    async def serve(self) -> None:
        """Play what comes in, while nobody is listened to or answered."""
        while True:
            message = await self._inbox.next()
            assert message.pcm is not None
            phrase = Phrase("intercom_from", {"area": message.by.area})
            message.heard = self._can_be_heard and await self._announcer.pass_on(phrase, audible(message.pcm))
            message.pcm = None
            if message.heard:
                self._last = message.by, self._now()
            message.done.set()

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Ask for the message, or, where the answer is there, send it. Raises BrokerOffline."""
        if intent.name == REPLY and _TO not in intent.slots:
            if self._last is None or self._now() - self._last[1] > _REPLY_S:
                return Outcome(OutcomeKind.FAILED, Phrase("intercom_no_message"))
            intent = Intent(REPLY, {_TO: self._last[0].id, **_named(self._last[0])})
        if self._neighbours is None or not self._house.online:
            raise BrokerOffline("there is no way to other assistants", "is the broker running?")
        to = self._meant(intent)
        if not to:
            return self._nobody(intent, origin)
        if origin.voice is None:
            return Outcome(OutcomeKind.DONE, Phrase("intercom_what"), question=Question(intent, VOICE))
        if not self._listening.on:
            # Whoever has switched the microphone off since does not want it to leave.
            return Outcome(OutcomeKind.CANCELLED, Phrase("nothing"))
        return await self._send(origin.voice, to)

    def _meant(self, intent: Intent) -> Sequence[Neighbour]:
        assert self._neighbours is not None
        known = self._neighbours.known()
        if intent.name == REPLY:
            return [other for other in known if other.id == intent.slots[_TO]]
        if "area" not in intent.slots:
            return known
        return [other for other in known if same_room(self._house, str(intent.slots["area"]), other.area)]

    def _nobody(self, intent: Intent, origin: Origin) -> Outcome:
        area = intent.slots.get("area")
        here = area is not None and same_room(self._house, str(area), origin.area)
        return Outcome(OutcomeKind.FAILED, Phrase("intercom_here" if here else "intercom_nobody", {"area": area}))

    async def _send(self, pcm: Pcm, to: Sequence[Neighbour]) -> Outcome:
        assert self._neighbours is not None
        try:
            flac = await run_sync(packed, pcm)
        except ValueError:
            return Outcome(OutcomeKind.FAILED, Phrase("intercom_too_long"))
        ident, fate = uuid.uuid4().hex[:12], _Fate()
        answers = await self._neighbours.ask(_MESSAGE, {"id": ident, "flac": flac}, _TAKES_S, to=to)
        takes = {answer.by.id: answer.body.get("takes") is True for answer in answers}
        for other in to:
            if other.id not in takes:
                fate.missing.append(other)
            elif not takes[other.id]:
                fate.refused.append(other)
        willing = [other for other in to if takes.get(other.id)]
        heard = await self._heard_by(ident, willing, len(pcm) / RATE)
        there = {other.id for other in self._neighbours.known()}
        for other in willing:
            # Who is gone since has lost it: it is in nobody's memory but its own.
            silent = fate.waits if other.id in there else fate.missing
            told = {True: fate.heard, False: fate.lost, None: silent}
            told[heard.get(other.id)].append(other)
        return fate.outcome()

    async def _heard_by(self, ident: str, others: Sequence[Neighbour], seconds: float) -> Mapping[str, bool]:
        """By id: whether those of ``others`` have played it that are through with it by the time that this takes."""
        assert self._neighbours is not None
        if not others:
            return {}
        try:
            answers = await self._neighbours.ask(_HEARD, {"id": ident}, seconds + _CHIME_S, to=others)
        except BrokerOffline:
            # They have it, and said so; that they played it is not known.
            return {}
        return {answer.by.id: answer.body.get("heard") is True for answer in answers}

    # -- what comes in --------------------------------------------------------------------------------------------

    async def _came(self, by: Neighbour, body: Mapping[str, object]) -> Mapping[str, object]:
        ident = body.get("id")
        if not (self._accepts and self._can_be_heard and isinstance(ident, str) and 0 < len(ident) <= _ID):
            return {"takes": False}
        if not self._inbox.admits():
            return {"takes": False}
        try:
            async with self._decoding:
                pcm = await run_sync(unpacked, body.get("flac"))
        except ValueError:
            return {"takes": False}
        return {"takes": self._inbox.take(Message(by, ident, pcm))}

    @property
    def _can_be_heard(self) -> bool:
        return self._announcer.audible and not self._loudness.muted and self._loudness.volume > 0

    async def _was_heard(self, by: Neighbour, body: Mapping[str, object]) -> Mapping[str, object]:
        """Answers when the message was played, or given up."""
        message = self._inbox.known(by, str(body.get("id"))[:_ID])
        if message is not None:
            with anyio.move_on_after(_PATIENCE_S):
                await message.done.wait()
        return {"heard": message is not None and message.heard}


def _named(other: Neighbour) -> Mapping[str, str]:
    """The room, for whoever is told that there is no assistant."""
    return {"area": other.area} if other.area else {}
