"""How long a conversation stays in mind."""

from edge.dialogue import Exchange
from edge.intents import Intent, OutcomeKind, Question
from edge.session.conversation import Conversation, Conversations

QUESTION = Question(Intent("HassStartTimer"), "minutes")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def turn(self) -> Exchange:
        return Exchange(self.now, "turn on the light", (Intent("HassTurnOn"),), OutcomeKind.DONE)


def test_only_the_last_exchanges_are_kept() -> None:
    clock = Clock()
    conversation = Conversation(clock)
    for _ in range(20):
        clock.now += 1
        conversation.add(clock.turn(), None)
    assert [exchange.at for exchange in conversation.context().exchanges] == [1013.0 + n for n in range(8)]


def test_after_five_minutes_nothing_is_in_mind() -> None:
    clock = Clock()
    conversation = Conversation(clock)
    conversation.add(clock.turn(), None)
    clock.now += 299
    assert conversation.context().last is not None
    clock.now += 2
    assert conversation.context().last is None


def test_a_question_waits_a_minute_and_the_next_turn_ends_it() -> None:
    clock = Clock()
    conversation = Conversation(clock)
    conversation.add(clock.turn(), QUESTION)
    clock.now += 59
    assert conversation.context().question == QUESTION
    clock.now += 2
    assert conversation.context().question is None
    conversation.add(clock.turn(), QUESTION)
    conversation.add(clock.turn(), None)
    assert conversation.context().question is None


def test_who_speaks_again_soon_goes_on_with_the_same_conversation() -> None:
    clock = Clock()
    conversations = Conversations(clock)
    first = conversations.spoken()
    conversations.of(first).add(clock.turn(), None)
    clock.now += 119
    assert conversations.spoken() == first
    clock.now += 2
    second = conversations.spoken()
    assert second != first
    assert conversations.of(second).context().last is None


def test_the_quietest_of_many_conversations_is_forgotten() -> None:
    clock = Clock()
    conversations = Conversations(clock)
    for number in range(65):
        conversations.of(str(number)).add(clock.turn(), None)
    assert conversations.of("64").context().last is not None
    assert conversations.of("0").context().last is None
