"""Several assistants on one real broker: who answers, who is there, and two that go by one name."""

import json
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import anyio
import pytest
from anyio.to_thread import run_sync

from edge.bench.several import Participant, Utterance, participants, utter
from edge.checks import _several
from edge.home.broker import Broker
from edge.home.house import MqttHouse
from edge.identity import boot, identity
from edge.ports import Neighbour
from edge.sections import MqttSettings
from edge.session.arbiter import Arbiter, Place, decode, encode
from edge.session.arbitration import Bid, Standing, Step
from edge.settings import Settings
from tests.brokers import Mosquitto
from tests.several import at, living, until

pytestmark = pytest.mark.anyio
_CALM_S = 180.0
"""How long it is waited for moments in which a machine does little else."""


# -- who answers ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def delays(running: Mosquitto) -> AsyncIterator[Callable[[float, float], float]]:
    """Yields a function: the longest that a message took on its way through the broker between two times, in seconds."""
    took: list[tuple[float, float]] = []
    client = aiomqtt.Client(running.address.host, running.address.port)

    async def send() -> None:
        while True:
            await client.publish("delay", str(time.monotonic()))
            await anyio.sleep(0.02)

    async def take() -> None:
        async for message in client.messages:
            sent = float(bytes(message.payload))  # type: ignore[arg-type]
            took.append((sent, time.monotonic() - sent))

    async with client, anyio.create_task_group() as tasks:
        await client.subscribe("delay")
        tasks.start_soon(send)
        tasks.start_soon(take)
        yield lambda begun, ended: max((delay for sent, delay in took if begun - 0.1 <= sent <= ended), default=1.0)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(("loss", "lanes", "each"), [(0.0, 2, 5), (0.05, 3, 17)])
async def test_of_fifty_overlapping_wakes_each_is_answered_by_exactly_one(
    running: Mosquitto, loss: float, lanes: int, each: int
) -> None:
    """The other 950 are in scripts/arbitration_campaign.py.

    Claims are compared 100 ms after the word. What was said while a machine with other work held messages back for
    half as long says nothing about the rules, and is said again; where hardly a second is without other work, fewer
    have to do.
    """
    chance = random.Random(1)
    done: list[Utterance] = []

    async def lane(
        everybody: list[Participant], word: str, chance: random.Random, held_up: Callable[..., float]
    ) -> None:
        counted = 0
        while counted < each:
            begun, utterance = time.monotonic(), Utterance(word, chance.uniform(0.7, 1.1))
            await utter(everybody, utterance, chance)
            await anyio.sleep(0.4)  # what comes sooner after it is the same utterance
            if held_up(begun, time.monotonic() - 0.2) < 0.05:
                done.append(utterance)
                counted += 1

    async with (
        delays(running) as held_up,
        participants(at(running), 3, loss, chance) as everybody,
        anyio.create_task_group() as speaking,
    ):
        speaking.cancel_scope.deadline = anyio.current_time() + _CALM_S
        for number in range(lanes):
            speaking.start_soon(lane, everybody, f"word{number}", random.Random(number), held_up)
    assert [len(utterance.answered) for utterance in done] == [1] * len(done)
    assert len(done) >= lanes * each // 5
    assert all(len(utterance.heard_at) == 3 for utterance in done)
    assert len({utterance.answered[0] for utterance in done}) > 1, "it is not always the same one"


async def test_when_the_best_is_killed_the_next_best_answers(running: Mosquitto) -> None:
    async with delays(running) as held_up:
        # As above: where messages were held back, it is said again.
        for _ in range(10):
            async with participants(at(running), 3, 0.0, random.Random(1)) as everybody:
                begun, utterance = time.monotonic(), Utterance("alexa", 0.8)
                async with anyio.create_task_group() as hearing:
                    for one, loudness_db, dies in zip(everybody, (20.0, 30.0, 10.0), (None, 0.4, None), strict=True):
                        hearing.start_soon(one.hear, utterance, loudness_db, dies)
            if held_up(begun, time.monotonic() - 0.2) < 0.05:
                break
    assert utterance.answered == [0]
    assert everybody[1].post.dead


