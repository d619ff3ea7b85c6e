"""What one talker is to get: kept for a while, bounded, never in the way."""

import anyio
import anyio.lowlevel
import pytest

from edge.api.web.voice import outbox as module
from edge.api.web.voice.outbox import KEPT, Outbox

pytestmark = pytest.mark.anyio

SOUND = b"\x01\x00" * 5_000


async def taken(outbox: Outbox, count: int) -> list[str | bytes]:
    with anyio.fail_after(60):
        return [await outbox.next() for _ in range(count)]


async def test_frames_come_in_order() -> None:
    outbox = Outbox()
    outbox.here(True)
    outbox.tell("a")
    await outbox.play(b"bb")
    outbox.tell("c")
    assert await taken(outbox, 3) == ["a", b"bb", "c"]


async def test_whoever_waits_gets_what_comes() -> None:
    outbox = Outbox()
    got: list[str | bytes] = []

    async def take() -> None:
        got.append(await outbox.next())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take)
        await anyio.lowlevel.checkpoint()
        outbox.tell("a")
    assert got == ["a"]


@pytest.mark.parametrize(("after", "again"), [(0, ["a", "b", "c"]), (2, ["c"]), (3, []), (99, [])])
async def test_who_comes_back_goes_on_after_what_it_has(after: int, again: list[str]) -> None:
    outbox = Outbox()
    for text in "abc":
        outbox.tell(text)
    await taken(outbox, 3)
    assert outbox.resume(after) == 0
    outbox.tell("d")
    assert await taken(outbox, len(again) + 1) == [*again, "d"]


async def test_what_was_sent_long_ago_is_not_kept() -> None:
    outbox = Outbox()
    outbox.here(True)
    frames = 3 * KEPT // len(SOUND)
    for _ in range(frames):
        await outbox.play(SOUND)
        await taken(outbox, 1)
    missing = outbox.resume(0)
    assert 0 < missing < frames
    assert (frames - missing) * len(SOUND) <= KEPT
    assert await taken(outbox, frames - missing) == [SOUND] * (frames - missing)


async def test_sound_waits_for_a_client_that_is_there_and_takes_little() -> None:
    outbox = Outbox()
    outbox.here(True)
    played = 0

    async def play() -> None:
        nonlocal played
        for _ in range(200):
            await outbox.play(SOUND)
            played += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(play)
        await anyio.wait_all_tasks_blocked()
        waiting = played
        assert waiting * len(SOUND) < KEPT
        await taken(outbox, 10)
        await anyio.wait_all_tasks_blocked()
        assert played == waiting + 10
        await taken(outbox, 190)
        await anyio.wait_all_tasks_blocked()
        assert played == 200
    assert (outbox.lost_sound, outbox.lost_events) == (0, 0)


async def test_for_one_that_is_away_nobody_waits_and_the_beginning_is_kept() -> None:
    outbox = Outbox()
    outbox.tell("first")
    with anyio.fail_after(60):
        for _ in range(500):
            await outbox.play(SOUND)
    outbox.tell("last")
    kept = KEPT // len(SOUND)
    assert outbox.lost_sound == (500 - kept) * len(SOUND)
    assert await taken(outbox, kept + 2) == ["first", *[SOUND] * kept, "last"]


async def test_text_that_nobody_takes_is_bounded_and_counted() -> None:
    outbox = Outbox()
    outbox.here(True)
    for _ in range(2_000):
        outbox.tell("x" * 1_000)
    assert outbox.lost_events == 2_000 - (KEPT + module._TEXT) // 1_000


async def test_going_away_lets_whoever_plays_go_on() -> None:
    outbox = Outbox()
    outbox.here(True)

    async def play() -> None:
        for _ in range(200):
            await outbox.play(SOUND)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(play)
            await anyio.wait_all_tasks_blocked()
            outbox.here(False)


async def test_for_one_that_will_not_come_back_nothing_is_kept() -> None:
    outbox = Outbox()
    outbox.close()
    for _ in range(500):
        await outbox.play(SOUND)
    outbox.tell("a")
    assert (outbox.lost_sound, outbox.lost_events) == (0, 0)
