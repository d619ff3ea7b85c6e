"""Routines taught, written, run and forgotten, through the real grammar, router and dispatch."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.act.dispatch import Dispatch
from edge.act.skills.calculator.skill import Calculator
from edge.act.skills.lists.skill import Lists
from edge.act.skills.lists.store import ListStore
from edge.act.skills.routines.file import read_routines
from edge.act.skills.routines.skill import Routines
from edge.act.skills.routines.store import RoutineStore
from edge.act.skills.talk.skill import Talk
from edge.database import Database
from edge.intents import Intent, Origin, Outcome, OutcomeKind
from edge.session.conversation import Conversations
from edge.session.interpreter import TurnlessInterpreter
from edge.speak.wording import Wording
from edge.understand.grammar import Grammar
from edge.understand.router import Router
from tests.asked import SKILLS
from tests.houses import Rooms

pytestmark = pytest.mark.anyio
HERE = Origin("s", "Kitchen")
_NAMES = ("calculator", "lists", "routines", "talk")


class Talking:
    """What a turn does with these skills, in writing."""

    def __init__(self, database: Database, file: Path) -> None:
        self.database = database
        self._interpreter = TurnlessInterpreter()
        self.routines = Routines(RoutineStore(database), self._interpreter, file)
        lists = Lists(ListStore(database))
        skills = [
            Calculator("us"),
            lists,
            self.routines,
            Talk(Rooms(), Conversations(), self._interpreter, ()),
        ]
        self._dispatch = Dispatch(skills, self.routines)
        grammar = Grammar(
            Rooms(),
            "en",
            self._dispatch.intents,
            [SKILLS / name / "sentences" / "en.yaml" for name in _NAMES],
            vocabularies=[lists, self.routines],
        )
        self._interpreter.begin(grammar, Router(grammar), self._dispatch)
        self._wording = Wording("en", [SKILLS / name / "phrases" for name in _NAMES])
        self.last: Outcome | None = None

    async def ask(self, text: str) -> str:
        outcomes = await self._interpreter.run(text, HERE)
        self.last = outcomes[-1]
        return " ".join(self._wording.say(outcome.say) for outcome in outcomes)

    async def reply(self, **slots: str) -> str:
        """Answer what was asked: with ``slots``, or with yes."""
        assert self.last is not None
        assert self.last.question is not None
        intent = self.last.question.intent
        answered = replace(intent, slots={**intent.slots, **slots}) if slots else replace(intent, confirmed=True)
        self.last = await self._dispatch.run(answered, HERE)
        return self._wording.say(self.last.say)


@pytest.fixture
async def talking(tmp_path: Path) -> AsyncIterator[Talking]:
    async with Database(tmp_path / "db") as database:
        talking = Talking(database, tmp_path / "routines.yaml")
        await talking.routines.load()
        yield talking


async def test_a_routine_is_taught_run_told_and_forgotten(talking: Talking) -> None:
    assert (
        await talking.ask("when i say bedtime, add milk to my list and what is 2 plus 3")
        == "I will do these 2 things when you say bedtime."
    )
    assert await talking.ask("bedtime") == "Bedtime is done."
    assert await talking.ask("what's on my shopping list") == "On the shopping list: milk."
    assert await talking.ask("what does bedtime do") == "Bedtime does this: add milk to my list. what is 2 plus 3."
    assert await talking.ask("what routines do i have") == "There is one routine: bedtime."
    assert await talking.ask("forget the routine bedtime") == "Shall I forget the routine bedtime?"
    assert await talking.reply() == "The routine bedtime is gone."
    assert await talking.ask("bedtime") == "Sorry, I didn't understand that."


async def test_a_routine_for_a_greeting_comes_before_the_greeting(talking: Talking) -> None:
    assert await talking.ask("good morning") == "Hello."
    await talking.ask("when I say good morning, add coffee to my list")
    assert await talking.ask("good morning") == "I added coffee to the shopping list."


async def test_what_is_missing_is_asked_for(talking: Talking) -> None:
    assert await talking.ask("create a routine called movie time") == "What shall I do when you say movie time?"
    assert await talking.reply(sentences="add popcorn to my list") == "I will do that when you say movie time."
    assert await talking.ask("run movie time") == "I added popcorn to the shopping list."


async def test_who_is_taught_again_asks_first(talking: Talking) -> None:
    await talking.ask("when i say bedtime, add milk to my list")
    assert (
        await talking.ask("when i say bedtime, add eggs to my list")
        == "There is a routine bedtime already. Shall I replace it?"
    )
    assert await talking.reply() == "I will do that when you say bedtime."
    assert await talking.ask("bedtime") == "I added eggs to the shopping list."


async def comes(talking: Talking, name: str, steps: str, ident: str = "r") -> None:
    """Another assistant of the house was taught it, or so the bridge says."""
    row = (ident, name, steps)
    query = (
        "INSERT INTO routine (id, name, sentences, created, changed) VALUES (?, ?, ?, 1, 0)"
        " ON CONFLICT (id) DO UPDATE SET sentences = excluded.sentences, here = NULL"
    )
    await talking.database.write(lambda db: db.execute(query, row))
    await talking.routines.refresh()


async def test_what_comes_over_the_bridge_is_not_done_before_somebody_here_has_agreed_to_it(talking: Talking) -> None:
    question = "Another assistant was taught the routine bedtime: add {} to my list. Shall I do that?"
    await comes(talking, "bedtime", '["add milk to my list"]')
    for _ in range(2):
        assert await talking.ask("bedtime") == question.format("milk")
        assert await talking.ask("what's on my shopping list") == "The shopping list is empty."
        await talking.ask("bedtime")
    assert await talking.reply() == "I added milk to the shopping list."
    assert not (await talking.ask("bedtime")).startswith("Another assistant")
    await comes(talking, "bedtime", '["add eggs to my list"]')
    assert await talking.ask("bedtime") == question.format("eggs")


async def test_a_yes_is_about_what_was_read_out_and_nothing_that_came_since(talking: Talking) -> None:
    await comes(talking, "bedtime", '["add milk to my list"]')
    await talking.ask("bedtime")
    await comes(talking, "bedtime", '["add eggs to my list"]')
    assert "add eggs" in await talking.reply()
    assert await talking.ask("what's on my shopping list") == "The shopping list is empty."
    await talking.ask("bedtime")
    # Changed by another process, which is not read before the yes is: what is done is what was read out.
    await talking.database.write(
        lambda db: db.execute("""UPDATE routine SET sentences = '["add salt to my list"]', here = NULL""")
    )
    assert await talking.reply() == "I added eggs to the shopping list."
    assert "add salt" in await talking.ask("bedtime")


async def test_all_of_it_is_told_before_somebody_agrees(talking: Talking) -> None:
    await comes(talking, "bedtime", '["what is 2 plus 3", "a", "b", "c", "d", "e", "f", "g", "unlock the front door"]')
    assert "unlock the front door" in await talking.ask("bedtime")


@pytest.mark.parametrize("steps", ["{not json", "[" * 5_000, "[1, null, {}]", '"unlock the front door"', "5"])
async def test_a_row_that_is_no_routine_keeps_nobody_from_starting(talking: Talking, steps: str) -> None:
    await comes(talking, "bad", steps)
    await talking.routines.load()
    await talking.ask("when i say bedtime, add milk to my list")
    assert await talking.ask("what routines do i have") == "There is one routine: bedtime."


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("when i say bedtime, sing a song backwards", "I don't understand all of that, so I did not learn it."),
        ("when i say bedtime, add milk to my list and sing a song", "I don't understand all of that, so I did not learn it."),
        ("when i say turn on the kitchen light, add milk to my list", "I will do that when you say turn on the kitchen light."),
        ("when i say what is 2 plus 3, add milk to my list", "What is 2 plus 3 means something already. Please choose another name."),
    ],
)  # fmt: skip
async def test_what_can_not_be_taught(talking: Talking, said: str, answer: str) -> None:
    # The third: no skill here takes a light, so the name is free.
    assert await talking.ask(said) == answer


async def test_a_routine_never_runs_a_routine(talking: Talking, tmp_path: Path) -> None:
    (tmp_path / "routines.yaml").write_text("one: [two]\ntwo: [one, add milk to my list]\nme: [me]\n")
    await talking.routines.load()
    assert await talking.ask("one") == "A routine can't run another routine."
    assert await talking.ask("me") == "A routine can't run another routine."
    assert await talking.ask("two") == "Two is done, but this did not work: one."
    assert await talking.ask("when i say bedtime, run two") == "I don't understand all of that, so I did not learn it."


async def test_what_is_asked_about_is_asked_about_in_a_routine(talking: Talking) -> None:
    await talking.ask("add milk to my list")
    await talking.ask("when i say tidy up, clear my list and what is 2 plus 3")
    assert await talking.ask("tidy up") == "Shall I remove the one thing from the shopping list?"
    assert await talking.ask("what's on my list") == "On the shopping list: milk."
    await talking.ask("tidy up")
    assert await talking.reply() == "The shopping list is empty."


async def test_what_fails_is_named(talking: Talking, tmp_path: Path) -> None:
    (tmp_path / "routines.yaml").write_text("party:\n  - add milk to my list\n  - unlock every door of the world\n")
    await talking.routines.load()
    assert await talking.ask("party") == "Party is done, but this did not work: unlock every door of the world."
    assert talking.last is not None
    assert talking.last.kind is OutcomeKind.FAILED


async def test_routines_survive_a_restart_and_written_ones_stay_in_their_file(tmp_path: Path) -> None:
    (tmp_path / "routines.yaml").write_text("Film night: [add popcorn to my list]\n")
    async with Database(tmp_path / "db") as database:
        first = Talking(database, tmp_path / "routines.yaml")
        await first.routines.load()
        await first.ask("when i say bedtime, add milk to my list")
    async with Database(tmp_path / "db") as database:
        second = Talking(database, tmp_path / "routines.yaml")
        await second.routines.load()
        assert await second.ask("what routines do i have") == "Your routines are bedtime and Film night."
        assert await second.ask("film night") == "I added popcorn to the shopping list."
        assert (
            await second.ask("forget the routine film night") == "The routine Film night is in the file routines.yaml."
        )


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a: [", "line 1: this is not YAML"),
        ("- a\n", "line 1: a routine is a name, a colon, and sentences under it"),
        ("a: [x]\nb: turn it on\n", "line 2: a routine is a list of 1 to 20 sentences, each behind a dash"),
        ("a: [x]\nb:\n  - x\n  - [y]\n", "line 4: a sentence is one line of text"),
        ("a: [x]\nA: [y]\n", "line 2: there are two routines 'A'"),
        ("a: [x]\n" + "n" * 61 + ": [y]\n", "line 2: a routine's name has 1 to 60 characters"),
        ("a: [x]\nb: [" + "x, " * 21 + "]\n", "line 2: a routine is a list of 1 to 20 sentences"),
    ],
)
def test_mistakes_are_named_with_their_line_and_the_rest_works(tmp_path: Path, text: str, mistake: str) -> None:
    file = tmp_path / "routines.yaml"
    file.write_text(text)
    routines, mistakes = read_routines(file)
    assert len(mistakes) == 1
    assert mistake in mistakes[0]
    assert dict(routines) == ({"a": ("x",)} if text.startswith("a: [x]") else {})


@pytest.mark.parametrize("said", ["x" * 500, "🍾" * 50, "'; DROP TABLE routine; --"])
async def test_nobody_is_taught_nonsense(talking: Talking, said: str) -> None:
    taught = await talking.routines.run(Intent("HearthRoutineTeach", {"name": "a", "sentences": said}), HERE)
    assert taught.kind is OutcomeKind.FAILED
    assert talking.routines.names() == {"routines_name": []}
