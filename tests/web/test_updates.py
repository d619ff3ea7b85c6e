"""``/v1/updates``: what there is, asking for it, going back; the assistant itself does nothing but leave word."""

import contextlib
import datetime
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from msgspec.structs import replace

from edge.api.web.kept import by_hand
from edge.api.web.system import updating
from edge.events import SpeakingStarted
from edge.intents import Phrase
from edge.ports import EditableAgenda, EditableTimers, RingingEnd, Silenced
from edge.sections import UpdateSettings
from edge.settings import Settings
from edge.updates import keeper, places, versions, word
from edge.updates.keeper import Keeper, until, within
from edge.updates.lock import alone
from edge.updates.places import Places, Spool
from edge.updates.word import Found, Health, Last, Request, Result, State, Trial, Wish
from tests.web.conftest import Served

pytestmark = pytest.mark.anyio

OLD, NEW = "0.1.0-00000000", "0.2.0-11111111"


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """An installation whose versions lie side by side."""
    monkeypatch.setattr(places, "OPT", tmp_path / "opt")
    made = Places()
    for release in (OLD, NEW):
        (made.releases / release).mkdir(parents=True)
        (made.releases / release / versions.DONE).touch()
    for link in (made.current, made.proven):
        versions.point(link, made.releases / OLD)
    versions.keep(made, State())
    return made


@pytest.fixture
def settings(settings: Settings, board: Places) -> Settings:
    return settings.model_copy(update={"update": UpdateSettings(url="http://127.0.0.1:9", auto="apply")})


@pytest.fixture
def spool(settings: Settings) -> Spool:
    made = Spool.of(settings.data_dir)
    made.make()
    return made


def requested(spool: Spool) -> Request | None:
    return word.taken(spool.request, Request)


def asked_and_worked_on(board: Places, spool: Spool, wish: Wish = Wish.APPLY) -> Request:
    """Somebody wanted something, and root's part has done what there was to do."""
    request = word.ask(spool, wish, by_person=True)
    versions.keep(board, State(laid=NEW, answers=request.ident))
    return request


def wished(spool: Spool) -> Wish | None:
    request = requested(spool)
    return request.wish if request is not None else None


async def test_a_version_is_seen_asked_for_and_left_again(served: Served, board: Places, spool: Spool) -> None:
    word.leave(spool.found, Found(at=5.0, release=NEW, rollout=25, size=2_000_000))
    told = (await served.client.get("/v1/updates")).json()
    assert (told["runs"], told["available"], told["stage"], told["rollout"]) == (OLD, NEW, "nothing", 25)
    for path, wish, stage in (("check", Wish.CHECK, "nothing"), ("apply", Wish.APPLY, "asked")):
        answer = await served.client.post(f"/v1/updates/{path}")
        assert (answer.status_code, answer.json()["stage"]) == (202, stage)
        request = requested(spool)
        assert request is not None
        assert (request.wish, request.by_person) == (wish, True)
    assert spool.request.stat().st_mode & 0o777 == 0o640, "the group of root's part may read it"
    # How far it is, as both sides leave it.
    assert request is not None
    for found, state, stage in (
        (Found(at=6, release=NEW, size=9, done=3, answers=request.ident), State(), "fetching"),
        (Found(at=6, release=NEW, size=9, done=9, fetched=True, answers=request.ident), State(), "laying"),
        (Found(at=6, release=NEW), State(laid=NEW, answers=request.ident), "waiting"),
        (Found(at=6), State(trial=Trial(release=NEW, before=OLD, at=0)), "trial"),
        (Found(at=6, release=NEW, answers=request.ident, error="no network"), State(), "nothing"),
    ):
        word.leave(spool.found, found)
        versions.keep(board, state)
        assert (await served.client.get("/v1/updates")).json()["stage"] == stage
    assert (await served.client.get("/v1/updates")).json()["error"] == "no network"
    # Back: only where there is something to go back to.
    assert (await served.client.post("/v1/updates/rollback")).json()["code"] == "no_previous"
    last = Last(result=Result.APPLIED, release=NEW, before=OLD, at=1.0)
    versions.keep(board, State(previous=OLD, last=last))
    answer = await served.client.post("/v1/updates/rollback")
    assert (answer.status_code, answer.json()["last"]["result"]) == (202, "applied")
    assert wished(spool) is Wish.ROLL_BACK
    # Other installations say how they are updated.
    board.current.unlink()
    for method, path in (("GET", ""), ("POST", "/check"), ("POST", "/apply"), ("POST", "/rollback")):
        answer = await served.client.request(method, f"/v1/updates{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "by_hand")


@pytest.mark.parametrize(("prefix", "automatic"), [(f"opt/releases/{OLD}", True), ("usr/lib/hearthside", False)])
def test_whether_it_can_is_told(prefix: str, automatic: bool, board: Places, tmp_path: Path) -> None:
    assert updating(str(tmp_path / prefix)).automatic is automatic


# -- the assistant's own part --------------------------------------------------------------------------------------------


NIGHT = datetime.datetime(2026, 3, 1, 3, 0, tzinfo=datetime.UTC)
NOON = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)


