"""What every engine of a kind must do, run against all of them with their real models.

Each is built once: a turn of the assistant is one of many for it, too.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from rapidfuzz import fuzz

from edge import plugins
from edge.chunk import CHUNK_SAMPLES, Pcm
from edge.devices import Device
from edge.errors import AssistantError, ModelError, SettingsError
from edge.intents import Fit
from edge.ports import LlmEngine, Sayable, SttEngine, TtsEngine, VadEngine, WakeEngine
from edge.understand.grammar import Grammar
from edge.wyoming.remote import Machine
from models.store import Store
from tests.houses import Rooms
from tests.sounds import SENTENCES, Recognise, Say, nearest, quiet
from tests.wyoming_servers import Behaviour, serving


def peak(engine: WakeEngine, pcm: Pcm, word: str, step: int = CHUNK_SAMPLES) -> float:
    """The highest score of ``word`` while ``pcm`` streams by in pieces of ``step`` samples."""
    engine.reset()
    scores = [engine.score(pcm[at : at + step]) for at in range(0, len(pcm), step)]
    assert all(0.0 <= value <= 1.0 for score in scores for value in score.values())
    return max((score.get(word, 0.0) for score in scores), default=0.0)


# -- wake words -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=plugins.names("wake"))
def wake(request: pytest.FixtureRequest, store: Store) -> Iterator[WakeEngine]:
    folder = store.require("openwakeword") if request.param == "openwakeword" else store.root
    engine: WakeEngine = plugins.load("wake", request.param)(("alexa", "hey_jarvis"), folder)
    yield engine
    engine.close()


@pytest.mark.parametrize(("word", "phrase"), [("alexa", "Alexa!"), ("hey_jarvis", "Hey Jarvis!")])
def test_a_wake_word_scores_above_its_threshold_and_the_other_word_does_not(
    wake: WakeEngine, say: Say, word: str, phrase: str
) -> None:
    sound = np.concatenate([quiet(2.0), say(phrase), quiet(1.0)])
    other = ({"alexa", "hey_jarvis"} - {word}).pop()
    assert peak(wake, sound, word) > wake.words[word].threshold
    assert peak(wake, sound, other) < wake.words[other].threshold


@pytest.mark.parametrize("text", ["Please close the blinds in the kitchen.", "I will be there in twenty minutes."])
def test_other_speech_does_not_wake(wake: WakeEngine, say: Say, text: str) -> None:
    sound = np.concatenate([quiet(2.0), say(text), quiet(1.0)])
    assert all(peak(wake, sound, name) < word.threshold for name, word in wake.words.items())


def test_the_size_of_the_pieces_does_not_matter(wake: WakeEngine, say: Say) -> None:
    sound = np.concatenate([quiet(2.0), say("Alexa!"), quiet(1.0)])
    peaks = [peak(wake, sound, "alexa", step) for step in (160, 320, 512, 1280, len(sound))]
    assert max(peaks) - min(peaks) < 0.02


def test_reset_forgets(wake: WakeEngine, say: Say) -> None:
    word = np.concatenate([quiet(2.0), say("Alexa!")])
    first = peak(wake, word, "alexa")
    assert peak(wake, quiet(2.0), "alexa") < wake.words["alexa"].threshold
    assert peak(wake, word, "alexa") == pytest.approx(first, abs=0.02)


@pytest.mark.parametrize("engine", plugins.names("wake"))
def test_an_unknown_word_is_named_with_what_there_is(engine: str, store: Store) -> None:
    folder = store.require("openwakeword") if engine == "openwakeword" else store.root
    with pytest.raises(SettingsError, match=r"hey_jarvus.*hey_jarvis"):
        plugins.load("wake", engine)(("hey_jarvus",), folder)


def test_a_wake_model_of_the_wrong_shape_is_named(store: Store) -> None:
    folder = store.require("openwakeword")
    with pytest.raises(ModelError, match=r"melspectrogram\.onnx takes input of shape"):
        plugins.load("wake", "openwakeword")((str(folder / "melspectrogram.onnx"),), folder)


# -- speech or not ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=plugins.names("vad"))
def vad(request: pytest.FixtureRequest, store: Store) -> Iterator[VadEngine]:
    engine: VadEngine = plugins.load("vad", request.param)(store.require("silero-vad") / "silero_vad_v6.onnx")
    yield engine
    engine.close()


def probabilities(vad: VadEngine, pcm: Pcm) -> list[float]:
    stream = vad.stream()
    return [stream.probability(window) for window in windows(vad, pcm)]


def windows(vad: VadEngine, pcm: Pcm) -> Pcm:
    return pcm[: len(pcm) // vad.window * vad.window].reshape(-1, vad.window)


def test_speech_is_told_from_quiet_and_noise(vad: VadEngine, say: Say) -> None:
    speech = probabilities(vad, say("Turn on the light in the kitchen, please."))
    assert np.mean(np.array(speech) > 0.5) > 0.7
    for noise in (np.zeros(32000, np.int16), quiet(2.0), quiet(2.0, level=2000.0)):
        assert np.mean(np.array(probabilities(vad, noise)) > 0.5) < 0.05


def test_streams_at_the_same_time_know_nothing_of_each_other(vad: VadEngine, say: Say) -> None:
    speech, other = say("Turn on the light in the kitchen, please."), say("What time is it in Lisbon now?")
    sounds = [speech, quiet(2.0, level=2000.0), other]
    alone = [probabilities(vad, pcm) for pcm in sounds]
    streams = [vad.stream() for _ in sounds]
    together: list[list[float]] = [[] for _ in sounds]
    for at in range(min(len(windows(vad, pcm)) for pcm in sounds)):
        for stream, pcm, heard in zip(streams, sounds, together, strict=True):
            heard.append(stream.probability(windows(vad, pcm)[at]))
    for by_itself, heard in zip(alone, together, strict=True):
        assert heard == by_itself[: len(heard)]
    assert max(together[0]) > 0.9
    assert max(together[1]) < 0.1


# -- speech to text ---------------------------------------------------------------------------------------------------


LOCAL = [("moonshine", "moonshine-tiny-en"), ("whisper", "whisper-tiny.en"), ("whisper", "whisper-base")]
STT = [*LOCAL, ("wyoming", "moonshine-tiny-en")]
"""The last is a moonshine on another machine."""


def test_every_engine_of_speech_to_text_is_held_to_this_contract() -> None:
    assert {engine for engine, _ in STT} == set(plugins.names("stt"))


@pytest.fixture(scope="module", params=STT, ids="-".join)
def stt(request: pytest.FixtureRequest, store: Store) -> Iterator[SttEngine]:
    name, model = request.param
    if name == "wyoming":
        there = plugins.load("stt", "moonshine")(store.require(model), 1)
        with serving(Behaviour(hear=lambda pcm: str(there.transcribe(pcm, "en").text))) as server:
            remote = plugins.load("stt", name)(lambda: there, Machine("127.0.0.1", server.port, 30.0))
            assert remote.remote.wait(20)
            yield remote
            assert remote.remote.here, "no test was left to the local engine"
            remote.close()
        return
    engine: SttEngine = plugins.load("stt", name)(store.require(model), 1)
    yield engine
    engine.close()


def test_a_command_is_written_down(stt: SttEngine, say: Say) -> None:
    transcript = stt.transcribe(np.concatenate([quiet(0.3), say("Close the kitchen windows."), quiet(0.3)]), "en")
    assert fuzz.ratio(transcript.text.lower().strip(" ."), "close the kitchen windows") > 90, "but for a letter or two"
    assert transcript.language == "en"
    assert 0.3 < transcript.confidence <= 1.0


@pytest.mark.parametrize("sound", [np.zeros(16000, np.int16), quiet(2.0), np.zeros(0, np.int16)])
def test_no_words_are_invented_where_there_are_none(stt: SttEngine, sound: Pcm) -> None:
    assert stt.transcribe(sound, "en").text == ""


@pytest.fixture(scope="module")
def sayable() -> Sayable:
    """A house with names that no recogniser has met."""
    names = {"light.t": "Tardis Lamp", "switch.b": "Brewzilla", "cover.q": "Quillon Blind"}
    devices = [Device(id_, name, id_.split(".")[0]) for id_, name in names.items()]
    return Grammar(Rooms(devices), "en", None).sayable()


@pytest.mark.parametrize("stt", LOCAL, indirect=True, ids="-".join)
@pytest.mark.parametrize(
    ("spoken", "text"),
    [
        ("Please switch on the tardis lamp.", "please switch on the Tardis Lamp"),
        # Each is heard so with a little noise or another loudness, too: the margin for another processor's rounding.
        ("Please switch off the brew zilla.", "please switch off the Brewzilla"),
        ("Could you open the quillen blind?", "could you open the Quillon Blind"),
        ("Is the quillen blind open?", "is the Quillon Blind open"),
        ("Change the tardis lamp to thirty five percent.", "change the Tardis Lamp to 35"),
    ],
)
def test_names_of_the_house_are_heard_as_they_are_written(
    stt: SttEngine, sayable: Sayable, say: Say, spoken: str, text: str
) -> None:
    sound = np.concatenate([quiet(0.3), say(spoken), quiet(0.3)])
    stt.prepare(sayable)
    heard = stt.transcribe(sound, "en", sayable)
    assert heard.text.removesuffix("%").removesuffix(" percent") == text
    assert heard.fit in (Fit.WHOLE, Fit.CLOSED)
    assert stt.transcribe(sound, "en").fit is Fit.FREE


@pytest.mark.parametrize(
    "spoken",
    [
        "My grandmother baked a cake with plums on Sunday.",
        "The train to Manchester leaves from platform nine.",
        "I turned forty last week and nobody noticed.",
        "Yes.",
    ],
)
def test_other_speech_becomes_no_command(stt: SttEngine, sayable: Sayable, say: Say, spoken: str) -> None:
    heard = stt.transcribe(np.concatenate([quiet(0.3), say(spoken), quiet(0.3)]), "en", sayable)
    assert heard.fit in (Fit.FREE, Fit.OPEN)
    assert heard.text


@pytest.mark.parametrize("stt", LOCAL, indirect=True, ids="-".join)
def test_a_sentence_that_has_only_begun_is_told_from_a_whole_one(stt: SttEngine, sayable: Sayable, say: Say) -> None:
    begun = stt.transcribe(
        np.concatenate([quiet(0.3), say("Change the color of the tardis lamp"), quiet(0.3)]), "en", sayable
    )
    assert begun.fit is Fit.OPEN


# -- text to speech ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=plugins.names("tts"))
def tts(request: pytest.FixtureRequest, store: Store) -> Iterator[TtsEngine]:
    voice = store.require("piper-en_US-joe-medium") / "en_US-joe-medium.onnx"
    if request.param == "wyoming":
        there = plugins.load("tts", "piper")(voice, 1.0)
        with serving(Behaviour(speak=lambda text: (there.synthesize(text), there.rate))) as server:
            remote = plugins.load("tts", "wyoming")(lambda: there, Machine("127.0.0.1", server.port, 30.0), None, 1.0)
            assert remote.remote.wait(20)
            yield remote
            assert remote.remote.here, "no test was left to the local voice"
            remote.close()
        return
    engine: TtsEngine = plugins.load("tts", request.param)("en-us+f3" if request.param == "espeak" else voice, 1.0)
    yield engine
    engine.close()


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_spoken_so_that_it_is_understood(tts: TtsEngine, recognise: Recognise, sentence: str) -> None:
    pcm = tts.synthesize(sentence)
    assert pcm.dtype == np.int16
    assert 0.8 < len(pcm) / tts.rate < 4.0
    assert nearest(recognise(pcm, tts.rate)) == sentence


@pytest.mark.parametrize("text", ["", "…", "🙂"])
def test_what_cannot_be_pronounced_is_short_or_nothing(tts: TtsEngine, text: str) -> None:
    assert len(tts.synthesize(text)) / tts.rate < 3.0


def test_voices_of_espeak_at_the_same_time_know_nothing_of_each_other() -> None:
    """The library keeps its voice, its volume and whom it gives the sound to in global variables."""
    build = plugins.load("tts", "espeak")
    first, second = build("en-us", 1.0), build("de", 0.5)
    alone = first.synthesize("Good morning.")
    softer = second.synthesize("Guten Morgen.")
    again = first.synthesize("Good morning.")
    second.close()
    last = first.synthesize("Good morning.")
    first.close()
    assert len(alone) == pytest.approx(len(again), rel=0.01) == pytest.approx(len(last), rel=0.01)
    assert 0 < np.abs(softer).max() < 0.7 * np.abs(alone).max()


def test_a_voice_that_espeak_does_not_have_is_named() -> None:
    with pytest.raises(SettingsError, match=r"'en-atlantis'.*speak\.voice"):
        plugins.load("tts", "espeak")("en-atlantis", 1.0)


# -- language model ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=plugins.names("llm"))
def llm(request: pytest.FixtureRequest, store: Store) -> Iterator[LlmEngine]:
    path = next(store.require("smollm2-135m-instruct").glob("*.gguf"))
    engine: LlmEngine = plugins.load("llm", request.param)(path, 1)
    yield engine
    engine.close()


def test_only_what_the_grammar_allows_is_written(llm: LlmEngine) -> None:
    completion = llm.complete("The capital of France is", 'root ::= " Madrid" | " Oslo"', 8)
    assert completion.text in (" Madrid", " Oslo")


def test_the_probability_is_the_models_own_opinion(llm: LlmEngine) -> None:
    """A grammar can force nonsense; the probability must show that the model did not mean it."""
    meant = llm.complete("The capital of France is", 'root ::= " Paris."', 8)
    forced = llm.complete("The capital of France is", 'root ::= " teapot."', 8)
    assert 0.0 <= forced.probability < 0.001 < meant.probability <= 1.0


# -- broken models ----------------------------------------------------------------------------------------------------


_VOICE = """{"num_symbols": 1, "num_speakers": 1, "audio": {"sample_rate": 22050}, "espeak": {"voice": "en-us"},
"phoneme_id_map": {}}"""


@pytest.mark.parametrize(
    ("kind", "name", "arguments", "file"),
    [
        ("stt", "whisper", (1,), "model.bin"),
        ("tts", "piper", (1.0,), "voice.onnx"),
        ("llm", "llamacpp", (1,), "model.gguf"),
        ("vad", "silero", (), "vad.onnx"),
    ],
)
def test_a_corrupt_model_is_a_model_error_in_one_line(
    kind: str, name: str, arguments: tuple[object, ...], file: str, tmp_path: Path
) -> None:
    build: Callable[..., object] = plugins.load(kind, name)
    (tmp_path / file).write_bytes(b"\x00garbage" * 100)
    (tmp_path / "voice.onnx.json").write_text(_VOICE)
    target = tmp_path if kind == "stt" else tmp_path / file
    with pytest.raises(AssistantError) as caught:
        build(target, *arguments)
    assert isinstance(caught.value, ModelError)
    assert "hearth models verify" in str(caught.value)
    assert "\n" not in str(caught.value)
