"""Who is asked, in which order, and what it cost."""

import anyio
import anyio.lowlevel
import pytest

from edge.act.later import DEFERRABLE, parted
from edge.dialogue import Context, Exchange
from edge.intents import (
    Intent,
    Origin,
    Outcome,
    OutcomeKind,
    Phrase,
    Question,
    SlotValue,
    Tier,
    Transcript,
    Understanding,
)
from edge.understand.later import Later
from edge.understand.router import Router, Step

pytestmark = pytest.mark.anyio
ORIGIN = Origin("test")
BEFORE = Exchange(0.0, "…", (Intent("Before"),), OutcomeKind.DONE)
QUESTION = Question(Intent("Asked"), "slot")


class Knows:
    """A tier that understands one text, whatever else it is given."""

    def __init__(self, text: str, tier: Tier) -> None:
        self.text, self.tier = text, tier
        self.asked: list[str] = []

    def understand(self, text: str, origin: Origin, _: object = None) -> Understanding | None:
        self.asked.append(text)
        return Understanding(Intent(self.text), self.tier, 0.9) if text == self.text else None

    def lacks_its_object(self, text: str, origin: Origin) -> bool:
        return text == "make it so"

    async def later(self, text: str, origin: Origin, context: Context) -> Understanding | None:
        await anyio.lowlevel.checkpoint()
        return self.understand(text, origin)


def router(*further: Step) -> Router:
    return Router(
        Knows("grammar", Tier.GRAMMAR),
        further,
        answers=Knows("answer", Tier.CONTEXT),
        follow_ups=Knows("follow-up", Tier.CONTEXT),
    )


SEMANTIC = Step(Tier.SEMANTIC, Knows("semantic", Tier.SEMANTIC).later, 1.0)
MODEL = Step(Tier.LLM, Knows("llm", Tier.LLM).later, 1.0)


@pytest.mark.parametrize(
    ("text", "context", "tier", "asked"),
    [
        ("grammar", Context(), Tier.GRAMMAR, [Tier.CONTEXT, Tier.GRAMMAR]),
        ("answer", Context((BEFORE,), QUESTION), Tier.CONTEXT, [Tier.CONTEXT]),
        ("answer", Context((BEFORE,)), None, [Tier.CONTEXT, Tier.GRAMMAR, Tier.SEMANTIC, Tier.LLM]),
        ("follow-up", Context((BEFORE,)), Tier.CONTEXT, [Tier.CONTEXT]),
        ("follow-up", Context(), None, [Tier.CONTEXT, Tier.GRAMMAR, Tier.SEMANTIC, Tier.LLM]),
        ("grammar", Context((BEFORE,), QUESTION), Tier.GRAMMAR, [Tier.CONTEXT, Tier.GRAMMAR]),
        ("semantic", Context(), Tier.SEMANTIC, [Tier.CONTEXT, Tier.GRAMMAR, Tier.SEMANTIC]),
        ("llm", Context(), Tier.LLM, [Tier.CONTEXT, Tier.GRAMMAR, Tier.SEMANTIC, Tier.LLM]),
    ],
)
async def test_the_first_that_is_sure_wins(text: str, context: Context, tier: Tier | None, asked: list[Tier]) -> None:
    routed = await router(SEMANTIC, MODEL).understand(Transcript(text, "en"), ORIGIN, context)
    assert (routed.understanding.tier if routed.understanding else None) is tier
    assert list(routed.asked) == asked
    assert routed.ms == pytest.approx(sum(routed.asked.values()))


async def test_the_likelier_reading_goes_through_all_quick_tiers_first() -> None:
    said = Transcript("grammar", "en", alternatives=("follow-up",))
    routed = await router().understand(said, ORIGIN, Context((BEFORE,)))
    assert routed.understanding is not None
    assert routed.understanding.intent.name == "grammar"


async def test_slow_tiers_hear_what_was_heard_without_the_grammar() -> None:
    semantic = Knows("semantic", Tier.SEMANTIC)
    said = Transcript("turn on", "en", alternatives=("semantic",))
    routed = await router(Step(Tier.SEMANTIC, semantic.later, 1.0)).understand(said, ORIGIN, Context())
    assert routed.understanding is not None
    assert semantic.asked == ["semantic"]


