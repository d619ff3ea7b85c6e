"""One release in the place of another: well, not well, busy, interrupted."""

import errno
import functools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.updates import __main__ as roots_part
from edge.updates import laying, versions, word
from edge.updates.errors import UpdateError
from edge.updates.exchange import Exchange, Rules
from edge.updates.story import Stage, story
from edge.updates.word import Found, Health, Result, State, Trial, Wish
from tests.unit.updates.publisher import Board, Publisher, carried
from tests.unit.updates.service import Service

pytestmark = pytest.mark.anyio

QUICK = Rules(look_s=0.001, well_s=0.01, failures=3, ready_s=60, patience_s=60)
NEVER = 3600.0


@pytest.fixture
def old(publisher: Publisher, board: Board) -> str:
    return board.install(publisher, "0.1.0")


@pytest.fixture
def new(publisher: Publisher, board: Board, old: str) -> str:
    """Laid, and not started."""
    publisher.publish("0.2.0")
    carried(publisher, board.spool)
    found = laying.verified("stable", board.places, board.spool)
    laying.lay(found, board.places, board.spool)
    versions.keep(board.places, replace(versions.state(board.places), laid=found.name))
    return found.name


@pytest.fixture
def service(board: Board, old: str) -> Service:
    running = Service(board.places)
    running.start()
    return running


def exchange(board: Board, service: Service, rules: Rules = QUICK) -> Exchange:
    return Exchange(board.places, board.spool, service, rules, board.units)


def finds_itself(board: Board, service: Service, *failing: str) -> None:
    """What the assistant that runs says of itself."""
    word.leave(board.spool.health, Health(release=service.runs, invocation=service.invocation, failing=failing, at=0))


def ends(board: Board) -> tuple[str, str]:
    """What is started from now on, and what is come back to."""
    return versions.led_to(board.places.current), versions.led_to(board.places.proven)


async def test_a_release_that_is_well_stays(board: Board, service: Service, old: str, new: str) -> None:
    service.looked = functools.partial(finds_itself, board, service)
    last = await exchange(board, service).switch(new)
    assert (last.result, ends(board), service.told) == (Result.APPLIED, (new, new), [old, new, "others"])
    state = versions.state(board.places)
    assert (state.previous, state.laid, state.trial, state.refused) == (old, "", None, ())
    assert (board.units / "hearthside.service").read_text() == "# 0.2.0\n"
    assert service.reloads == 1
    assert (board.places.releases / old).is_dir(), "somebody may want to go back"


@pytest.mark.parametrize("behaves", ["sick", "hung", "it is silent", "it lost the broker"])
async def test_a_release_that_is_not_well_is_taken_back(
    behaves: str, board: Board, service: Service, old: str, new: str
) -> None:
    rules = QUICK
    match behaves:
        case "sick":
            service.sick, rules = frozenset({new}), replace_rules(QUICK, well_s=NEVER)
        case "hung":
            service.hung, rules = frozenset({new}), replace_rules(QUICK, ready_s=0.05)
        case "it lost the broker":
            service.looked = functools.partial(finds_itself, board, service, "microphone", "broker")
    last = await exchange(board, service, rules).switch(new, failing=("microphone",))
    assert (last.result, ends(board), service.runs) == (Result.UNDONE, (old, old), old)
    assert (
        last.why
        == {
            "sick": "it came to an end 3 times",
            "hung": "it was not ready in 0 minutes",
            "it is silent": "it does not say how it is",
            "it lost the broker": "it does not work any more: broker",
        }[behaves]
    )
    state = versions.state(board.places)
    assert (state.refused, state.trial, state.previous) == ((new,), None, "")
    assert (board.units / "hearthside.service").read_text() == "# 0.1.0\n"
    # What is ending reads from it until the end; the next time it goes.
    assert (board.places.releases / new).exists()
    (board.places.releases / "somebody installs it").mkdir()
    assert await exchange(board, service).go_on() is None
    assert sorted(path.name for path in board.places.releases.iterdir()) == [old, "somebody installs it"]


def replace_rules(rules: Rules, **other: float) -> Rules:
    fields = {name: getattr(rules, name) for name in rules.__dataclass_fields__}
    return Rules(**{**fields, **other})  # type: ignore[arg-type]


async def test_what_failed_before_is_not_the_release_s_fault(
    board: Board, service: Service, old: str, new: str
) -> None:
    service.looked = functools.partial(finds_itself, board, service, "broker")
    last = await exchange(board, service).switch(new, failing=("broker",))
    assert last.result is Result.APPLIED


async def test_an_assistant_that_is_busy_all_the_time_goes_on(
    board: Board, service: Service, old: str, new: str
) -> None:
    service.busy = True
    last = await exchange(board, service, replace_rules(QUICK, patience_s=0.02)).switch(new)
    assert (last.result, ends(board), service.starts) == (Result.PUT_OFF, (old, old), 1)
    state = versions.state(board.places)
    assert (state.laid, state.refused) == (new, ()), "another time"


@pytest.mark.parametrize("cut", [False, True])
async def test_one_that_somebody_installs_by_hand_meanwhile_stays(
    cut: bool, publisher: Publisher, board: Board, service: Service, old: str, new: str
) -> None:
    """As `scripts/install` does it, which leaves no other."""

    def somebody_installs() -> None:
        if service.runs == new:
            board.install(publisher, "0.3.0")
            for name in (old, new):
                shutil.rmtree(board.places.releases / name)
            service.start()

    service.looked = somebody_installs
    if cut:
        versions.keep(board.places, State(trial=Trial(release=new, before=old, at=0, begun=True)))
        service.runs = new
        somebody_installs()
        last = await exchange(board, service).go_on()
    else:
        last = await exchange(board, service, replace_rules(QUICK, well_s=NEVER)).switch(new)
    assert last is not None
    assert (last.result, last.why) == (Result.PUT_OFF, "another version was installed")
    assert [name.partition("-")[0] for name in (*ends(board), service.runs)] == ["0.3.0"] * 3
    # And nobody asks for the other one for ever.
    with pytest.raises(UpdateError, match="does not lie ready"):
        await exchange(board, service).switch(new)
    assert versions.state(board.places).laid == ""


