"""Command, then confirm: a device did what was asked when its own words, spoken after the command, say so.

The rules, in order:

1. A device that has said it is away is not bothered: UNAVAILABLE.
2. A change that it has no topic for is not sent: UNSUPPORTED.
3. What it has no topic to report, nobody can confirm: ASSUMED, once the broker has taken the message.
4. Every other part of the change must be shown by a message that arrived after the command and was not a retained one.
   A device that already was as wanted may stay silent, if it has spoken since we listen or its availability topic says
   that it is there: then its last word stands, unless it says otherwise.
5. Otherwise UNCONFIRMED. When the connection is lost meanwhile, that is known at once.
"""

import time
from collections.abc import Callable, Mapping, Sequence

import anyio

from edge.devices import ActionReport, Command, Confirmation, Value
from edge.errors import BrokerOffline
from edge.home.broker import Link
from edge.home.entity import Entity, Unsupported, key_of, shows
from edge.home.registry import Registry
from edge.home.templates import TemplateFault

_QUIET_S = 0.5
"""How long a device that already is as wanted is listened to, in case that it says otherwise."""

Changed = Callable[[], anyio.Event]
"""Gives an event that is set when any device has spoken, or the connection has changed."""


class Control:
    """Carries out commands on the devices of a registry."""

    def __init__(self, link: Link, registry: Registry, changed: Changed) -> None:
        self._link, self._registry, self._changed = link, registry, changed

    async def command(self, commands: Sequence[Command], deadline_s: float) -> list[ActionReport]:
        """All of ``commands`` in parallel; a report for each, in order. Raises BrokerOffline when there is none."""
        if not self._link.online:
            raise self._link.offline()
        reports: dict[int, ActionReport] = {}

        async def carry_out(number: int, command: Command) -> None:
            reports[number] = await self._one(command, deadline_s)

        async with anyio.create_task_group() as tasks:
            for number, command in enumerate(commands):
                tasks.start_soon(carry_out, number, command)
        return [reports[number] for number in range(len(commands))]

    async def _one(self, command: Command, deadline_s: float) -> ActionReport:
        begun = time.monotonic()
        before = self._registry.state(command.device)
        confirmation = await self._carry_out(command, deadline_s)
        ms = round((time.monotonic() - begun) * 1000)
        after = self._registry.state(command.device)
        return ActionReport(command.device, command.change, confirmation, ms, after, before)

    async def _carry_out(self, command: Command, deadline_s: float) -> Confirmation:
        entity = self._registry.entity(command.device)
        if entity is None:
            return Confirmation.UNSUPPORTED
        if not self._registry.state(command.device).available:
            return Confirmation.UNAVAILABLE
        try:
            publications = entity.encode(command.change)
        except (Unsupported, TemplateFault, ValueError, ArithmeticError):
            return Confirmation.UNSUPPORTED
        wanted = {key: value for key, value in command.change.items() if key_of(key) in entity.speaks_of}
        wish = _Wish(self._registry, entity, wanted)
        try:
            await self._link.publish(publications, qos=1, retain=False)
        except BrokerOffline:
            return Confirmation.UNCONFIRMED
        if len(wanted) < len(command.change):
            return Confirmation.ASSUMED
        return await self._confirmed(wish, deadline_s)

    async def _confirmed(self, wish: "_Wish", deadline_s: float) -> Confirmation:
        patience = min(_QUIET_S, deadline_s) if wish.vouched_for else deadline_s
        with anyio.move_on_after(patience):
            while not wish.shown_since():
                if not self._link.online:
                    return Confirmation.UNCONFIRMED
                await self._changed().wait()
        done = wish.shown_since() or (wish.vouched_for and wish.still_so() and self._link.online)
        return Confirmation.CONFIRMED if done else Confirmation.UNCONFIRMED


class _Wish:
    """What one device should show, and what it had said before it was told."""

    def __init__(self, registry: Registry, entity: Entity, wanted: Mapping[str, Value]) -> None:
        self._registry, self._device, self._wanted = registry, entity.device, wanted
        self._encode = entity.encode
        self._news = {key: registry.news(entity.device.id, key_of(key)) for key in wanted}
        alive = bool(entity.availability) or all(self._news.values())
        self.vouched_for = alive and self.still_so()
        """Whether it was as wanted before it was told, and is there: a retained message may be years old."""

    def still_so(self) -> bool:
        """Whether its last word, however old, is what is wanted."""
        return all(self._shows(key, value) for key, value in self._wanted.items())

    def shown_since(self) -> bool:
        """Whether all of it has been said since, live."""
        return all(
            self._registry.news(self._device.id, key_of(key)) > self._news[key] and self._shows(key, value)
            for key, value in self._wanted.items()
        )

    def _shows(self, key: str, wanted: Value) -> bool:
        seen = self._registry.seen(self._device.id, key_of(key))
        return shows(key, wanted, seen, self._device.domain) or self._as_near_as_it_can(key, wanted, seen)

    def _as_near_as_it_can(self, key: str, wanted: Value, seen: Value | None) -> bool:
        """A fan of three speeds can't run at 50 %: it is told the same for what it shows as for what is wanted."""
        if isinstance(wanted, str | tuple) or not isinstance(seen, int | float):
            return False
        try:
            return self._encode({key: seen}) == self._encode({key: wanted})
        except (Unsupported, TemplateFault, ValueError, ArithmeticError):
            return False
