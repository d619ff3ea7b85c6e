"""Sentences of one's own end as messages on the broker, for whatever carries them out."""

import json
from pathlib import Path

import aiomqtt
import pytest

from edge.act.dispatch import Dispatch
from edge.act.skills.handover import Handover
from edge.errors import BrokerOffline
from edge.home.broker import Broker
from edge.home.house import MqttHouse
from edge.intents import Origin, OutcomeKind
from edge.samples import COFFEE
from edge.speak.wording import Wording
from edge.understand.grammar import Grammar
from tests.brokers import mosquitto
from tests.houses import Rooms

pytestmark = pytest.mark.anyio


async def test_an_order_reaches_whoever_listens_on_the_broker(tmp_path: Path) -> None:
    found = Grammar(Rooms(), "en", (), (COFFEE,)).understand("brew a large latte", Origin("s1", "Kitchen"))
    assert found is not None
    with mosquitto() as broker:
        where = broker.address
        async with (
            aiomqtt.Client(where.host, where.port) as listener,
            MqttHouse(Broker(host=where.host, port=where.port), site="test") as house,
        ):
            await listener.subscribe("hearthside/test/intent/#")
            await house.settled(30)
            outcome = await Dispatch([], Handover(house)).run(found.intent, Origin("s1", "Kitchen"))
            message = await anext(aiter(listener.messages))
    assert str(message.topic) == "hearthside/test/intent/orderDrink"
    assert not message.retain
    assert isinstance(message.payload, bytes)
    assert json.loads(message.payload) == {
        "intent": "orderDrink",
        "slots": {"size": "large", "coffeeDrink": "latte"},
        "area": "Kitchen",
        "session": "s1",
    }
    assert outcome.kind is OutcomeKind.DONE
    assert Wording("en").say(outcome.say) == "I passed that on."


async def test_without_a_broker_nothing_is_claimed() -> None:
    found = Grammar(Rooms(), "en", (), (COFFEE,)).understand("brew a latte", Origin(""))
    assert found is not None
    async with MqttHouse(Broker(host="127.0.0.1", port=1), site="test") as house:
        with pytest.raises(BrokerOffline):
            await Dispatch([], Handover(house)).run(found.intent, Origin(""))
