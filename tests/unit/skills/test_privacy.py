"""What may leave the house, by voice."""

from pathlib import Path

import pytest

from edge import plugins
from edge.act.skills.privacy import Privacy
from edge.database import Database
from edge.intents import Intent, Origin, OutcomeKind
from edge.privacy.consent import Consents
from edge.speak.wording import Wording
from edge.understand.grammar import Grammar
from tests.houses import Rooms

FOLDER = plugins.folder("skills", "privacy")
assert FOLDER is not None
WORDING = Wording("en", [FOLDER / "phrases"])
SAID = [
    ("en", "stop sending my history", "HearthForbidSharing", {"purpose": "history"}),
    ("en", "Don't share our lists with the cloud any more", "HearthForbidSharing", {"purpose": "memory"}),
    ("en", "keep my recordings at home", "HearthForbidSharing", {"purpose": "audio"}),
    ("en", "don't ask the cloud", "HearthForbidSharing", {"purpose": "answers"}),
    ("en", "you may not ask the internet anymore", "HearthForbidSharing", {"purpose": "answers"}),
    ("en", "stop sending anything to the cloud", "HearthForbidSharing", {}),
    ("en", "you may ask the cloud", "HearthAllowSharing", {"purpose": "answers"}),
    ("en", "you can share my memories with the bridge", "HearthAllowSharing", {"purpose": "memory"}),
    ("en", "start sending statistics", "HearthAllowSharing", {"purpose": "telemetry"}),
    ("en", "what leaves the house", "HearthWhatIsShared", {}),
    ("en", "what do you send to the cloud", "HearthWhatIsShared", {}),
    ("de", "schicke meinen Verlauf nicht mehr", "HearthForbidSharing", {"purpose": "history"}),
    ("de", "du darfst die Cloud nicht mehr fragen", "HearthForbidSharing", {"purpose": "answers"}),
    ("de", "du darfst die Cloud fragen", "HearthAllowSharing", {"purpose": "answers"}),
    ("de", "was verlässt das Haus", "HearthWhatIsShared", {}),
]
OTHERS = [
    "send my message to the kitchen",
    "share the joke",
    "stop the music",
    "keep the light on",
    "ask the cloud who Ada was",
]


def grammar(language: str) -> Grammar:
    assert FOLDER is not None
    return Grammar(Rooms({}), language, None, skills=[FOLDER / "sentences" / f"{language}.yaml"])


@pytest.mark.parametrize(("language", "said", "intent", "slots"), SAID)
def test_what_is_said(language: str, said: str, intent: str, slots: dict[str, str]) -> None:
    found = grammar(language).understand(said, Origin("s", None, language))
    assert found is not None
    assert (found.intent.name, dict(found.intent.slots)) == (intent, slots)


@pytest.mark.parametrize("said", OTHERS)
def test_nothing_else_is_meant(said: str) -> None:
    found = grammar("en").understand(said, Origin("s"))
    assert found is None or found.intent.name not in Privacy(None).intents


@pytest.mark.anyio
async def test_a_no_holds_at_once_and_a_yes_after_it_was_said_what_it_means(tmp_path: Path) -> None:
    async with Database(tmp_path / "a.db") as database:
        consents = Consents(database)
        skill = Privacy(consents)

        async def run(name: str, *, confirmed: bool = False, **slots: str) -> str:
            outcome = await skill.run(Intent(name, slots, confirmed=confirmed), Origin("s"))
            assert (outcome.question is not None) == (outcome.kind is OutcomeKind.NOT_UNDERSTOOD)
            return WORDING.say(outcome.say)

        assert await run("HearthWhatIsShared") == "Nothing leaves the house."
        assert await run("HearthAllowSharing", purpose="answers") == (
            "From now on, your questions would leave the house; names, numbers and addresses are taken out before. "
            "May your questions leave?"
        )
        assert not await consents.allows("answers")
        assert await run("HearthAllowSharing", confirmed=True, purpose="answers") == (
            "From now on, your questions may leave the house."
        )
        assert await consents.allows("answers")
        assert await run("HearthWhatIsShared") == "These may leave the house: your questions. Nothing else does."
        assert (await run("HearthForbidSharing")).startswith("From now on, your questions, what is said and done, ")
        assert await run("HearthWhatIsShared") == "Nothing leaves the house."
        assert [each.how for each in await consents.all()] == ["voice"] * 5


@pytest.mark.anyio
async def test_without_a_bridge_nothing_leaves() -> None:
    for name in Privacy(None).intents:
        outcome = await Privacy(None).run(Intent(name, {}), Origin("s"))
        assert WORDING.say(outcome.say) == "Nothing leaves the house: there is no bridge."
