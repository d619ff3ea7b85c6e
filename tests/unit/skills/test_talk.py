"""Small talk: what a newcomer tries, and what is said around commands."""

import time
from collections.abc import Sequence

import pytest

from edge.act.skills.talk.skill import Talk
from edge.dialogue import Exchange
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Tier, Understanding
from edge.session.conversation import Conversations
from tests.asked import Asked, understood
from tests.houses import Rooms

pytestmark = pytest.mark.anyio


class Understands:
    """Everything but what is about lists."""

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        return None if "list" in text else Understanding(Intent(text), Tier.GRAMMAR, 1.0)

    async def run(self, text: str, origin: Origin) -> Sequence[Outcome]:
        raise AssertionError


def asked(conversations: Conversations, *examples: str) -> Asked:
    return Asked("talk", Talk(Rooms(), conversations, Understands(), examples))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("hello", "Hello."),
        ("good morning", "Hello."),
        ("thank you", "You're welcome."),
        ("who are you", "I am Hearthside, an open voice assistant."),
        ("how are you", "I'm here, and I can hear you."),
        ("yes", "I didn't ask anything."),
        ("never mind", ""),
        ("cancel", ""),
        ("what did you say", "I haven't said anything yet."),
    ],
)
async def test_what_is_answered(said: str, answer: str) -> None:
    assert await asked(Conversations()).ask(said) == answer


@pytest.mark.parametrize(
    "said",
    ["say that again", "repeat that", "what did you say", "pardon", "can you say that again", "i didn't catch that"],
)
async def test_the_last_answer_of_this_conversation_is_repeated(said: str) -> None:
    conversations = Conversations()
    for session, reply in (("s", "It is noon."), ("s", ""), ("other", "Kitchen light is on.")):
        conversations.of(session).add(Exchange(time.time(), "…", (), OutcomeKind.DONE, reply=reply), None)
    assert await asked(conversations).ask(said) == "It is noon."


async def test_examples_are_what_this_house_understands_and_others_each_time() -> None:
    examples = ["turn on {light}", "add milk to my list", "what time is it", "speak louder", "hello"]
    talking = asked(Conversations(), *examples)
    assert (
        await talking.ask("what can i say")
        == "You can say: turn on Kitchen Light. Or: what time is it. Or: speak louder."
    )
    assert talking.outcome is not None
    assert talking.outcome.next_actions == ("turn on Kitchen Light", "what time is it", "speak louder")
    second = await talking.ask("help")
    assert second.startswith("You can say: hello.")


async def test_without_anything_to_say_it_says_so() -> None:
    assert (
        await asked(Conversations()).ask("what can you do")
        == "I have found no devices yet, but you can ask me the time."
    )


@pytest.mark.parametrize(
    "said",
    [
        "stop the music",
        "cancel the timer",
        "what can i cook",
        "yes turn on the kitchen light",
        "thanks, turn off the kitchen light",
        "help me with my homework",
    ],
)
def test_what_is_no_small_talk(said: str) -> None:
    assert not any(name in ("HassRespond", "HassNevermind", "HearthRepeat") for name, _ in understood("talk", said))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("turn off the kitchen light, never mind", ["HassNevermind"]),
        ("turn off the kitchen light and forget it", ["HassNevermind"]),
        ("never mind, turn on the kitchen light", ["HassTurnOn"]),
        ("okay, turn on the kitchen light", ["HassTurnOn"]),
        ("turn on the kitchen light, thank you", ["HassTurnOn"]),
    ],
)
def test_what_is_taken_back_is_not_done_and_politeness_needs_no_answer(said: str, meant: list[str]) -> None:
    assert [name for name, _ in understood("talk", said)] == meant
