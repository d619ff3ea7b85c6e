"""Conversations, spoken and written, with real engines, a real broker and devices that answer."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import numpy as np
import pytest
from pydantic import SecretStr

from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.speaker import WavSink
from edge.cli.play import play_one
from edge.events import AnyEvent, FollowUp, TurnEnded, Understood, Woke, as_json
from edge.home.demo import DEVICES, SimulatedHome
from edge.intents import OutcomeKind, Tier
from edge.sections import ConfirmSettings, KpiSettings, ListenSettings, MqttSettings
from edge.settings import Settings
from tests.brokers import Mosquitto
from tests.sounds import Pcm, Say, quiet
from tests.told import tells

pytestmark = pytest.mark.anyio
ASK = ConfirmSettings(unlock="ask")
PIN = ConfirmSettings(unlock="pin", pin=SecretStr("1234"))


@asynccontextmanager
async def talking(
    broker: Mosquitto,
    folder: Path,
    *,
    hears: bool = False,
    confirm: ConfirmSettings = ASK,
    listen: ListenSettings | None = None,
    kpi: KpiSettings | None = None,
) -> AsyncIterator[Assistant]:
    address = broker.address
    settings = Settings(
        data_dir=folder,
        mqtt=MqttSettings(host=address.host, port=address.port, confirm_s=20.0),
        confirm=confirm,
        listen=listen or ListenSettings(),
        kpi=kpi or KpiSettings(),
    )
    async with assistant(settings, hears=hears, sink=WavSink(None) if hears else None) as running:
        if hears:
            await running.ready()
        await running.house.settled(30)
        yield running


async def hear(running: Assistant, sound: Pcm) -> tuple[list[TurnEnded], list[AnyEvent]]:
    events: list[AnyEvent] = []
    turns = await play_one(running, sound, realtime=False, no_wake=False, report=events.append)
    return turns, events


def spoken(say: Say, *pieces: str | float) -> Pcm:
    """What is said, with so many seconds of quiet between."""
    sounds = [say(piece) if isinstance(piece, str) else quiet(piece) for piece in pieces]
    return np.concatenate([quiet(1.0), *sounds, quiet(0.5)])


async def said(running: Assistant, text: str, session: str = "s", area: str | None = None) -> TurnEnded:
    ended = (await running.ask(text, area, session))[-1]
    assert isinstance(ended, TurnEnded)
    return ended


# -- spoken -----------------------------------------------------------------------------------------------------------


async def test_a_question_is_answered_without_a_wake_word(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    async with talking(broker, tmp_path, hears=True) as running:
        turns, events = await hear(running, spoken(say, "Alexa, unlock the front door.", 2.0, "Yes, please."))
    asked, answered = turns
    assert asked.reply.text == "Shall I unlock Front Door?"
    assert asked.actions == ()
    assert asked.question is not None
    assert answered.outcome is OutcomeKind.DONE
    assert answered.tier is Tier.CONTEXT
    assert home.state("front_door")["state"] == "UNLOCKED"
    assert answered.session == asked.session
    assert answered.turn != asked.turn
    kinds = [type(event).__name__ for event in events if event.turn == answered.turn]
    order = ["FollowUp", "SpeechStarted", "SpeechEnded", "Transcribed", "Understood", "Acted", "ReplyReady"]
    assert [kind for kind in kinds if kind in order] == order
    assert kinds[-1] == "TurnEnded"
    assert len([event for event in events if isinstance(event, Woke)]) == 1


async def test_nobody_answers_and_nothing_is_said(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    async with talking(broker, tmp_path, hears=True) as running:
        turns, events = await hear(running, spoken(say, "Alexa, unlock the front door.", 40.0))
    assert [turn.outcome for turn in turns] == [OutcomeKind.NOT_UNDERSTOOD, OutcomeKind.SILENCE]
    assert turns[1].reply.text == ""
    listened = next(event for event in events if isinstance(event, FollowUp))
    assert listened.for_s == 6.0
    # The one counts what was computed since the last sound, too.
    assert 3.0 < turns[1].at - listened.at < 30.0, "it did not listen to the end"
    assert home.state("front_door")["state"] == "LOCKED"


async def test_a_wake_word_goes_before_an_answer(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    sound = spoken(say, "Alexa, unlock the front door.", 2.5, "Alexa, turn on the kitchen light.", 1.0)
    async with talking(broker, tmp_path, hears=True) as running:
        turns, _ = await hear(running, sound)
    assert home.state("kitchen_light")["state"] == "ON"
    assert home.state("front_door")["state"] == "LOCKED"
    assert turns[-1].outcome is OutcomeKind.DONE
    assert len({turn.session for turn in turns}) == 1


async def test_it_does_not_listen_on_where_that_is_switched_off(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    sound = spoken(say, "Alexa, unlock the front door.", 2.0, "Yes, please.")
    async with talking(broker, tmp_path, hears=True, listen=ListenSettings(follow_up_s=0)) as running:
        turns, events = await hear(running, sound)
    assert len(turns) == 1
    assert not [event for event in events if isinstance(event, FollowUp)]
    assert home.state("front_door")["state"] == "LOCKED"


async def test_one_may_go_on_after_any_answer_where_that_is_wished(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    sound = spoken(
        say,
        "Alexa, turn on the kitchen light.",
        2.0,
        "And the bedroom too.",
        2.0,
        "I saw a film about bees yesterday.",
        2.0,
    )
    async with talking(broker, tmp_path, hears=True, listen=ListenSettings(follow_up="always")) as running:
        turns, _ = await hear(running, sound)
    assert home.state("bedroom_light")["state"] == "ON"
    assert [turn.outcome for turn in turns[:2]] == [OutcomeKind.DONE, OutcomeKind.DONE]
    assert [turn.reply.text for turn in turns[2:]] in ([""], ["", ""]), "what is not meant for it, it does not answer"


async def test_a_spoken_pin_opens_and_is_in_no_event(
    home: SimulatedHome, broker: Mosquitto, say: Say, tmp_path: Path
) -> None:
    sound = spoken(say, "Alexa, unlock the front door.", 2.0, "One, two, three, four.")
    async with talking(broker, tmp_path, hears=True, confirm=PIN) as running:
        turns, events = await hear(running, sound)
    assert turns[0].reply.text == "What is the PIN?"
    assert home.state("front_door")["state"] == "UNLOCKED", turns[1].text
    after_the_question = [json.dumps(as_json(event)) for event in events if event.turn == turns[1].turn]
    for line in after_the_question:
        assert not tells(line, "1234")
        assert "three" not in line.casefold()
    assert "•" in turns[1].text


# -- written ----------------------------------------------------------------------------------------------------------


async def test_a_written_conversation(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> None:
    async with talking(broker, tmp_path) as running:
        assert (await said(running, "turn on the kitchen light")).outcome is OutcomeKind.DONE
        blue = await said(running, "make it blue")
        assert blue.intent is not None
        assert dict(blue.intent.slots) == {"name": "Kitchen Light", "color": "blue"}
        assert home.state("kitchen_light")["color"] == {"r": 0, "g": 0, "b": 255}
        await said(running, "turn on the kitchen light")
        assert (await said(running, "and the bedroom too")).actions[0].device == "light.bedroom_light"
        assert (await said(running, "what about the living room")).actions[0].device == "light.living_room_lamp"
        assert (await said(running, "turn it off again")).outcome is OutcomeKind.DONE
        assert home.state("living_room_lamp")["state"] == "OFF"
        assert home.state("bedroom_light")["state"] == "ON"
        assert (await said(running, "make it blue", session="another")).outcome is OutcomeKind.NOT_UNDERSTOOD


async def test_it_is_put_back_how_it_was(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> None:
    async with talking(broker, tmp_path) as running:
        await said(running, "set the living room lamp to 30 percent")
        assert home.state("living_room_lamp")["state"] == "ON"
        undone = await said(running, "turn it back")
        assert undone.outcome is OutcomeKind.DONE
        assert undone.reply.text == "Living Room Lamp is back as before."
        assert home.state("living_room_lamp")["state"] == "OFF"
        await said(running, "set the thermostat to 23 degrees")
        await said(running, "undo that")
        assert home.state("thermostat")["temperature"] == 20.0


async def test_the_wrong_lamp_is_put_back_and_the_right_one_lit(
    home: SimulatedHome, broker: Mosquitto, tmp_path: Path
) -> None:
    async with talking(broker, tmp_path) as running:
        await said(running, "turn on the kitchen light")
        corrected = await said(running, "no, I meant the bedroom")
    assert home.state("kitchen_light")["state"] == "OFF"
    assert home.state("bedroom_light")["state"] == "ON"
    assert corrected.reply.text == "Bedroom Light is on. Kitchen Light is back as before."


async def test_namesakes_are_told_apart_by_their_rooms(broker: Mosquitto, tmp_path: Path) -> None:
    twins = (
        *DEVICES,
        ("switch", "heater_bedroom", "Heater", "Bedroom", {}, "OFF"),
        ("switch", "heater_kitchen", "Heater", "Kitchen", {}, "OFF"),
    )
    async with SimulatedHome(broker.address, twins) as house, talking(broker, tmp_path) as running:
        asked = await said(running, "turn on the heater")
        assert asked.reply.text == "There is more than one Heater: Bedroom or Kitchen?"
        assert asked.question is not None
        assert asked.question.choices == ("Bedroom", "Kitchen")
        assert (await said(running, "the kitchen one")).outcome is OutcomeKind.DONE
        assert house.state("heater_kitchen")["state"] == "ON"
        assert house.state("heater_bedroom")["state"] == "OFF"
        await said(running, "no, the other one")
        assert house.state("heater_kitchen")["state"] == "OFF"
        assert house.state("heater_bedroom")["state"] == "ON"


async def test_a_question_may_be_declined_ignored_or_passed_over(
    home: SimulatedHome, broker: Mosquitto, tmp_path: Path
) -> None:
    async with talking(broker, tmp_path) as running:
        for answer, outcome in (
            ("no thanks", OutcomeKind.CANCELLED),
            ("never mind", OutcomeKind.CANCELLED),
            ("turn on the kitchen light", OutcomeKind.DONE),
            ("the moon is made of cheese", OutcomeKind.NOT_UNDERSTOOD),
        ):
            assert (await said(running, "unlock the front door")).question is not None
            assert (await said(running, answer)).outcome is outcome
            late = await said(running, "yes")
            assert late.actions == (), "the question is over"
    assert home.state("kitchen_light")["state"] == "ON"
    assert home.commands("front_door") == []


async def test_a_written_pin_is_in_no_event(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> None:
    async with talking(broker, tmp_path, confirm=PIN) as running:
        seen: list[str] = []
        with running.bus.subscribe(256) as events:
            assert (await said(running, "unlock the front door")).reply.text == "What is the PIN?"
            assert (await said(running, "4 3 2 1")).reply.text == "That is not the PIN. Try again?"
            assert home.commands("front_door") == []
            opened = await said(running, "1234")
            seen = [json.dumps(as_json(event)) + repr(event) for event in events.pending()]
    assert opened.outcome is OutcomeKind.DONE
    assert opened.text == "•"
    assert home.state("front_door")["state"] == "UNLOCKED"
    assert not [line for line in seen if tells(line, "1234", "4321", "4 3 2 1")]


async def test_a_sure_sentence_unlocks_at_once_as_a_rule(
    home: SimulatedHome, broker: Mosquitto, tmp_path: Path
) -> None:
    async with talking(broker, tmp_path, confirm=ConfirmSettings()) as running:
        assert (await said(running, "unlock the front door")).outcome is OutcomeKind.DONE
        assert (await said(running, "lock it again")).outcome is OutcomeKind.DONE
        undone = await said(running, "undo that")
        assert undone.actions == ()
        assert undone.reply.text == "Shall I unlock Front Door?"
        assert home.state("front_door")["state"] == "LOCKED"


async def test_who_was_asked_and_what_it_cost(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> None:
    async with talking(broker, tmp_path) as running:
        first, second = (
            await running.ask("turn on the kitchen light", None, "s"),
            await running.ask("make it blue", None, "s"),
        )
    for events, tier in ((first, Tier.GRAMMAR), (second, Tier.CONTEXT)):
        understood = next(event for event in events if isinstance(event, Understood))
        assert understood.tier is tier
        assert list(understood.asked)[-1] is tier
        assert as_json(understood)["asked"][tier.value] >= 0


# -- later ------------------------------------------------------------------------------------------------------------


async def test_a_command_for_later_is_done_by_the_running_assistant(
    home: SimulatedHome, broker: Mosquitto, tmp_path: Path
) -> None:
    async with talking(broker, tmp_path) as running:
        later = await said(running, "turn on the kitchen light in two seconds")
        assert later.outcome is OutcomeKind.DONE
        assert later.reply.text == "I'll do that in 2 seconds."
        assert later.actions == ()
        with anyio.fail_after(30):
            while home.state("kitchen_light")["state"] != "ON":
                await anyio.sleep(0.05)
        asked = await said(running, "unlock the front door in two seconds")
        assert asked.reply.text == "Shall I unlock Front Door?"
        assert home.state("front_door")["state"] == "LOCKED"
