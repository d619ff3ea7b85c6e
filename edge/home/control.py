"""Command, then confirm: a device did what was asked when its own words, spoken after the command, say so.

Nothing is sent to a broker that has not answered just before: one that hangs would pass it on when nobody waits for it
any more. The rules then, in order:

1. A device that has said it is away is not bothered: UNAVAILABLE.
2. A change that it has no topic for is not sent: UNSUPPORTED.
3. What it has no topic to report, nobody can confirm: ASSUMED, once the broker has taken the message and the rest of
   the change is confirmed.
4. Every other part of the change must be shown by a message that arrived after the command and was not a retained one.
   A device that already was as wanted may stay silent, if it has spoken since we listen or its availability topic says
   that it is there: then its last word stands, unless it says otherwise.
5. A device that has said otherwise since (it fades, or somebody else tells it otherwise) must stand by what is wanted.
6. A device that stays silent is told once more, where that does no harm, half-way to the deadline.
7. Otherwise FAILED when its last word is another one, UNCONFIRMED when it has none. When the connection is lost
   meanwhile, that is known at once.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import anyio

from edge.devices import ActionReport, Command, Confirmation, Value, Verb
from edge.errors import BrokerOffline
from edge.home.broker import Link, Publication
from edge.home.entity import VALUE, Entity, Unsupported, shows
from edge.home.registry import Registry
from edge.home.templates import TemplateFault

_QUIET_S: Final = 0.5
"""How long a device that already is as wanted is listened to, in case that it says otherwise."""
_STANDS_S: Final = 0.3
"""How long a device that has said otherwise must stand by what is wanted."""
_REPEATABLE: Final = frozenset(
    {"light", "switch", "fan", "climate", "humidifier", "water_heater", "lock", "number", "select", "text"}
)
"""Kinds to which the same command twice is the same as once; a garage door may take the second for "stop"."""
_OPPOSITE: Final = {Verb.ON: Verb.OFF, Verb.OFF: Verb.ON, Verb.LOCK: Verb.UNLOCK, Verb.UNLOCK: Verb.LOCK}
_UNDERWAY: Final = frozenset({"opening", "closing", "locking", "unlocking", "arming", "disarming", "pending"})
"""States that lead to another and deny nothing."""
_FAULTS: Final = (Unsupported, TemplateFault, ValueError, ArithmeticError)

Changed = Callable[[], anyio.Event]
"""Gives an event that is set when any device has spoken, or the connection has changed."""


class Control:
    """Carries out commands on the devices of a registry."""

    def __init__(self, link: Link, registry: Registry, changed: Changed) -> None:
        self._link, self._registry, self._changed = link, registry, changed

    async def command(self, commands: Sequence[Command], deadline_s: float) -> list[ActionReport]:
        """All of ``commands`` in parallel; a report for each, in order. Raises BrokerOffline when none answers."""
        begun = time.monotonic()
        await self._link.answers(deadline_s)
        deadline_s -= time.monotonic() - begun
        reports: dict[int, ActionReport] = {}
        wishes: dict[int, _Wish] = {}

        async def carry_out(number: int, command: Command) -> None:
            reports[number], wish = await self._one(command, deadline_s)
            if wish is not None:
                wishes[number] = wish

        async with anyio.create_task_group() as tasks:
            for number, command in enumerate(commands):
                tasks.start_soon(carry_out, number, command)
        return [self._as_of_now(reports[number], wishes.get(number)) for number in range(len(commands))]

    def _as_of_now(self, report: ActionReport, wish: "_Wish | None") -> ActionReport:
        """What was confirmed early may be otherwise by the time that the slowest of the others has answered."""
        if wish is None or report.confirmation is not Confirmation.CONFIRMED or wish.still_so():
            return report
        return replace(report, confirmation=Confirmation.FAILED, state=self._registry.state(report.device))

    async def _one(self, command: Command, deadline_s: float) -> tuple[ActionReport, "_Wish | None"]:
        begun = time.monotonic()
        before = self._registry.state(command.device)
        confirmation, wish = await self._carry_out(command, deadline_s)
        ms = round((time.monotonic() - begun) * 1000)
        after = self._registry.state(command.device)
        return ActionReport(command.device, command.change, confirmation, ms, after, before), wish

    async def _carry_out(self, command: Command, deadline_s: float) -> tuple[Confirmation, "_Wish | None"]:
        entity = self._registry.entity(command.device)
        if entity is None:
            return Confirmation.UNSUPPORTED, None
        if not self._registry.state(command.device).available:
            return Confirmation.UNAVAILABLE, None
        try:
            publications = entity.encode(command.change)
        except _FAULTS:
            return Confirmation.UNSUPPORTED, None
        wanted, beyond = _told_by(entity, command.change)
        wish = _Wish(self._registry, entity, wanted)
        with anyio.move_on_after(deadline_s) as whole:
            try:
                await self._publish(publications)
            except BrokerOffline:
                return Confirmation.UNCONFIRMED, None
            if not wanted:
                return Confirmation.ASSUMED, None
            repeated = publications if _repeatable(entity, command.change) else ()
            shown = await self._shown(wish, repeated, whole.deadline)
            return Confirmation.ASSUMED if shown and beyond else _verdict(wish, shown=shown), wish
        return _verdict(wish, shown=False), wish

    async def _publish(self, publications: Sequence[Publication]) -> None:
        # Never retained, even where the announcement asks for it: a lamp that comes back next week would obey again.
        await self._link.publish(publications, qos=1, retain=False)

    async def _shown(self, wish: "_Wish", repeated: Sequence[Publication], deadline: float) -> bool:
        """Whether the device shows what is wanted before ``deadline``, in the clock of the event loop."""
        left = deadline - anyio.current_time()
        if wish.vouched_for:
            with anyio.move_on_after(min(_QUIET_S, left)):
                return await self._stands_as_wanted(wish)
            return self._link.online and wish.still_so()
        with anyio.move_on_after(left / 2 if repeated else left):
            return await self._stands_as_wanted(wish)
        if not repeated:
            return False
        if wish.silent:
            try:
                await self._link.answers(deadline - anyio.current_time())
                await self._publish(repeated)
            except BrokerOffline:
                return False
        with anyio.move_on_after(deadline - anyio.current_time()):
            return await self._stands_as_wanted(wish)
        return False

    async def _stands_as_wanted(self, wish: "_Wish") -> bool:
        """Returns when the device shows what is wanted and stands by it; False when the connection is lost."""
        while self._link.online:
            if wish.shown_since():
                if not wish.denied:
                    return True
                with anyio.move_on_after(_STANDS_S):
                    while wish.shown_since():
                        await self._changed().wait()
                if wish.shown_since():
                    return self._link.online
                continue
            await self._changed().wait()
        return False


def _told_by(entity: Entity, change: Mapping[str, Value]) -> tuple[dict[str, Value], bool]:
    """The part of ``change`` that its state topics tell of, and whether there is another."""
    speaks_of = entity.speaks_of
    wanted = {key: value for key, value in change.items() if entity.key_of(key) in speaks_of}
    beyond = change.keys() - wanted.keys()
    implied = {entity.implied[key] for key in beyond if key in entity.implied} if VALUE in speaks_of else set()
    if len(implied) == 1:
        wanted.setdefault("state", implied.pop())
        beyond -= entity.implied.keys()
    return wanted, bool(beyond)


def _repeatable(entity: Entity, change: Mapping[str, Value]) -> bool:
    """Whether the same command again means the same: a payload that toggles would undo what was done in silence."""
    if entity.device.domain not in _REPEATABLE and change.keys() != {"position"}:
        return False
    verb = change.get("state")
    if verb is None:
        return True
    if verb not in _OPPOSITE:
        return False
    try:
        there, back = entity.encode({"state": verb}), entity.encode({"state": _OPPOSITE[Verb(str(verb))]})
    except _FAULTS:
        return False
    return there != back and not any("toggle" in str(message.payload).casefold() for message in there)


def _verdict(wish: "_Wish", *, shown: bool) -> Confirmation:
    if shown:
        return Confirmation.CONFIRMED
    return Confirmation.FAILED if wish.denies() else Confirmation.UNCONFIRMED


class _Wish:
    """What one device should show, and what it had said before it was told."""

    def __init__(self, registry: Registry, entity: Entity, wanted: Mapping[str, Value]) -> None:
        self._registry, self._entity, self._device, self._wanted = registry, entity, entity.device, wanted
        self._news = {key: self._news_of(key) for key in wanted}
        self._all_news = self._heard()
        alive = bool(entity.availability) or all(self._news.values())
        self.vouched_for = bool(wanted) and alive and self.still_so()
        """Whether it was as wanted before it was told, and is there: a retained message may be years old."""
        self.denied = False
        """Whether it has said otherwise since."""

    @property
    def silent(self) -> bool:
        """Whether it has said nothing at all since."""
        return self._heard() == self._all_news

    def still_so(self) -> bool:
        """Whether its last word, however old, is what is wanted."""
        return all(self._shows(key, value) for key, value in self._wanted.items())

    def shown_since(self) -> bool:
        """Whether all of it has been said since, live."""
        self.denied = self.denied or self.denies()
        return all(
            self._news_of(key) > self._news[key] and self._shows(key, value) for key, value in self._wanted.items()
        )

    def denies(self) -> bool:
        """Whether it has spoken since, and its last word is another than what is wanted."""
        return any(
            self._news_of(key) > self._news[key]
            and self._seen(key) not in (None, *_UNDERWAY)
            and not self._shows(key, value)
            for key, value in self._wanted.items()
        )

    def _news_of(self, key: str) -> int:
        return self._registry.news(self._device.id, self._entity.key_of(key))

    def _heard(self) -> int:
        return sum(self._registry.news(self._device.id, key) for key in self._entity.speaks_of)

    def _seen(self, key: str) -> Value | None:
        return self._registry.seen(self._device.id, self._entity.key_of(key))

    def _shows(self, key: str, wanted: Value) -> bool:
        seen = self._seen(key)
        return shows(key, wanted, seen, self._device.domain) or self._as_near_as_it_can(key, wanted, seen)

    def _as_near_as_it_can(self, key: str, wanted: Value, seen: Value | None) -> bool:
        """A fan of three speeds can't run at 50 %: it is told the same for what it shows as for what is wanted."""
        if isinstance(wanted, str | tuple) or not isinstance(seen, int | float):
            return False
        try:
            return self._entity.encode({key: seen}) == self._entity.encode({key: wanted})
        except _FAULTS:
            return False