async def test_only_what_was_laid_can_take_over(board: Board, service: Service, old: str) -> None:
    with pytest.raises(UpdateError, match="does not lie ready"):
        await exchange(board, service).switch("9.9.9-00000000")
    assert ends(board) == (old, old)


async def test_one_may_go_back_once(board: Board, service: Service, old: str, new: str) -> None:
    service.looked = functools.partial(finds_itself, board, service)
    swap = exchange(board, service)
    await swap.switch(new)
    last = await swap.roll_back()
    assert (last.result, ends(board), service.runs) == (Result.ROLLED_BACK, (old, old), old)
    assert versions.state(board.places).refused == (new,), "it does not come again by itself"
    assert (board.places.releases / new).exists(), "what is ending reads from it"
    with pytest.raises(UpdateError, match="no version before"):
        await swap.roll_back()


async def test_one_may_go_back_in_the_middle_of_a_trial(board: Board, service: Service, old: str, new: str) -> None:
    def somebody_does_not_like_it() -> None:
        if service.runs == new and not word.taken(board.spool.request, word.Request):
            word.ask(board.spool, Wish.ROLL_BACK, by_person=True)

    board.spool.make()
    service.looked = somebody_does_not_like_it
    swap = exchange(board, service, replace_rules(QUICK, well_s=NEVER))
    last = await swap.switch(new)
    assert (last.result, last.why, ends(board)) == (
        Result.UNDONE, "somebody wanted the version before", (old, old),
    )  # fmt: skip
    # And that request is done with.
    await roots_part.work(board.places, board.spool, swap)
    assert ends(board) == (old, old)


async def test_a_request_is_worked_on_once(publisher: Publisher, board: Board, service: Service, old: str) -> None:
    made = publisher.publish("0.2.0")
    carried(publisher, board.spool)
    service.looked = functools.partial(finds_itself, board, service)
    swap = exchange(board, service)
    asked = word.ask(board.spool, Wish.APPLY)
    # What was fetched before, and what is fetched now as far as it is, are not what was asked for.
    for found in (Found(at=0, fetched=True, answers="earlier"), Found(at=0, size=9, done=3, answers=asked.ident)):
        word.leave(board.spool.found, found)
        await roots_part.work(board.places, board.spool, swap)
        assert versions.state(board.places).answers == "", "it waits for it"
    word.leave(board.spool.found, Found(at=0, release=made.name, fetched=True, answers=asked.ident))
    await roots_part.work(board.places, board.spool, swap)
    assert (versions.state(board.places).laid, ends(board)) == (made.name, (old, old)), "laid, and not started"
    word.ask(board.spool, Wish.SWITCH, release=made.name)
    for _ in range(2):
        await roots_part.work(board.places, board.spool, swap)
        assert ends(board) == (made.name, made.name)
    assert service.told == [old, made.name, "others"]


async def test_a_disk_that_fails_is_told(
    board: Board, service: Service, old: str, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(laying, "lay", full)
    made = publisher.publish("0.2.0")
    carried(publisher, board.spool)
    asked = word.ask(board.spool, Wish.APPLY, by_person=True)
    word.leave(board.spool.found, Found(at=0, release=made.name, fetched=True, answers=asked.ident))
    with pytest.raises(OSError, match="No space"):
        await roots_part.work(board.places, board.spool, exchange(board, service))
    told = story(board.places, board.spool)
    assert (told.stage, "No space left" in told.error) == (Stage.NOTHING, True)
    # It is no longer told of what is asked for next.
    word.ask(board.spool, Wish.ROLL_BACK, by_person=True)
    assert story(board.places, board.spool).error == ""


@pytest.mark.parametrize("release", ["0.1.0-00000000", "../../../etc", "9.9.9-00000000"])
async def test_nobody_can_ask_for_what_was_not_verified(release: str, board: Board, service: Service, old: str) -> None:
    (board.places.releases / "0.1.0-00000000").mkdir()
    (board.places.releases / "0.1.0-00000000" / versions.DONE).touch()
    word.ask(board.spool, Wish.SWITCH, by_person=True, release=release)
    await roots_part.work(board.places, board.spool, exchange(board, service))
    assert ends(board) == (old, old)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"wish":"format"}', '{"wish":"switch","at":0,"ident":"x","release":7}', '{"x":' + "[" * 50_000],
    ids=range(6),
)
async def test_a_request_that_makes_no_sense_is_none(text: str, board: Board, service: Service, old: str) -> None:
    board.spool.make()
    board.spool.request.write_text(text)
    await roots_part.work(board.places, board.spool, exchange(board, service))
    assert (ends(board), versions.state(board.places).answers) == ((old, old), "")


# -- the power is cut ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["applied", "undone", "rolled back"])
def test_wherever_the_power_is_cut_a_whole_release_starts(ending: str, tmp_path: Path) -> None:
    """Each operation on the file system in turn is the last one before the cut; after it the board starts, root's part
    goes on, and the power may be cut there, too.
    """
    script = Path(__file__).with_name("power_cuts.py")
    done = subprocess.run(
        [sys.executable, script, ending, tmp_path, "12"], capture_output=True, text=True, check=False, timeout=400
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 5, "there were some"