async def test_a_tier_that_is_too_slow_is_passed_over() -> None:
    async def asleep(text: str, origin: Origin, context: Context) -> Understanding | None:
        await anyio.sleep(30)
        raise AssertionError

    slow = Step(Tier.SEMANTIC, asleep, 0.02)
    routed = await router(slow, MODEL).understand(Transcript("llm", "en"), ORIGIN, Context())
    assert routed.understanding is not None
    assert routed.understanding.tier is Tier.LLM
    assert routed.asked[Tier.SEMANTIC] >= 20


async def test_an_answer_without_an_intent_ends_it() -> None:
    class Asks:
        def understand(self, text: str, origin: Origin, context: Context) -> Outcome | None:
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, Phrase("which_device"))

    grammar = Knows("grammar", Tier.GRAMMAR)
    routed = await Router(grammar, follow_ups=Asks()).understand(Transcript("it", "en"), ORIGIN, Context((BEFORE,)))
    assert routed.understanding is None
    assert routed.answer is not None
    assert grammar.asked == []


@pytest.mark.parametrize(("slots", "believed"), [({"name": "Lamp"}, False), ({"volume_step": "up"}, True)])
async def test_no_further_tier_guesses_which_device_it_is(slots: dict[str, SlotValue], believed: bool) -> None:
    async def guess(text: str, origin: Origin, context: Context) -> Understanding | None:
        await anyio.lowlevel.checkpoint()
        return Understanding(Intent("HassSomething", slots), Tier.SEMANTIC, 0.9)

    asked = router(Step(Tier.SEMANTIC, guess, 1.0)).understand(Transcript("make it so", "en"), ORIGIN, Context())
    assert ((await asked).understanding is not None) is believed


@pytest.mark.parametrize(
    ("text", "asked", "meant"),
    [
        ("mute in ten minutes", ["mute in ten minutes", "mute"], ("HearthSchedule", "HearthMute", "when")),
        ("mute for ten minutes", ["mute for ten minutes", "mute"], ("HearthSchedule", "HearthMute", "for_s")),
        # It did not hear the time: what it would do at once is not done.
        ("deaf at seven o'clock", ["deaf at seven o'clock", "deaf"], None),
        ("don't mute", ["don't mute"], None),
        ("mute", ["mute"], ("HearthMute", None, None)),
        # What is no command for the house keeps its time.
        ("wake me at seven", ["wake me at seven"], ("HearthSetAlarm", None, None)),
        # A day alone is said of other things: it may be about the weather.
        ("mute tomorrow", ["mute tomorrow"], None),
        ("nothing at seven", ["nothing at seven", "nothing"], None),
        ("question at seven", ["question at seven", "question"], None),
    ],
)
async def test_what_a_further_tier_understands_of_another_time_is_put_off(
    text: str, asked: list[str], meant: tuple[str, str | None, str | None] | None
) -> None:
    known = {"mute": "HearthMute", "deaf at seven o'clock": "HearthMute", "wake me at seven": "HearthSetAlarm"}
    heard: list[str] = []

    async def understand(text: str, origin: Origin, context: Context) -> Understanding | None:
        await anyio.lowlevel.checkpoint()
        heard.append(text)
        name = {**known, "question": "HassGetState"}.get(text)
        return Understanding(Intent(name), Tier.SEMANTIC, 0.8) if name else None

    route = Router(
        Knows("grammar", Tier.GRAMMAR),
        [Step(Tier.SEMANTIC, understand, 1.0)],
        later=Later(parted, DEFERRABLE),
    )
    routed = await route.understand(Transcript(text, "en"), ORIGIN, Context())
    assert heard == asked
    found = routed.understanding
    if meant is None:
        assert found is None
        return
    name, later, slot = meant
    assert found is not None
    assert (found.intent.name, found.tier, found.confidence) == (name, Tier.SEMANTIC, 0.8)
    assert [each.name for each in found.intent.later] == ([later] if later else [])
    assert slot is None or slot in found.intent.slots
