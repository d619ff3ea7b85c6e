"""The promised shapes of events as JSON."""

import json

from edge.devices import ActionReport, Confirmation, DeviceState, Verb
from edge.events import Acted, Reply, Timings, TurnEnded, as_json
from edge.intents import Intent, OutcomeKind, Tier

REPORT = ActionReport(
    "light.kitchen", {"state": Verb.ON, "color": (1, 2, 3)}, Confirmation.CONFIRMED, 12, DeviceState("on")
)


def test_turn_ended_carries_the_whole_turn() -> None:
    event = TurnEnded(
        turn="t1", at=4.7100001, text="turn on the kitchen light", language="en",
        intent=Intent("HassTurnOn", {"name": "Kitchen Light"}), tier=Tier.GRAMMAR, confidence=0.99,
        outcome=OutcomeKind.DONE, actions=(REPORT,), reply=Reply(text="Kitchen Light is on."),
        timings=Timings(endpoint_ms=600.0), session="s1",
    )  # fmt: skip
    row = json.loads(json.dumps(as_json(event)))
    assert list(row)[:3] == ["type", "turn", "at"]
    assert row["type"] == "turn_ended"
    assert row["at"] == 4.71
    assert (row["intent"]["name"], row["intent"]["slots"]) == ("HassTurnOn", {"name": "Kitchen Light"})
    assert (row["tier"], row["outcome"], row["session"]) == ("grammar", "done", "s1")
    assert row["actions"] == [
        {
            "device": "light.kitchen",
            "command": {"state": "ON", "color": [1, 2, 3]},
            "confirmed": True,
            "result": "confirmed",
            "ms": 12,
        }
    ]
    assert row["reply"] == {"text": "Kitchen Light is on.", "next_actions": [], "audio": None}
    assert set(row["timings"]) == {"wake_ms", "endpoint_ms", "stt_ms", "understand_ms", "act_ms", "first_audio_ms"}


def test_an_action_lies_flat_in_its_event() -> None:
    row = as_json(Acted(turn="t", at=1.0, report=REPORT))
    assert (row["type"], row["device"], row["confirmed"]) == ("acted", "light.kitchen", True)