async def no_checks(_: object) -> tuple[str, ...]:
    return ("broker",)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "_STILL_S", 0.0)


class Kept:
    """A keeper that looks when it is told to."""

    def __init__(self, served: Served, now: datetime.datetime = NIGHT) -> None:
        self.ended = 0
        self.keeper = Keeper(served.assistant, OLD, self.end, checks=no_checks, now=lambda: now)

    def end(self) -> None:
        self.ended += 1

    async def looks(self) -> None:
        await self.keeper._look()


@pytest.fixture
def laid(board: Places) -> None:
    versions.keep(board, State(laid=NEW))


@pytest.mark.usefixtures("quick", "laid")
async def test_what_lies_ready_takes_over_in_its_hours_or_when_somebody_wants_it(
    served: Served, board: Places, spool: Spool
) -> None:
    await Kept(served, NOON).looks()
    assert requested(spool) is None, "by day it waits"
    by_night = Kept(served)
    await by_night.looks()
    request = requested(spool)
    assert request is not None
    assert (request.wish, request.release, request.failing) == (Wish.SWITCH, NEW, ("broker",))
    await by_night.looks()
    assert requested(spool) == request, "once"
    health = word.taken(spool.health, Health)
    assert health is not None
    assert (health.release, health.failing) == (OLD, ("broker",))
    # Whoever only wanted to see what there is, or to go back, has not asked for it.
    for wish in (Wish.CHECK, Wish.ROLL_BACK):
        asked = asked_and_worked_on(board, spool, wish)
        await Kept(served, NOON).looks()
        assert requested(spool) == asked
    # Whoever asked does not wait for the night.
    asked_and_worked_on(board, spool)
    await Kept(served, NOON).looks()
    assert wished(spool) is Wish.SWITCH
    # What is not there, or was not well here, does not take over.
    for state in (State(), State(laid=NEW, refused=(NEW,)), State(laid=OLD)):
        spool.request.unlink()
        versions.keep(board, state)
        await Kept(served).looks()
        assert requested(spool) is None
        spool.request.touch()


@dataclass(frozen=True)
class Asked:
    """A request, and how far it is."""

    wish: Wish
    ago_s: float = 0.0
    found: Found | None = None
    """What the fetching side left in answer to it."""
    fetching: bool = False
    working: bool | None = None
    """Of root's part; None: it has not seen it."""


REQUESTS = (
    (Asked(Wish.ROLL_BACK), False),
    (Asked(Wish.APPLY), False),
    (Asked(Wish.CHECK), False),
    (Asked(Wish.APPLY, 600), True),  # no unit has begun
    (Asked(Wish.APPLY, 600, fetching=True), False),  # its looking takes long
    (Asked(Wish.APPLY, 600, Found(at=1, release=NEW, size=9, done=3), fetching=True), False),
    (Asked(Wish.APPLY, 600, Found(at=1, release=NEW, size=9, done=9, fetched=True)), False),  # to be laid
    (Asked(Wish.APPLY, 600, working=True), False),
    (Asked(Wish.APPLY, working=False), True),
    (Asked(Wish.CHECK, found=Found(at=1, release=NEW)), True),
    (Asked(Wish.APPLY, found=Found(at=1, error="no network")), True),
)
"""And whether what lies ready may be asked for in its place."""


@pytest.mark.usefixtures("quick")
async def test_nobody_s_request_is_written_over(served: Served, board: Places, spool: Spool) -> None:
    for asked, takes_over in REQUESTS:
        request = replace(word.ask(spool, asked.wish, by_person=True), at=time.time() - asked.ago_s)
        word.leave(spool.request, request)
        word.leave(spool.found, replace(asked.found or Found(at=1), answers=request.ident if asked.found else ""))
        state = State(laid=NEW)
        if asked.working is not None:
            state = replace(state, answers=request.ident, working=asked.working)
        versions.keep(board, state)
        with alone(spool) if asked.fetching else contextlib.nullcontext():
            await Kept(served).looks()
        assert (wished(spool) is Wish.SWITCH) is takes_over, asked
        assert takes_over or requested(spool) == request, asked


