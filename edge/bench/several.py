"""Several assistants that hear the same wake words, on one real broker: who answers, and how soon that is agreed on.

Ears and turns are played: an assistant hears a word as loud and as late as it is told, listens for as long as the
command lasts, and would then act. What decides between them, and what carries it, is what runs in the assistant.
"""

import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import anyio

from edge.home.broker import Broker
from edge.home.house import MqttHouse
from edge.ports import Post, Taken
from edge.session.arbiter import Arbiter, Place
from edge.session.arbitration import Standing


class LossyPost:
    """A :class:`edge.ports.Post` of which a part of what comes in is lost, each message by itself."""

    def __init__(self, post: Post, loss: float, chance: random.Random) -> None:
        """``loss``: 0–1."""
        self._post, self._loss, self._chance = post, loss, chance
        self.dead = False
        """Killed: nothing goes out or comes in any more."""
        self.sent = 0

    @property
    def online(self) -> bool:
        """Whether the broker is connected now."""
        return self._post.online

    async def publish(self, topic: str, payload: str | bytes, *, qos: int = 1, retain: bool = False) -> None:
        """As the post within."""
        if not self.dead:
            self.sent += 1
            await self._post.publish(topic, payload, qos=qos, retain=retain)

    async def listen(self, filters: Sequence[str], take: Callable[[Taken], None]) -> None:
        """As the post within, but for what is lost."""

        def some(taken: Taken) -> None:
            if not self.dead and self._chance.random() >= self._loss:
                take(taken)

        await self._post.listen(filters, some)

    async def next_connection(self, after: int) -> int:
        """As the post within."""
        return await self._post.next_connection(after)


@dataclass(slots=True)
class Utterance:
    """A wake word and its command, and what became of it."""

    word: str
    command_s: float
    """From the wake word to the end of the command."""
    killed: int | None = None
    """Which assistant dies, if any; at a moment before the command is over."""
    heard_at: list[float] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    decided_at: float = 0.0
    """When the last of all had stopped changing its mind."""

    @property
    def decision_s(self) -> float:
        """From the first who heard the word to when all knew who answers."""
        return self.decided_at - min(self.heard_at)


class Participant:
    """One assistant."""

    def __init__(self, number: int, post: LossyPost) -> None:
        self.number, self.post = number, post
        self.arbiter = Arbiter(post, Place(f"id{number}", f"site{number}"), lambda: False)

    async def hear(self, utterance: Utterance, loudness_db: float, dies_after_s: float | None) -> None:
        """Claim it, listen, and answer if it falls to this one."""
        heard_at = time.monotonic()
        utterance.heard_at.append(heard_at)
        with anyio.CancelScope() as life:
            if dies_after_s is not None:
                life.deadline = anyio.current_time() + dies_after_s
            await self._turn(utterance, loudness_db, heard_at + utterance.command_s)
        if life.cancelled_caught:
            self.post.dead = True

    async def _turn(self, utterance: Utterance, loudness_db: float, ends_at: float) -> None:
        def give_way(to: str) -> None:
            utterance.decided_at = max(utterance.decided_at, time.monotonic())
            attempt.cancel()

        with self.arbiter.claim(utterance.word, loudness_db, 0.0) as claim:
            while claim.standing is not Standing.LOST:
                with anyio.CancelScope() as attempt, claim.giving_way(give_way):
                    await anyio.sleep(max(0.0, ends_at - time.monotonic()))
                    since = claim.since
                    await claim.permit()
                    utterance.decided_at = max(utterance.decided_at, since)
                    utterance.answered.append(self.number)
                    return
                await claim.falls_to_us()


@asynccontextmanager
async def participants(
    broker: Broker, count: int, loss: float, chance: random.Random
) -> AsyncIterator[list[Participant]]:
    """``count`` assistants on ``broker``, each with a connection of its own."""
    async with AsyncExitStack() as stack:
        everybody = []
        for number in range(count):
            house = await stack.enter_async_context(MqttHouse(broker, site=f"site{number}"))
            await house.settled(5.0)
            everybody.append(Participant(number, LossyPost(house.post, loss, random.Random(chance.random()))))  # noqa: S311  # losses are to be the same in every run
        tasks = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(tasks.cancel_scope.cancel)
        for one in everybody:
            tasks.start_soon(one.arbiter.serve)
        await _hear_each_other(everybody)
        yield everybody


async def _hear_each_other(everybody: Sequence[Participant]) -> None:
    """Returns when the broker has acknowledged that all listen."""
    for one in everybody:
        await one.post.listen(["hearthside/bench/ready"], lambda taken: None)


async def utter(everybody: Sequence[Participant], utterance: Utterance, chance: random.Random) -> None:
    """All of ``everybody`` hear ``utterance``, as loud and as soon as chance has it; returns when all is quiet."""
    async with anyio.create_task_group() as hearing:
        for one in everybody:
            dies = chance.uniform(0.0, utterance.command_s) if one.number == utterance.killed else None
            hearing.start_soon(
                _hear_late, one, utterance, chance.uniform(6.0, 40.0), abs(chance.gauss(0.0, 0.03)), dies
            )


async def _hear_late(
    one: Participant, utterance: Utterance, loudness_db: float, late_s: float, dies_after_s: float | None
) -> None:
    await anyio.sleep(late_s)
    await one.hear(utterance, loudness_db, dies_after_s)
