"""An answer that is spoken while it is still being made."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from edge.chunk import Pcm
from edge.engine_thread import EngineThread
from edge.errors import AssistantError, AudioError
from edge.ports import TtsEngine
from edge.speak.speak import Voice

pytestmark = pytest.mark.anyio


class Letters:
    """A voice whose sound is as long as its text."""

    rate = 16_000

    def synthesize(self, sentence: str) -> Pcm:
        return np.zeros(len(sentence), np.int16)

    def close(self) -> None: ...


class Speaker:
    """Takes down the lengths of what it plays; may hold, or fail, at one of them."""

    def __init__(self, *, hold_at: int = -1, fail_at: int = -1) -> None:
        self.played: list[int] = []
        self.finished = 0
        self.holding = anyio.Event()
        self._hold_at, self._fail_at = hold_at, fail_at

    async def play(self, pcm: Pcm, rate: int) -> None:
        if len(self.played) == self._fail_at:
            raise AudioError("the loudspeaker is gone", "plug it in")
        self.played.append(len(pcm))
        if len(self.played) - 1 == self._hold_at:
            self.holding.set()
            await anyio.sleep_forever()
        await anyio.lowlevel.checkpoint()

    async def finish(self) -> None:
        self.finished += 1
        await anyio.lowlevel.checkpoint()


class Told:
    def __init__(self) -> None:
        self.started = 0
        self.sentences: list[str] = []

    def start(self) -> None:
        self.started += 1


@pytest.fixture
async def tts() -> AsyncIterator[EngineThread[TtsEngine]]:
    async with EngineThread[TtsEngine]("tts", Letters) as thread:
        yield thread


async def given(sentences: Sequence[str]) -> AsyncGenerator[str, None]:
    for sentence in sentences:
        yield sentence


async def test_sentences_are_spoken_in_order_and_the_first_sample_is_told_once(tts: EngineThread[TtsEngine]) -> None:
    speaker, told = Speaker(), Told()
    await Voice(tts, speaker).tell(given(["a", "bb", "ccc"] * 4), told.start, told.sentences.append)
    assert speaker.played == [1, 2, 3] * 4
    assert told.sentences == ["a", "bb", "ccc"] * 4
    assert told.started == 1


async def test_the_first_is_heard_before_the_second_is_there(tts: EngineThread[TtsEngine]) -> None:
    speaker, told, heard = Speaker(), Told(), anyio.Event()

    async def sentences() -> AsyncGenerator[str, None]:
        yield "a"
        with anyio.fail_after(60):
            await heard.wait()
        yield "bb"

    def note(sentence: str) -> None:
        told.sentences.append(sentence)
        heard.set()

    await Voice(tts, speaker).tell(sentences(), told.start, note)
    assert speaker.played == [1, 2]


async def test_a_long_first_sentence_begins_with_its_first_clause(tts: EngineThread[TtsEngine]) -> None:
    speaker, told = Speaker(), Told()
    first, second = (
        "In the mountains, water boils sooner than it does at the sea.",
        "So, eggs take longer there, alas, than here.",
    )
    await Voice(tts, speaker).tell(given([first, second]), told.start, told.sentences.append)
    assert speaker.played == [len("In the mountains,"), len(first) - len("In the mountains, "), len(second)]
    assert told.sentences == [first, second]


async def test_what_fails_in_the_making_fails_after_what_was_made_is_heard(tts: EngineThread[TtsEngine]) -> None:
    speaker, told = Speaker(), Told()

    async def sentences() -> AsyncGenerator[str, None]:
        yield "a"
        yield "bb"
        raise AssistantError("no more", "")

    with pytest.raises(AssistantError, match="no more"):
        await Voice(tts, speaker).tell(sentences(), told.start, told.sentences.append)
    assert speaker.played == [1, 2]


async def test_a_loudspeaker_that_fails_ends_it(tts: EngineThread[TtsEngine]) -> None:
    speaker, told = Speaker(fail_at=1), Told()

    async def endless() -> AsyncGenerator[str, None]:
        while True:
            yield "a"

    with pytest.raises(AudioError):
        await Voice(tts, speaker).tell(endless(), told.start, told.sentences.append)
    assert speaker.played == [1]


async def test_nothing_of_what_is_broken_off_stays_behind(tts: EngineThread[TtsEngine]) -> None:
    speaker, told = Speaker(hold_at=1), Told()
    voice = Voice(tts, speaker)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(voice.tell, given(["a", "bb", "ccc", "dddd"]), told.start, told.sentences.append)
        with anyio.fail_after(60):
            await speaker.holding.wait()
        tasks.cancel_scope.cancel()
    assert told.sentences == ["a", "bb"]
    assert speaker.finished == 1
    await voice.speak("Eeeee.", lambda: None)
    assert speaker.played == [1, 2, 6]