@asynccontextmanager
async def ringing(served: Served) -> AsyncIterator[None]:
    async def over(_: Silenced) -> None:
        return

    announcer = served.assistant.announcer
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(announcer.ring, Phrase("nothing"), over)
        while announcer.ringing is None:
            await anyio.lowlevel.checkpoint()
        yield
        await announcer.silence(Silenced(RingingEnd.STOPPED))


@asynccontextmanager
async def a_timer(served: Served) -> AsyncIterator[None]:
    timers = by_hand(served.assistant, "timers")
    assert isinstance(timers, EditableTimers)
    await timers.start(300, None, None)
    yield
    await timers.emptied()


@asynccontextmanager
async def an_alarm(served: Served) -> AsyncIterator[None]:
    alarms = by_hand(served.assistant, "alarms")
    assert isinstance(alarms, EditableAgenda)
    await alarms.add("", time.time() + 300)
    yield
    await alarms.emptied()


@asynccontextmanager
async def a_turn(served: Served) -> AsyncIterator[None]:
    with served.assistant._floor.turn():
        yield


@asynccontextmanager
async def a_turn_elsewhere(served: Served) -> AsyncIterator[None]:
    served.assistant.recent.take(SpeakingStarted(turn="a satellite's", at=time.monotonic()))
    yield
    served.assistant.recent.forget(["a satellite's"])


@pytest.mark.usefixtures("laid")
async def test_never_while_somebody_needs_it(
    served: Served, board: Places, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_and_worked_on(board, spool)
    await Kept(served).looks()
    assert wished(spool) is Wish.APPLY, "a pause in a conversation is no end: half a minute must have passed"
    monkeypatch.setattr(keeper, "_STILL_S", 0.0)
    kept = Kept(served)
    for busy in (ringing, a_timer, an_alarm, a_turn, a_turn_elsewhere):
        versions.point(board.current, board.releases / OLD)
        async with busy(served):
            await kept.looks()
            assert wished(spool) is Wish.APPLY, f"{busy.__name__}: it has not let go"
            versions.point(board.current, board.releases / NEW)
            await kept.looks()
            assert kept.ended == 0, busy.__name__

    async def somebody_speaks(_: Keeper) -> bool:
        speaking.enter_context(served.assistant._floor.turn())
        return False

    with contextlib.ExitStack() as speaking, monkeypatch.context() as meanwhile:
        meanwhile.setattr(Keeper, "_something_is_due", somebody_speaks)
        await kept.looks()
        assert kept.ended == 0, "it was calm, and is no longer"
    await kept.looks()
    assert kept.ended == 1, "and now it does"


async def test_what_was_undone_is_told_once_when_people_are_up(served: Served, board: Places) -> None:
    last = Last(result=Result.UNDONE, release=NEW, before=OLD, at=7.0, why="it came to an end 3 times")
    versions.keep(board, State(last=last))
    with served.assistant.bus.subscribe(listener="test") as events:
        for _ in range(2):
            await Kept(served, NOON).keeper._tell_last()
        told = events.pending()
    assert [type(event).__name__ for event in told] == ["Fault", "Announced"]
    assert "0.2.0" in told[1].text
    assert "came to an end 3 times" in told[0].message


@pytest.mark.parametrize(
    ("now", "hours", "inside"),
    [("03:00", "02:30-05:00", True), ("05:00", "02:30-05:00", False), ("23:00", "22:00-04:00", True),
     ("03:59", "22:00-04:00", True), ("12:00", "22:00-04:00", False)],
)  # fmt: skip
def test_hours(now: str, hours: str, inside: bool) -> None:
    assert within(datetime.time.fromisoformat(now), hours) is inside


@pytest.mark.parametrize(("hour", "seconds"), [(9, 0), (3, 5 * 3600), (22, 10 * 3600)])
def test_until_people_are_up(hour: int, seconds: float) -> None:
    now = datetime.datetime(2026, 3, 1, hour, tzinfo=datetime.UTC)
    assert until(now, datetime.time(8), datetime.time(21)) == seconds
