"""The other assistants of the house, over its broker: who is there, questions to them, and their answers.

A question goes out on ``hearthside/<site>/house/<kind>``, an answer on ``hearthside/<site>/house/answer``, each under
the site of whoever speaks; JSON, quality of service 1, never retained. Who connects asks everybody who is there, and is
known from then on; who leaves, or is cut off, is forgotten at its last will.
"""

import json
import logging
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup

from edge.errors import AssistantError, BrokerOffline
from edge.ports import Answer, Neighbour, Post, Respond, Taken
from edge.session.arbiter import Place, parsed

_log = logging.getLogger(__name__)
_ANSWER: Final = "answer"
_WHO: Final = "who"
_WHO_S: Final = 0.5
"""How long everybody has to say that it is there."""
_LONGEST: Final = 1_000_000
"""Bytes of a message: a spoken one of 15 s is the largest."""
_NAME: Final = 100
"""Characters of an id or of a room."""
_NEIGHBOURS: Final = 100
"""More than any house has: who makes more of them up fills no memory."""
_REMEMBERED: Final = 256
"""Questions, so that one which is delivered twice is answered once."""


class HouseNeighbours:
    """The one :class:`edge.ports.Neighbours` of the assistant; :meth:`serve` runs beside it."""

    def __init__(self, post: Post, me: Neighbour, boot: str, *, answers: bool = True) -> None:
        """``boot``: what tells this machine from others. ``answers`` False: it only asks, and is gone soon."""
        self.me, self._post, self._boot, self._answers = me, post, boot, answers
        self._there: dict[str, Neighbour] = {}
        self._asked: dict[str, _Asked] = {}
        self._responds: dict[str, Respond] = {_WHO: self._present}
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._told: set[tuple[str, str]] = set()
        self._surveyed = False
        self._survey = anyio.Event()
        self._tasks: TaskGroup | None = None
        self.collisions: list[Neighbour] = []
        """Other assistants that go by our name in topics."""

    @property
    def alone(self) -> bool:
        """Whether it is known that there is no other assistant."""
        return self._surveyed and not self._there

    def place(self, earshot: str) -> Place:
        """What is said of this assistant when it hears a wake word; in another process, it is another's."""
        return Place(f"{self.me.id}-{uuid.uuid4().hex[:4]}", self.me.site, self.me.area, earshot)

    def known(self) -> Sequence[Neighbour]:
        """Those that are there now, as far as is known, by site."""
        return sorted(self._there.values(), key=lambda other: (other.site, other.id))

    def respond(self, kind: str, respond: Respond) -> None:
        """``respond`` answers what others ask of that ``kind``."""
        self._responds[kind] = respond

    async def ask(
        self, kind: str, body: Mapping[str, object], wait_s: float, *, to: Sequence[Neighbour] | None = None
    ) -> Sequence[Answer]:
        """Ask all, or those in ``to``; returns when all have answered, or after ``wait_s``. Raises BrokerOffline."""
        meant = None if to is None else [neighbour.id for neighbour in to]
        everybody = meant if meant is not None else self._there
        request = uuid.uuid4().hex[:12]
        asked = self._asked[request] = _Asked(set(everybody) if self._surveyed and kind != _WHO else None)
        try:
            await self._send(kind, {"request": request, "to": meant, "body": body})
            with anyio.move_on_after(wait_s):
                await asked.complete()
        finally:
            del self._asked[request]
        return asked.answers

    async def serve(self) -> None:
        """Runs as long as the assistant."""
        await self._post.listen(["hearthside/+/house/+", "hearthside/+/availability"], self._take)
        try:
            async with anyio.create_task_group() as self._tasks:
                self._tasks.start_soon(self._look_again)
                connection = 0
                while True:
                    connection = await self._post.next_connection(connection)
                    self._surveyed = False
                    self._survey.set()
        finally:
            # What comes in after it is nobody's any more.
            self._tasks = None

    async def survey(self, wait_s: float = _WHO_S) -> Sequence[Neighbour]:
        """Ask who is there, and wait for answers. Raises BrokerOffline."""
        answers = await self.ask(_WHO, {}, wait_s)
        self._surveyed = True
        return [answer.by for answer in answers]

    async def _look_again(self) -> None:
        while True:
            await self._survey.wait()
            self._survey = anyio.Event()
            with suppress(BrokerOffline):
                await self.survey()

    async def _present(self, other: Neighbour, body: Mapping[str, object]) -> Mapping[str, object]:
        return {}

    async def _send(self, kind: str, message: Mapping[str, object]) -> None:
        whoever = {"id": self.me.id, "area": self.me.area, "boot": self._boot}
        payload = json.dumps({**message, "from": whoever}, ensure_ascii=False)
        await self._post.publish(f"hearthside/{self.me.site}/house/{kind}", payload, qos=1)

    # -- what comes in --------------------------------------------------------------------------------------------

    def _take(self, taken: Taken) -> None:
        _, site, what, *rest = taken.topic.split("/")
        if what == "availability":
            self._available(site, taken)
            return
        try:
            message = _read(taken.payload)
            sender, boot = _sender(message, site)
        except ValueError as error:
            _log.debug("nothing sensible on %s: %s", taken.topic, error)
            return
        if (sender.id, boot) == (self.me.id, self._boot) or taken.retained:
            return
        self._meet(sender, boot)
        if rest == [_ANSWER]:
            self._answered(sender, message)
        elif self._answers:
            self._asked_for(rest[0], sender, message)

    def _available(self, site: str, taken: Taken) -> None:
        if taken.payload == b"offline" and site != self.me.site:
            gone = [other.id for other in self._there.values() if other.site == site]
            for other in gone:
                del self._there[other]
            if gone:
                # Another program may have said so in its place.
                self._survey.set()

    def _meet(self, sender: Neighbour, boot: str) -> None:
        if sender.id != self.me.id and (sender.id in self._there or len(self._there) < _NEIGHBOURS):
            self._there[sender.id] = sender
        if sender.site != self.me.site or (sender.id, boot) in self._told or len(self._told) >= _NEIGHBOURS:
            return
        self._told.add((sender.id, boot))
        self.collisions.append(sender)
        _log.warning("%s", collision(self.me, sender))

    def _answered(self, sender: Neighbour, message: Mapping[str, Any]) -> None:
        asked = self._asked.get(str(message.get("request")))
        body = message.get("body")
        if asked is not None and isinstance(body, dict):
            asked.take(Answer(sender, body))

    def _asked_for(self, kind: str, sender: Neighbour, message: Mapping[str, Any]) -> None:
        request, body, to = str(message.get("request"))[:_NAME], message.get("body"), message.get("to")
        respond = self._responds.get(kind)
        meant = to is None or (isinstance(to, list) and self.me.id in to)
        if respond is None or not meant or not isinstance(body, dict) or request in self._seen or self._tasks is None:
            return
        self._seen[request] = None
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        self._tasks.start_soon(self._respond, respond, sender, request, body)

    async def _respond(self, respond: Respond, sender: Neighbour, request: str, body: Mapping[str, object]) -> None:
        try:
            answer = await respond(sender, body)
            if answer is not None:
                await self._send(_ANSWER, {"request": request, "body": answer})
        except AssistantError as error:
            # Whoever asked hears nothing, and says so.
            _log.warning("a question of %s was not answered: %s", sender.area or sender.site, error)


