"""Questions for the larger model that wait, and their late answers: on a real database, in virtual time."""

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from apsw import Connection

from edge.act.skills.cloud.skill import CloudSkill
from edge.database import Database
from edge.devices import DeviceState
from edge.dialogue import ASK_CLOUD, Context, Exchange
from edge.errors import StorageError
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.plugins import folder
from edge.ports import Finish, LinkLost, Query, ToolCall, Whole
from edge.sections import CloudSettings
from edge.speak.wording import Wording
from edge.understand.grammar import Grammar
from tests.houses import Rooms
from tests.stand_in_bridge import SETTINGS, Hold, Script, StandInBridge, cloud
from tests.virtual_time import VirtualTime

pytestmark = pytest.mark.anyio
FOLDER = folder("skills", "cloud")
assert FOLDER is not None
NOON = datetime.datetime(2026, 11, 29, 12, 0, tzinfo=datetime.UTC)
PARIS = "What is the capital of France?"
HOUR = 3600.0


class Loudspeaker:
    """Takes down what is announced; may be silent until a test lets it speak."""

    audible = True
    ringing = None

    def __init__(self) -> None:
        self.said: list[str] = []
        self.hold: Hold | None = None
        self._wording = Wording("en", [FOLDER / "phrases"])

    async def announce(self, phrase: Phrase, area: str | None = None) -> None:
        if self.hold is not None:
            self.hold.reached.set()
            await self.hold.go_on.wait()
        self.said.append(self._wording.say(phrase))


class Home(Rooms):
    """In which everything is on."""

    def state(self, device: str) -> DeviceState:
        return DeviceState("on")


class Remembers:
    def __init__(self, *exchanges: Exchange) -> None:
        self._context = Context(exchanges)

    def context(self, session: str) -> Context:
        return self._context


class Board:
    """One assistant, which may be restarted on the same database."""

    def __init__(self, database: Database, *scripts: Script, settings: CloudSettings = SETTINGS) -> None:
        self.bridge = StandInBridge(*scripts)
        self.time, self.loudspeaker = VirtualTime(NOON), Loudspeaker()
        self._database, self._settings = database, settings
        self._wording = Wording("en", [FOLDER / "phrases"])
        self.skill = self._new()
        self.outcome: Outcome | None = None

    def _new(self, history: Remembers | None = None) -> CloudSkill:
        return CloudSkill(
            cloud(self.bridge, self._settings, names={"Rosalind": "[name 1]"}),
            Home(),  # type: ignore[arg-type]  # nothing is commanded
            history or Remembers(),
            None,  # type: ignore[arg-type]  # no errand is run here
            self._database,
            self.loudspeaker,  # type: ignore[arg-type]
            self.time,
        )

    async def restart(self, history: Remembers | None = None) -> None:
        self.skill = self._new(history)
        await self.skill.load()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.skill.serve)
            await self.wait(0.001)
            yield
            tasks.cancel_scope.cancel()

    async def wait(self, seconds: float) -> None:
        await self.time.advance(seconds, step=seconds)

    async def ask(self, question: str = PARIS, form: str = "default") -> str:
        self.outcome = await self.skill.run(
            Intent(ASK_CLOUD, {"question": question}, form=form), Origin("s", "kitchen")
        )
        said = [self._wording.say(self.outcome.say)]
        if self.outcome.telling is not None:
            said += [sentence async for sentence in self.outcome.telling]
            self.outcome = self.outcome.telling.outcome
            said.append(self._wording.say(self.outcome.say))
        return " ".join(filter(None, said))

    async def news(self) -> str:
        return self._wording.say((await self.skill.run(Intent("HearthCloudNews"), Origin("s"))).say)

    async def offline(self, question: str = PARIS) -> str:
        self.bridge.up = False
        return await self.ask(question)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "hearthside.db") as opened:
        yield opened


@pytest.fixture
async def board(database: Database) -> Board:
    made = Board(database)
    await made.skill.load()
    return made


async def test_a_late_answer_is_told_once(board: Board) -> None:
    assert await board.offline() == "I can't reach the cloud now; I'll tell you when I know."
    async with board.serving():
        await board.wait(60)
        assert board.loudspeaker.said == []
        board.bridge.answer_late("It is **Paris**.")
        await board.wait(60)
        assert board.loudspeaker.said == [f"You asked while we were offline: {PARIS} It is Paris."]
        await board.wait(HOUR)
    assert len(board.loudspeaker.said) == 1
    assert board.bridge.answers == {}
    assert await board.news() == "No question waits for an answer."


async def test_it_is_told_at_a_polite_time_also_after_a_restart(board: Board) -> None:
    board.time.set_clock(NOON.replace(hour=22))
    await board.offline()
    board.bridge.answer_late("It is Paris.")
    async with board.serving():
        await board.wait(HOUR)
    assert board.loudspeaker.said == []
    board.time.set_clock(NOON + datetime.timedelta(hours=20, minutes=1))
    await board.restart()
    async with board.serving():
        await board.wait(60)
    assert len(board.loudspeaker.said) == 1
    await board.restart()
    async with board.serving():
        await board.wait(60)
    assert len(board.loudspeaker.said) == 1


