"""What the bridge is told of a turn, and how small that is on the wire."""

import random

import msgspec

from cloud_sync.protocol.clock import stamp
from cloud_sync.protocol.event import Kind, encode, event
from cloud_sync.protocol.frames import device_codec
from cloud_sync.protocol.messages import BATCH_BYTES, Events
from edge.devices import ActionReport, Confirmation, DeviceState
from edge.events import Asked, Reply, Timings, TurnEnded
from edge.intents import Intent, OutcomeKind, Tier
from edge.memory.report import report
from scripts.sync_cost import a_turn

NOON = 1_790_000_000_000


def test_all_that_a_turn_has() -> None:
    whole = TurnEnded(
        turn="0123456789ab",
        at=1.0,
        text="turn on the oven and lock the door",
        language="en",
        intent=Intent("HassTurnOn", {"name": "Oven"}),
        further=(Intent("HassLock"),),
        tier=Tier.SEMANTIC,
        confidence=0.876,
        outcome=OutcomeKind.UNCONFIRMED,
        actions=(ActionReport("switch.oven", {"state": "ON"}, Confirmation.UNCONFIRMED, 1500, DeviceState()),),
        reply=Reply(text="The oven does not answer.", audio="/a/path"),
        timings=Timings(endpoint_ms=250.4, act_ms=0.2),
        session="kitchen",
        question=Asked(slot="name"),
    )
    assert report(whole) == {
        "id": bytes.fromhex("0123456789ab"),
        "text": "turn on the oven and lock the door",
        "reply": "The oven does not answer.",
        "language": "en",
        "intents": [["HassTurnOn", {"name": "Oven"}], ["HassLock"]],
        "tier": "semantic",
        "sure": 88,
        "outcome": "unconfirmed",
        "actions": [["switch.oven", {"state": "ON"}, "unconfirmed", 1500]],
        "asked": "name",
        "session": "kitchen",
        "ms": {"endpoint": 250, "act": 0},
    }


def test_what_is_empty_is_not_told() -> None:
    bare = TurnEnded(
        turn="not hexadecimal",
        at=1.0,
        text="hm",
        language="en",
        intent=None,
        tier=None,
        confidence=0.0,
        outcome=OutcomeKind.NOT_UNDERSTOOD,
        actions=(),
        reply=Reply(text=""),
        timings=Timings(),
        session="",
    )
    assert report(bare) == {
        "id": "not hexadecimal",
        "text": "hm",
        "language": "en",
        "sure": 0,
        "outcome": "not_understood",
    }


def test_a_week_goes_through_a_slow_link_in_a_minute() -> None:
    chance, codec, at, sent, batch, size = random.Random(7), device_codec(), NOON, 0, [], 0
    for seq in range(1, 2_001):
        at += int(chance.expovariate(1 / 120_000))
        raw = encode(event("device", "incarnation", seq, Kind.TURN, stamp(at), report(a_turn(chance))))
        if size + len(raw) > BATCH_BYTES:
            sent, batch, size = sent + len(codec.encode(Events(items=tuple(batch)))), [], 0
        batch.append(msgspec.Raw(raw))
        size += len(raw)
    sent += len(codec.encode(Events(items=tuple(batch))))
    assert sent / 2_000 <= 96
