"""What people say about time, by the sentences of the skills."""

from typing import Any

import pytest

from edge.intents import Origin
from edge.understand.grammar import Grammar

ORIGIN = Origin("test")


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("set a timer for ten minutes called pasta", "HassStartTimer", {"minutes": 10, "name": "pasta"}),
        ("set a timer for twenty five minutes for the tea", "HassStartTimer", {"minutes": 25, "name": "tea"}),
        ("set a timer", "HassStartTimer", {}),
        ("set an hour and a half timer", "HassStartTimer", {"hours": 1, "minutes": 30}),
        ("set a timer for two and a half minutes", "HassStartTimer", {"minutes": 2, "seconds": 30}),
        ("timer for half an hour", "HassStartTimer", {"minutes": 30}),
        ("set a 9 minute timer for the pasta", "HassStartTimer", {"minutes": 9, "name": "pasta"}),
        ("start a timer called eggs for five minutes", "HassStartTimer", {"minutes": 5, "name": "eggs"}),
        ("delete my timers", "HassCancelAllTimers", {}),
        ("turn off the timer", "HassCancelTimer", {}),
        ("add another 5 minutes", "HassIncreaseTimer", {"minutes": 5}),
        ("make the pasta timer two minutes shorter", "HassDecreaseTimer", {"minutes": 2, "name": "pasta"}),
        ("how much longer", "HassTimerStatus", {}),
        ("when is the pasta timer done", "HassTimerStatus", {"name": "pasta"}),
        ("set an alarm", "HearthSetAlarm", {}),
        ("cancel all my alarms", "HearthCancelAlarm", {"all": True}),
        ("cancel my seven am alarm", "HearthCancelAlarm", {"about": "seven am"}),
        ("what time is it", "HassGetCurrentTime", {}),
        ("could you tell me the time in rome", "HassGetCurrentTime", {"place": "rome"}),
        ("what day is it today", "HassGetCurrentDate", {}),
        ("remind me to call mum at six", "HearthSetReminder", {"task": "call mum at six"}),
        ("don't let me forget the milk", "HearthSetReminder", {"task": "the milk"}),
        ("start the stopwatch", "HearthStopwatch", {}),
    ],
)
def test_intent_and_slots(grammar: Grammar, text: str, intent: str, slots: dict[str, Any]) -> None:
    found = grammar.understand(text, ORIGIN)
    assert found is not None
    assert (found.intent.name, dict(found.intent.slots)) == (intent, slots)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("set an alarm for 7:30 am", "7:30 am"),
        ("wake me up every weekday at seven", "every weekday at seven"),
        ("i need to be up at quarter to six tomorrow", "at quarter to six tomorrow"),
    ],
)
def test_an_alarm_hands_on_what_was_said_of_its_time(grammar: Grammar, text: str, when: str) -> None:
    found = grammar.understand(text, ORIGIN)
    assert found is not None
    assert (found.intent.name, found.intent.slots["when"]) == ("HearthSetAlarm", when)


@pytest.mark.parametrize(
    "text",
    ["how long is winter", "change your name to fred", "convert 100 dollars to euros", "have a good day", "how long until i am paid",
     "what do you do in your free time", "ten minutes", "stop", "okay", "thanks", "🙂", "'; DROP TABLE timers_timer", "x" * 10_000,
     "stelle einen wecker auf sieben"],
)  # fmt: skip
def test_what_is_not_about_time(grammar: Grammar, text: str) -> None:
    found = grammar.understand(text, ORIGIN)
    assert found is None or not found.intent.name.startswith(("Hearth", "HassGetCurrent"))


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("stop", "HearthSilence", {}), ("Okay.", "HearthSilence", {}), ("thank you", "HearthSilence", {}),
        ("turn it off", "HearthSilence", {}), ("stop the alarm", "HearthSilence", {}), ("dismiss", "HearthSilence", {}),
        ("i'm up", "HearthSilence", {}), ("snooze", "HearthSnooze", {}), ("snooze for ten minutes", "HearthSnooze", {"minutes": 10}),
        ("five more minutes", "HearthSnooze", {"minutes": 5}), ("in half an hour", "HearthSnooze", {"minutes": 30}),
    ],
)  # fmt: skip
def test_while_something_rings(short_grammar: Grammar, text: str, intent: str, slots: dict[str, Any]) -> None:
    found = short_grammar.understand(text, ORIGIN)
    assert found is not None
    assert (found.intent.name, dict(found.intent.slots)) == (intent, slots)


@pytest.mark.parametrize(
    "text", ["stop the vacuum", "turn off the kitchen light", "what time is it", "", "open the door"]
)
def test_other_commands_mean_what_they_mean_while_something_rings(short_grammar: Grammar, text: str) -> None:
    assert short_grammar.understand(text, ORIGIN) is None


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("set an alarm for seven and start a timer for ten minutes", ["HearthSetAlarm", "HassStartTimer"]),
        ("set an alarm for seven and an alarm for eight", ["HearthSetAlarm", "HearthSetAlarm"]),
        ("cancel the alarm for seven and the alarm for eight", ["HearthCancelAlarm"]),
        ("what time is it in london and set an alarm for seven", ["HassGetCurrentTime", "HearthSetAlarm"]),
        ("remind me to buy bread and set an alarm for seven", ["HearthSetReminder"]),
    ],
)
def test_where_free_text_ends(grammar: Grammar, text: str, intents: list[str]) -> None:
    found = grammar.understand(text, ORIGIN)
    assert found is not None
    assert [intent.name for intent in found.intents] == intents