async def test_without_a_broker_each_answers_for_itself_at_once() -> None:
    async with MqttHouse(Broker(host="127.0.0.1", port=1)) as house, anyio.create_task_group() as tasks:
        arbiter = Arbiter(house.post, Place("a", "home"), lambda: False)
        tasks.start_soon(arbiter.serve)
        waited = []
        for _ in range(5):
            with arbiter.claim("alexa", 10.0, 0.0) as claim, anyio.fail_after(30):
                before = arbiter.clock()
                await claim.permit()
                waited.append(claim.since - before)
                assert claim.standing is Standing.SETTLED
        assert min(waited) < 0.05, "it waited for nobody"
        tasks.cancel_scope.cancel()


async def test_the_claim_is_a_message_that_nobody_keeps(running: Mosquitto) -> None:
    async with (
        participants(at(running), 1, 0.0, random.Random(1)) as (only,),
        aiomqtt.Client(running.address.host, running.address.port) as listener,
    ):
        await listener.subscribe("hearthside/+/wake")
        with only.arbiter.claim("alexa", 12.34, 0.02) as claim:
            await claim.permit()
            with anyio.fail_after(30):
                messages = [await anext(aiter(listener.messages)) for _ in range(5)]
    said = [json.loads(bytes(message.payload)) for message in messages]  # type: ignore[arg-type]
    assert {message.topic.value for message in messages} == {"hearthside/site0/wake"}
    # On a busy machine a claim that comes too late is left out.
    steps = [one["step"] for one in said]
    assert (steps[0], steps[-1], steps) == ("claim", "lead", sorted(steps))
    first = said[0]
    age = first.pop("age_ms")
    assert 20 <= age < 30_000, "milliseconds"
    assert first.pop("wake")
    assert first == {"who": "id0", "word": "alexa", "earshot": "house", "score_db": 12.3, "step": "claim", "area": None}
    assert not any(message.retain for message in messages)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"who": 1, "wake": "w", "word": "a", "earshot": "h", "score_db": 1, "step": "claim", "age_ms": 1}',
        b'{"who": "a", "wake": "w", "word": "a", "earshot": "h", "score_db": NaN, "step": "claim", "age_ms": 1}',
        b'{"who": "a", "wake": "w", "word": "a", "earshot": "h", "score_db": 1e999, "step": "claim", "age_ms": 1}',
        b'{"who": "a", "wake": "w", "word": "a", "earshot": "h", "score_db": true, "step": "claim", "age_ms": 1}',
        b'{"who": "a", "wake": "w", "word": "a", "earshot": "h", "score_db": 1, "step": "boss", "age_ms": 1}',
        b'{"who": "a", "wake": "w", "word": "a", "earshot": "h", "score_db": 1, "step": "claim", "age_ms": -1}',
        b'{"who": "a", "wake": "w", "word": "a", "earshot": "h", "score_db": 1, "step": "claim", "age_ms": 1e9}',
        b'{"who": "' + b"a" * 2000 + b'"}',
        b"[" * 990,
    ],
)
def test_what_is_no_claim_is_told(payload: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # every reason is one
        decode(payload)


def test_a_claim_survives_the_network() -> None:
    bid = Bid("a-1", "w", "okay_nabu", "Haus 🏠", 21.4, Step.LEAD, 1.2345)
    assert decode(encode(bid, "Küche").encode()) == (
        Bid("a-1", "w", "okay_nabu", "Haus 🏠", 21.4, Step.LEAD, 1.2345),
        "Küche",
    )


# -- who is there -----------------------------------------------------------------------------------------------------


async def test_they_know_of_each_other_and_of_who_leaves(running: Mosquitto) -> None:
    async with living(running, "a", "one", "Kitchen") as first:
        await until(lambda: first.neighbours.alone)
        async with living(running, "b", "two", "Bedroom") as second:
            await until(lambda: second.neighbours.known() == [Neighbour("a", "one", "Kitchen")])
            await until(lambda: first.neighbours.known() == [Neighbour("b", "two", "Bedroom")])
            assert not first.neighbours.alone
        await until(lambda: first.neighbours.alone)


async def test_all_answer_and_whoever_is_meant_alone(running: Mosquitto) -> None:
    async with (
        living(running, "a", "one") as first,
        living(running, "b", "two") as second,
        living(running, "c", "three") as third,
    ):

        def responder(name: str) -> object:
            async def respond(by: Neighbour, body: Mapping[str, object]) -> Mapping[str, object] | None:
                return {"heard": body["text"], "from": by.id, "me": name} if body["text"] != "hush" else None

            return respond

        for one in (second, third):
            one.neighbours.respond("echo", responder(one.neighbours.me.id))  # type: ignore[arg-type]
        await until(lambda: len(first.neighbours.known()) == 2)
        await first.neighbours.survey()
        answers = await first.neighbours.ask("echo", {"text": "hello"}, 30.0)
        assert sorted((a.by.site, dict(a.body)["me"]) for a in answers) == [("three", "c"), ("two", "b")]
        (only,) = await first.neighbours.ask("echo", {"text": "hello"}, 30.0, to=[second.neighbours.me])
        assert only.body == {"heard": "hello", "from": "a", "me": "b"}
        assert await first.neighbours.ask("echo", {"text": "hush"}, 0.2) == []
        assert await first.neighbours.ask("unheard of", {}, 0.2) == []


async def test_two_that_go_by_one_name_are_noticed_by_both_once(
    running: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "edge.session.neighbours")
    async with living(running, "a", "home", "Kitchen") as first, living(running, "b", "home", "Bedroom") as second:
        await until(lambda: first.neighbours.collisions and second.neighbours.collisions)
        await first.neighbours.survey()
        assert [n.id for n in first.neighbours.collisions] == ["b"]
        assert [n.id for n in first.neighbours.known()] == ["b"], "they still hear of each other"
    lines = {record.getMessage() for record in caplog.records}
    assert lines == {
        f"another assistant, in {room}, is called 'home' in topics, too — set mqtt.site to a name of its own for each"
        for room in ("Kitchen", "Bedroom")
    }
    assert len(caplog.records) == 2


async def test_a_copied_data_directory_is_noticed_and_a_second_process_of_ours_is_not(running: Mosquitto) -> None:
    async with living(running, "a", "home", boot="this") as ours:
        async with living(running, "a", "home", boot="this", answers=False) as brief:
            await brief.neighbours.survey()
        async with living(running, "c", "other", boot="this") as other:
            await until(lambda: ours.neighbours.known() == [other.neighbours.me])
        assert ours.neighbours.collisions == []
        async with living(running, "a", "home", boot="that"):
            await until(lambda: ours.neighbours.collisions)


async def test_nonsense_on_its_topics_does_no_harm(running: Mosquitto) -> None:
    async with living(running, "a", "one") as first, living(running, "b", "two") as second:
        await until(lambda: first.neighbours.known() and second.neighbours.known())
        async with aiomqtt.Client(running.address.host, running.address.port) as stranger:
            for payload in (
                b"",
                b"[]",
                b"{}",
                b"\xff\xfe",
                b'{"from": {"id": 5}}',
                b'{"from": {"id": "x"}, "to": 7, "body": []}',
                b"[" * 100_000,
            ):
                await stranger.publish("hearthside/two/house/who", payload)
                await stranger.publish("hearthside/two/house/answer", payload)
        assert [n.id for n in await first.neighbours.survey(3.0)] == ["b"]


async def test_check_tells_who_is_there_and_who_goes_by_our_name(
    running: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The others have so long to say that they are there; they share this process.
    monkeypatch.setattr("edge.checks._NEIGHBOURS_S", 4.0)
    monkeypatch.setattr("edge.checks._BROKER_S", 30.0)
    mqtt = MqttSettings(host=running.address.host, port=running.address.port, site="kitchen")
    settings = Settings(data_dir=tmp_path, mqtt=mqtt).model_copy(update={"data_dir": tmp_path})

    async def rows() -> list[tuple[bool, str, str]]:
        return [(row["ok"], row["found"], row["remedy"]) for row in await run_sync(lambda: list(_several(settings)))]

    async with living(running, "b", "bedroom", "Bedroom"), living(running, identity(tmp_path), "kitchen", boot=boot()):
        assert await rows() == [(True, "Bedroom", "")]
        async with living(running, "c", "kitchen", "Office"):
            assert await rows() == [
                (
                    False,
                    "another assistant, in Office, is called 'kitchen' in topics, too",
                    "set mqtt.site to a name of its own for each",
                ),
                (True, "Bedroom, Office", ""),
            ]
