"""The work of one turn, stage by stage, so that it can be counted: runs on the emulated board under ``count.c``.

One thread for every engine: threads that wait would be counted, too. Each stage is done once before, so that what is
laid out at the first time is not counted.
"""

import ctypes
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from edge.chunk import CHUNK_SAMPLES, RATE, Pcm
from edge.devices import DeviceState
from edge.ports import LlmEngine
from edge.samples import KITCHEN_LIGHT
from edge.settings import load
from edge.understand.llm_calls import choices, gbnf, targets
from edge.understand.llm_prompt import FIXED, question
from edge.understand.llm_retrieval import relevant
from edge.understand.llm_verbs import VERBS
from models.store import Store
from tests.houses import DEVICES

_PRCTL: Final = 167
_MARK: Final = 0x48454152
_REPLY: Final = "The kitchen light is on."
_COMMAND: Final = "turn on the kitchen light"
_COMMAND_S: Final = (1.75, 3.35)
"""Where it is said in the recording, with what the assistant hears before and after it."""
_MOST_TOKENS: Final = 64
_FRONT: Final = Path("/tmp/front")  # noqa: S108  # a file system of its own


class Counter:
    """Tells apart what is counted."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None)
        self._marks = 0

    def stage(self, name: str, work: Callable[[], object], per: float = 1.0, warm: int = 1) -> None:
        """``per``: how many seconds of sound, or sentences, the work is."""
        for _ in range(warm):
            work()
        print(f"stage {json.dumps({'name': name, 'per': per, 'first': self._marks + 1})}", file=sys.stderr, flush=True)
        self._mark()
        work()
        self._mark()

    def _mark(self) -> None:
        self._marks += 1
        self._libc.syscall(_PRCTL, _MARK, self._marks, 0, 0, 0)


def main(wanted: list[str]) -> None:
    """Do those stages, or all of a turn that the grammar knows."""
    store, counter = Store(load().models_dir), Counter()
    recorded, _ = soundfile.read(str(KITCHEN_LIGHT), dtype="int16")
    spoken = recorded[slice(*(round(at * RATE) for at in _COMMAND_S))]
    stages: dict[str, Callable[[Store, Counter, Pcm], None]] = {
        "wake": _wake,
        "vad": _vad,
        "moonshine": _moonshine,
        "whisper": _whisper,
        "grammar": _grammar,
        "encoder": _encoder,
        "voice": _voice,
    }
    further = {"llm": _llm}
    for name in wanted or stages:
        (stages | further)[name](store, counter, spoken)


def _wake(store: Store, counter: Counter, spoken: Pcm) -> None:
    from edge.wake.micro import build

    engine = build(["okay_nabu"], store.root)
    second = np.resize(spoken, RATE)
    counter.stage(
        "wake word, a second", lambda: [engine.score(part) for part in np.split(second, RATE // CHUNK_SAMPLES)]
    )


def _vad(store: Store, counter: Counter, spoken: Pcm) -> None:
    from edge.listen.vad_silero import build

    engine = build(store.require("silero-vad") / "silero_vad_v6.onnx")
    stream, windows = engine.stream(), RATE // engine.window
    second = np.resize(spoken, windows * engine.window)
    counter.stage(
        "voice activity, a second",
        lambda: [stream.probability(part) for part in np.split(second, windows)],
        windows * engine.window / RATE,
    )


def _moonshine(store: Store, counter: Counter, spoken: Pcm) -> None:
    from edge.listen.stt_moonshine import build

    engine = build(store.require("moonshine-tiny-en"), 1)
    print(f"heard {engine.transcribe(spoken, 'en').text}", file=sys.stderr)
    counter.stage("a command heard, Moonshine tiny", lambda: engine.transcribe(spoken, "en"), warm=0)


def _whisper(store: Store, counter: Counter, spoken: Pcm) -> None:
    from edge.listen.stt_whisper import build

    engine = build(store.require("whisper-tiny.en"), 1)
    print(f"heard {engine.transcribe(spoken, 'en').text}", file=sys.stderr)
    counter.stage("a command heard, Whisper tiny", lambda: engine.transcribe(spoken, "en"), warm=0)


def _grammar(store: Store, counter: Counter, spoken: Pcm) -> None:
    from edge.bench.grammar import grammar_of_all_skills
    from edge.evaluation.text.large_home import large_home
    from edge.evaluation.text.memory_house import MemoryHouse
    from edge.intents import Origin

    grammar = grammar_of_all_skills(MemoryHouse(large_home()))
    origin = Origin("bench", "Kitchen")
    assert grammar.understand("turn off the kitchen light", origin)
    counter.stage("a command understood, of 300 devices", lambda: grammar.understand(_COMMAND, origin), warm=0)


def _encoder(store: Store, counter: Counter, spoken: Pcm) -> None:
    from edge.understand.semantic.encoder import MODEL, build

    engine = build(store.require(MODEL))
    counter.stage("a sentence as a vector", lambda: engine.embed(_COMMAND))


def _voice(store: Store, counter: Counter, spoken: Pcm) -> None:
    from edge.speak.tts_piper import build

    engine = build(store.require("piper-en_US-joe-medium") / "en_US-joe-medium.onnx", 1.0)
    said = len(engine.synthesize(_REPLY)) / engine.rate
    counter.stage("an answer spoken, Piper medium", lambda: engine.synthesize(_REPLY), said, warm=0)


def _llm(store: Store, counter: Counter, spoken: Pcm) -> None:
    engine = _local_model(store)
    engine.prepare(FIXED, _FRONT)
    asked, grammar = _dark()
    engine.complete(FIXED + asked, grammar, _MOST_TOKENS)
    counter.stage(
        "the small language model's call", lambda: engine.complete(FIXED + asked, grammar, _MOST_TOKENS), warm=0
    )


def answer() -> None:
    """Let the local model answer a constrained call, once, and print it."""
    engine = _local_model(Store(load().models_dir))
    asked, grammar = _dark()
    said = engine.complete(FIXED + asked, grammar, _MOST_TOKENS)
    print(f"answered {said.text.strip()} ({said.probability:.2f})")


def begin() -> None:
    """Let the local model choose a single word, and print it: every kind of its computations is done at least once."""
    engine = _local_model(Store(load().models_dir))
    said = engine.complete("The lamp is", 'root ::= "on" | "off"', 2)
    print(f"answered {said.text}")


def _local_model(store: Store) -> LlmEngine:
    from edge.understand.llm_llamacpp import build

    adapter = next(Path("models/adapters").glob("*.gguf"), None)
    return build(next(store.require("smollm2-135m-instruct").glob("*.gguf")), 1, adapter)


def _dark() -> tuple[str, str]:
    """A question about a house, and the grammar of what may be answered."""
    text = "it is dark in the kitchen"
    known = targets(relevant(text, DEVICES, None, []), DEVICES)
    return question(text, known, lambda _: DeviceState("off"), None, None), gbnf(choices(known, VERBS))


if __name__ == "__main__":
    main(sys.argv[1:])
