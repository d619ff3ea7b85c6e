"""The microphone, switched off by voice."""

import pytest

from edge.act.skills.microphone.skill import Microphone
from edge.bus import Bus
from edge.session.listening import Listening
from tests.asked import Asked, understood

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "said",
    [
        "stop listening", "stop listening to me", "don't listen now", "mute the microphone", "turn off the mic",
        "switch your microphone off", "microphone off", "close your ears",
    ],
)  # fmt: skip
async def test_it_listens_no_more_and_says_how_it_will_again(said: str) -> None:
    listening = Listening(Bus())
    answer = await Asked("microphone", Microphone(listening)).ask(said)
    assert not listening.on
    assert answer.startswith("I have stopped listening.")
    assert "hearth listen on" in answer
    assert "button" not in answer, "there is none"


async def test_a_button_is_named_where_there_is_one() -> None:
    assert "button" in await Asked("microphone", Microphone(Listening(Bus(), button=True))).ask("stop listening")


@pytest.mark.parametrize("said", ["mute", "turn off the light", "stop", "listen", "is the microphone off"])
def test_other_things_leave_it_on(said: str) -> None:
    assert "HearthStopListening" not in [name for name, _ in understood("microphone", said)]
