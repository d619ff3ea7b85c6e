"""Engines on another machine: what is asked of it, what its absence costs, and that its return is noticed."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest
from wyoming.error import Error

from edge.chunk import RATE, Pcm
from edge.devices import Device
from edge.intents import Fit, Transcript
from edge.listen.stt_wyoming import WyomingStt
from edge.listen.stt_wyoming import build as build_stt
from edge.ports import Sayable
from edge.speak.tts_wyoming import WyomingTts
from edge.speak.tts_wyoming import build as build_tts
from edge.understand.grammar import Grammar
from edge.wyoming import connection, remote
from edge.wyoming.remote import Machine
from tests.brokers import free_port
from tests.houses import Rooms
from tests.wyoming_servers import Behaviour, Server, serving

SPEECH: Pcm = (np.random.default_rng(1).normal(0, 1, RATE) * np.repeat([50, 3000, 50, 50], RATE // 4)).astype(np.int16)
"""Louder than the rest for a moment, as speech is."""


class LocalStt:
    """Says that it was asked."""

    def __init__(self) -> None:
        self.closed = False
        self.prepared: list[Sayable] = []

    def transcribe(self, pcm: Pcm, language: str | None, sayable: Sayable | None = None) -> Transcript:
        return Transcript("heard here", language or "en")

    def prepare(self, sayable: Sayable) -> None:
        self.prepared.append(sayable)

    def close(self) -> None:
        self.closed = True


class LocalTts:
    """A click."""

    rate = 22050

    def synthesize(self, sentence: str) -> Pcm:
        return np.array([1, 2, 3], np.int16)

    def close(self) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Behaviour()) as one:
        yield one


def stt(port: int, deadline_s: float = 30.0, retry_s: float = 0.05) -> WyomingStt:
    return build_stt(LocalStt, Machine("127.0.0.1", port, deadline_s, retry_s))


def tts(port: int, voice: str | None = None, volume: float = 1.0) -> WyomingTts:
    return build_tts(LocalTts, Machine("127.0.0.1", port, 30.0, 0.05), voice, volume)


def eventually(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_the_other_machine_hears(server: Server) -> None:
    engine = stt(server.port)
    assert engine.remote.wait(60)
    assert engine.transcribe(SPEECH, "de") == Transcript(f"{len(SPEECH)} samples", "de")
    assert [kind for kind in server.behaviour.asked if kind != "audio-chunk"] == [
        "describe",
        "transcribe",
        "audio-start",
        "audio-stop",
    ]
    engine.close()


def test_silence_goes_nowhere(server: Server) -> None:
    engine = stt(server.port)
    assert engine.remote.wait(60)
    assert engine.transcribe(np.zeros(RATE, np.int16), "en").text == ""
    assert server.behaviour.asked == ["describe"]
    engine.close()


def test_what_it_heard_is_placed_among_the_sentences_of_the_house(server: Server) -> None:
    house = Rooms([Device("light.t", "Tardis Lamp", "light"), Device("cover.q", "Quillon Blind", "cover")])
    sayable = Grammar(house, "en", None).sayable()
    engine = stt(server.port)
    assert engine.remote.wait(60)
    heard = {}
    for text in ("Turn on the Tardis lamp.", "Turn on the", "My grandmother baked a cake."):
        server.behaviour.hear = lambda _, text=text: text
        heard[text] = engine.transcribe(SPEECH, "en", sayable)
    whole = heard["Turn on the Tardis lamp."]
    assert (whole.text, whole.alternatives) == ("turn on the Tardis Lamp", ("Turn on the Tardis lamp.",))
    assert whole.fit in (Fit.WHOLE, Fit.CLOSED)
    assert heard["Turn on the"].fit is Fit.OPEN
    assert heard["My grandmother baked a cake."] == Transcript("My grandmother baked a cake.", "en")
    engine.close()


def test_while_it_is_away_the_local_engine_hears_at_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    engine = stt(free_port(), deadline_s=30.0, retry_s=0.01)
    eventually(lambda: bool(caplog.records))
    begun = time.monotonic()
    for _ in range(5):
        assert engine.transcribe(SPEECH, "en").text == "heard here"
    assert time.monotonic() - begun < 25, "one deadline would be more"
    time.sleep(0.1)  # it is looked for several times meanwhile
    assert [record.levelname for record in caplog.records] == ["WARNING"], "told once"
    engine.close()


@pytest.mark.parametrize("fault", ["silent", "fails"])
def test_a_fault_costs_one_deadline_and_not_one_each_turn(
    server: Server, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.INFO)
    engine = stt(server.port, deadline_s=0.5, retry_s=300.0)
    assert engine.remote.wait(60)
    setattr(server.behaviour, fault, True)
    for _ in range(20):
        assert engine.transcribe(SPEECH, "en").text == "heard here"
    eventually(lambda: "transcribe" in server.behaviour.asked)  # it may have heard of it only after the deadline
    time.sleep(0.1)
    assert server.behaviour.asked.count("transcribe") == 1
    assert not engine.remote.here
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    engine.close()


def test_it_is_used_again_when_it_is_back(server: Server) -> None:
    engine = stt(server.port)
    assert engine.remote.wait(60)
    server.stop()
    assert engine.transcribe(SPEECH, "en").text == "heard here"
    assert not engine.remote.here
    server.start()
    assert engine.remote.wait(60)
    assert engine.transcribe(SPEECH, "en").text == f"{len(SPEECH)} samples"
    engine.close()


def test_one_that_answers_too_slowly_is_left_alone_for_longer_each_time(server: Server) -> None:
    server.behaviour.silent = True
    engine = stt(server.port, deadline_s=0.1, retry_s=0.05)
    asked_at = []
    for _ in range(5):
        assert engine.remote.wait(60)
        asked_at.append(time.monotonic())
        assert engine.transcribe(SPEECH, "en").text == "heard here"
    for failures, gap in enumerate(np.diff(asked_at)):
        assert gap > 0.1 + 0.05 * 2**failures
    engine.close()


def test_a_machine_that_offers_something_else_is_not_asked(caplog: pytest.LogCaptureFixture) -> None:
    with serving(Behaviour(offers=False)) as server:
        engine = stt(server.port)
        eventually(lambda: any("offers no asr" in record.getMessage() for record in caplog.records))
        assert engine.transcribe(SPEECH, "en").text == "heard here"
        engine.close()


def test_preparing_and_closing_reach_the_local_engine() -> None:
    local = LocalStt()
    engine = build_stt(lambda: local, Machine("127.0.0.1", free_port(), 1.0))
    sayable = Grammar(Rooms(), "en", None).sayable()
    engine.prepare(sayable)
    engine.close()
    assert local.prepared == [sayable]
    assert local.closed


def test_the_other_machine_speaks_at_the_local_voices_rate(server: Server) -> None:
    engine = tts(server.port)
    assert engine.remote.wait(60)
    assert engine.rate == 22050
    pcm = engine.synthesize("x" * 160)
    assert pcm.dtype == np.int16
    assert len(pcm) == pytest.approx(22050, abs=50), "a second of 16 kHz"
    assert np.median(pcm) == 7
    assert len(engine.synthesize(" ")) == 0
    engine.close()


def test_its_voice_is_as_loud_as_the_settings_say(server: Server) -> None:
    server.behaviour.speak = lambda _: (np.full(22050, 1000, np.int16), 22050)
    engine = tts(server.port, volume=0.5)
    assert engine.remote.wait(60)
    assert np.median(engine.synthesize("Hello.")) == 500
    engine.close()


def test_a_sentence_that_it_does_not_speak_is_spoken_here(server: Server) -> None:
    engine = tts(server.port)
    assert engine.remote.wait(60)
    server.behaviour.fails = True
    assert engine.synthesize("Hello.").tolist() == [1, 2, 3]
    assert not engine.remote.here
    engine.close()


def test_a_voice_without_end_is_not_kept(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    server.behaviour.speak = lambda text: (np.zeros(500_000, np.int16), 8000)
    with closing(tts(server.port)) as voice:
        assert voice.remote.wait(10)
        pcm = voice.synthesize("hello")
        assert len(pcm) > 500_000, "a minute of it is"
    server.behaviour.speak = lambda text: (np.zeros(1_000_000, np.int16), 8000)
    with closing(tts(server.port)) as voice:
        assert voice.remote.wait(10)
        assert list(voice.synthesize("hello")) == [1, 2, 3]


def test_more_than_an_answer_can_have_is_not_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_MOST", 100_000)
    server.behaviour.speak = lambda text: (np.zeros(200_000, np.int16), 22050)
    with closing(tts(server.port)) as voice:
        assert voice.remote.wait(10)
        assert list(voice.synthesize("hello")) == [1, 2, 3]


def test_what_it_complains_of_is_one_short_line_of_the_log() -> None:
    error = Error(text="a\n\x1b[31m" + "x" * 100_000)
    with pytest.raises(ConnectionError) as told:
        list(remote._without_errors(iter([error.event()])))
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 300