class _Asked:
    """A question, and the answers so far."""

    def __init__(self, expected: set[str] | None) -> None:
        """``expected`` None: nobody knows who will answer."""
        self.answers: list[Answer] = []
        self._missing = expected
        self._more = anyio.Event()

    def take(self, answer: Answer) -> None:
        if all(answer.by != known.by for known in self.answers):
            self.answers.append(answer)
        if self._missing is not None:
            self._missing.discard(answer.by.id)
        self._more.set()

    async def complete(self) -> None:
        while self._missing is None or self._missing:
            self._more = anyio.Event()
            await self._more.wait()


def collision(me: Neighbour, other: Neighbour) -> str:
    """What is to be said when ``other`` goes by our name."""
    where = f", in {other.area}," if other.area else ""
    if other.id == me.id:
        what = f"another assistant{where} has a copy of this one's data directory and its name {me.site!r} in topics"
        return f"{what} — delete the file identity in the copy, and set mqtt.site there"
    what = f"another assistant{where} is called {me.site!r} in topics, too"
    return f"{what} — set mqtt.site to a name of its own for each"


def _read(payload: bytes) -> dict[str, Any]:
    if len(payload) > _LONGEST:
        raise ValueError("it is too long")
    return parsed(payload)


def _sender(message: Mapping[str, Any], site: str) -> tuple[Neighbour, str]:
    """Who sent ``message``, and from which machine."""
    whoever = message.get("from")
    if not isinstance(whoever, dict):
        raise ValueError("it does not say whom it is from")
    ident, area = whoever.get("id"), whoever.get("area")
    if not isinstance(ident, str) or not 0 < len(ident) <= _NAME:
        raise ValueError("it does not say whom it is from")
    known = area if isinstance(area, str) and len(area) <= _NAME else None
    return Neighbour(ident, site, known), str(whoever.get("boot"))[:_NAME]