async def test_what_a_power_cut_broke_off_is_told_on_request_alone(board: Board) -> None:
    await board.offline()
    board.bridge.answer_late("It is Paris.")
    hold = board.loudspeaker.hold = Hold()
    async with board.serving():
        with anyio.fail_after(60):
            await hold.reached.wait()
    board.loudspeaker.hold = None
    await board.restart()
    async with board.serving():
        await board.wait(60)
        assert board.loudspeaker.said == []
        assert await board.news() == f"You asked: {PARIS} It is Paris."


async def test_who_asks_while_it_is_about_to_be_announced_hears_it_once(board: Board) -> None:
    await board.offline()
    board.bridge.answer_late("It is Paris.")
    hold = board.loudspeaker.hold = Hold()
    async with board.serving():
        with anyio.fail_after(60):
            await hold.reached.wait()
        assert await board.news() == f"You asked: {PARIS} It is Paris."
        hold.go_on.set()
        await board.wait(60)
    assert board.loudspeaker.said == []


async def test_what_expires_is_told_once(board: Board) -> None:
    await board.offline()
    assert board.bridge.kept[0].expires_ms == round((NOON + datetime.timedelta(hours=24)).timestamp() * 1000)
    async with board.serving():
        board.time.set_clock(NOON + datetime.timedelta(hours=24, seconds=1))
        await board.wait(60)
        await board.wait(HOUR)
    assert board.loudspeaker.said == [f"You asked while we were offline, and I could not find out in time: {PARIS}"]


async def test_an_answer_that_was_refused_for_good_is_told_as_none(board: Board) -> None:
    await board.offline()
    board.bridge.answer_late("", Finish.REFUSED)
    assert await board.news() == f"I could not find out: {PARIS}"


async def test_names_come_back_into_a_late_answer(board: Board) -> None:
    await board.offline("What do people write to Rosalind?")
    assert board.bridge.kept[0].question == "What do people write to [name 1]?"
    await board.restart()
    board.bridge.answer_late("Dear [name 1], thank you.")
    assert await board.news() == "You asked: What do people write to Rosalind? Dear Rosalind, thank you."


async def test_a_question_and_its_event_are_written_together_or_not_at_all(board: Board, database: Database) -> None:
    def full(connection: Connection, query: Query) -> None:
        raise StorageError("no room", "")

    board.bridge.keep = full  # type: ignore[method-assign]
    with pytest.raises(StorageError):
        await board.offline()
    assert await database.read(lambda connection: connection.execute("SELECT count(*) FROM cloud_question").get) == 0


async def test_nothing_of_the_house_goes_along_with_what_is_kept(database: Database) -> None:
    board = Board(database, settings=replace_settings(state="room"))
    await board.restart(Remembers(_exchange("Hello", "Hi.")))
    await board.offline()
    (query,) = board.bridge.kept
    assert (query.history, query.state, query.tools) == ((), (), ())


async def test_what_goes_along_now_is_what_the_settings_let(database: Database) -> None:
    board = Board(database, ["Yes."], settings=replace_settings(history=1))
    await board.restart(Remembers(_exchange("first", "1"), _exchange("Who is Rosalind?", "Your Rosalind is a friend.")))
    await board.ask()
    (query,) = board.bridge.asked
    assert query.history == (("Who is [name 1]?", "Your [name 1] is a friend."),)
    assert query.state == ()
    assert [tool.name for tool in query.tools] == ["control_home"]


@pytest.mark.parametrize(("state", "told"), [("none", False), ("named", True), ("room", True)])
async def test_devices_that_are_named_are_told_of_where_they_may_be(database: Database, state: str, told: bool) -> None:
    board = Board(database, ["Yes."], settings=replace_settings(state=state))
    await board.restart()
    device = Rooms().devices()[0]
    await board.ask(f"Is it healthy to sleep with the {device.name} on?")
    assert any(line.startswith(device.name) for line in board.bridge.asked[0].state) is told


@pytest.mark.parametrize(
    ("script", "said", "kind", "kept"),
    [
        (["It is Paris."], "It is Paris.", OutcomeKind.DONE, 0),
        ([Whole("It is Paris.", Finish.WHOLE)], "It is Paris.", OutcomeKind.DONE, 0),
        ([Whole("", Finish.REFUSED, "quota")], "This home has used up what it may ask the cloud for now.", OutcomeKind.FAILED, 0),
        ([Whole("", Finish.REFUSED, "unavailable")], "The cloud has no answer right now.", OutcomeKind.FAILED, 0),
        ([Whole("", Finish.CUT)], "The cloud has no answer right now.", OutcomeKind.FAILED, 0),
        ([LinkLost()], "I can't reach the cloud now; I'll tell you when I know.", OutcomeKind.QUEUED, 1),
        (["It is ", LinkLost()], "I can't reach the cloud now; I'll tell you when I know.", OutcomeKind.QUEUED, 1),
        (
            ["It is Paris. It lies", LinkLost()],
            "It is Paris. The connection is gone; I'll tell you the rest when I have it.",
            OutcomeKind.FAILED,
            1,
        ),
        (["It is Paris. It lies", Whole("", Finish.CUT)], "It is Paris. Sorry, the rest of the answer is lost.", OutcomeKind.FAILED, 0),
    ],
)  # fmt: skip
async def test_how_answers_end(database: Database, script: Script, said: str, kind: OutcomeKind, kept: int) -> None:
    board = Board(database, script)
    await board.skill.load()
    assert await board.ask() == said
    assert board.outcome is not None
    assert board.outcome.kind is kind
    assert len(board.bridge.kept) == kept


async def test_after_a_refusal_for_quota_nobody_is_bothered_again_soon(database: Database) -> None:
    board = Board(database, [Whole("", Finish.REFUSED, "quota")], ["It is Paris."])
    await board.skill.load()
    refused = await board.ask()
    assert await board.ask() == refused
    assert len(board.bridge.asked) == 1
    await board.wait(601)
    assert await board.ask() == "It is Paris."


async def test_what_takes_too_long_to_begin_is_kept_and_cancelled(database: Database) -> None:
    board = Board(database, [Hold(), "It is Paris."], settings=replace_settings(first_word_s=0.05))
    await board.skill.load()
    assert await board.ask() == "I can't reach the cloud now; I'll tell you when I know."
    assert board.bridge.answering[0].cancelled
    assert [query.id for query in board.bridge.kept] == [board.bridge.asked[0].id]


async def test_a_rest_that_was_heard_already_is_not_told_again(database: Database) -> None:
    board = Board(database, ["It is Paris. ", "Really.\n", LinkLost()])
    await board.skill.load()
    await board.ask()
    board.bridge.answer_late("It is Paris. Really.")
    async with board.serving():
        await board.wait(60)
    assert board.loudspeaker.said == []
    assert board.bridge.answers == {}


async def test_without_words_it_asks_back(board: Board) -> None:
    assert await board.ask("") == "What shall I ask?"
    assert board.outcome is not None
    assert board.outcome.question is not None
    assert board.outcome.question.slot == "question"


async def test_a_call_of_something_else_is_none(database: Database) -> None:
    board = Board(database, [ToolCall("1", "open_bomb_bay", {}), "I can't do that."])
    await board.skill.load()
    assert await board.ask() == "I can't do that."
    assert board.bridge.answering[0].results == [("1", "Not done: no command that this home knows.")]


@pytest.mark.parametrize(
    ("language", "text", "question"),
    [
        ("en", "ask the cloud what is the capital of France", "what is the capital of France"),
        ("en", "please ask the bridge about black holes", "black holes"),
        ("en", "ask the internet how tall is Everest", "how tall is Everest"),
        ("de", "frag die Cloud wie hoch der Everest ist", "wie hoch der Everest ist"),
        ("fr", "demande au cloud quelle est la capitale du Pérou", "quelle est la capitale du Pérou"),
        ("es", "pregunta a la nube cuál es la capital de Perú", "cuál es la capital de Perú"),
        ("nl", "vraag de cloud wat de hoofdstad van Peru is", "wat de hoofdstad van Peru is"),
        ("it", "chiedi al cloud qual è la capitale del Perù", "qual è la capitale del Perù"),
    ],
)
def test_how_one_asks(language: str, text: str, question: str) -> None:
    grammar = Grammar(Rooms(), language, None, [FOLDER / "sentences" / f"{language}.yaml"])
    found = grammar.understand(text, Origin("s", language=language))
    assert found is not None
    assert found.intent.name == ASK_CLOUD
    assert str(found.intent.slots["question"]).casefold() == question.casefold()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "what did you find out"),
        ("en", "have you found anything out"),
        ("de", "was hast du herausgefunden"),
        ("fr", "qu'as-tu trouvé"),
        ("es", "qué has averiguado"),
        ("nl", "wat heb je gevonden"),
        ("it", "cosa hai scoperto"),
    ],
)
def test_how_one_asks_what_was_found_out(language: str, text: str) -> None:
    grammar = Grammar(Rooms(), language, None, [FOLDER / "sentences" / f"{language}.yaml"])
    found = grammar.understand(text, Origin("s", language=language))
    assert found is not None
    assert found.intent.name == "HearthCloudNews"


def replace_settings(**changed: object) -> CloudSettings:
    return CloudSettings.model_validate({**SETTINGS.model_dump(), **changed})


def _exchange(text: str, reply: str) -> Exchange:
    return Exchange(0.0, text, (), OutcomeKind.DONE, reply=reply)
