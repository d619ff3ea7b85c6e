"""Moonshine by ONNX Runtime, whose cost grows with the length of the sound.

Source: Jeffries et al., Moonshine: Speech Recognition for Live Transcription and Voice Commands, 2024.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from edge.chunk import RATE, Pcm
from edge.intents import Transcript
from edge.listen.beam import Logits, search
from edge.listen.hearing import AT_MOST, Free, choose
from edge.listen.lexicon import Lexicon
from edge.listen.moonshine_tokens import BEGIN, END, MoonshineTokens, read_tokens
from edge.listen.steady import is_steady
from edge.onnx import session
from edge.ports import Sayable

Floats = npt.NDArray[np.float32]

_FULL_SCALE: Final = 32768.0
_LANGUAGE: Final = "en"
_SHORTEST: Final = RATE
"""Quiet is added to shorter sounds."""
_TOKENS_PER_S: Final = 6.5
"""The authors' bound: more than that is the decoder looping."""
_INVENTED: Final = -1.2
"""Mean log probability below which there were no words in the sound."""


class MoonshineStt:
    """Speech to English text."""

    computes = True

    def __init__(self, encoder: Any, decoder: Any, tokens: MoonshineTokens) -> None:
        self._encoder, self._decoder, self._tokens = encoder, decoder, tokens
        self._lexicon = Lexicon(tokens, _LANGUAGE)

    def transcribe(self, pcm: Pcm, language: str | None, sayable: Sayable | None = None) -> Transcript:
        """``pcm``: int16, 16 kHz, one utterance. The text is empty when the sound holds no words."""
        if is_steady(pcm):
            return Transcript("", _LANGUAGE)
        most = math.ceil(len(pcm) / RATE * _TOKENS_PER_S) + 1
        heard = search(_Beam(self._decoder, self._encode(pcm)), self._lexicon, sayable, most, AT_MOST)
        mean = heard.score / (len(heard.tokens) + 1)
        text = self._tokens.decode(heard.tokens) if mean > _INVENTED else ""
        return choose(heard.candidates, Free(text, heard.score, math.exp(mean)), _LANGUAGE)

    def prepare(self, sayable: Sayable) -> None:
        """Spell the first words."""
        self._lexicon.moves(self._lexicon.start(sayable))

    def close(self) -> None:
        """Nothing to free beyond what the sessions free themselves."""

    def _encode(self, pcm: Pcm) -> Floats:
        sound = np.zeros(max(len(pcm), _SHORTEST), np.float32)
        sound[: len(pcm)] = pcm.astype(np.float32) / _FULL_SCALE
        mask = np.ones((1, len(sound)), np.int64)
        hidden: Floats = self._encoder.run(None, {"input_values": sound[None], "attention_mask": mask})[0]
        return hidden


class _Beam:
    """The decoder on one utterance: the keys and values of its hypotheses."""

    end = END

    def __init__(self, decoder: Any, hidden: Floats) -> None:
        self._decoder, self._hidden = decoder, hidden
        # What attends to the sound never changes, and the cached branch gives none of it back.
        self._outputs = [node.name for node in decoder.get_outputs()]
        self._cached = [name for name in self._outputs if ".encoder." not in name]
        self._inputs = [node.name for node in decoder.get_inputs() if node.name.startswith("past")]
        self._past: dict[str, Floats] = {}

    def begin(self) -> Logits:
        empty = {name: np.zeros((1, 8, 0, 36), np.float32) for name in self._inputs}
        logits, present = self._run([BEGIN], empty, cached=False)
        self._past = dict(present)
        return logits

    def advance(self, parents: list[int], tokens: list[int]) -> Logits:
        count = len(tokens)
        past = {name: self._rows(name, values, parents, count) for name, values in self._past.items()}
        logits, present = self._run(tokens, past, cached=True)
        self._past.update(present)
        return logits

    def _rows(self, name: str, values: Floats, parents: list[int], count: int) -> Floats:
        if ".decoder." in name:
            return values if parents == list(range(len(values))) else values[parents]
        if len(values) < count:
            self._past[name] = values = np.repeat(values[:1], count, axis=0)
        return values[:count]

    def _run(self, tokens: list[int], past: Mapping[str, Floats], *, cached: bool) -> tuple[Logits, dict[str, Floats]]:
        count = len(tokens)
        feed = {
            "input_ids": np.array(tokens, np.int64)[:, None],
            "encoder_hidden_states": np.broadcast_to(self._hidden, (count, *self._hidden.shape[1:])),
            # The whole sound counts: one element stands for all of it.
            "encoder_attention_mask": np.ones((count, 1), np.int64),
            "use_cache_branch": np.array([cached]),
            **past,
        }
        names = self._cached if cached else self._outputs
        logits, *present = self._decoder.run(names, feed)
        return logits[:, -1], dict(zip((_past(name) for name in names[1:]), present, strict=True))


def _past(present: str) -> str:
    """The input that takes what an output gave."""
    return present.replace("present", "past_key_values")


def build(model: Path, threads: int) -> MoonshineStt:
    """``model``: folder with encoder_model.ort, decoder_model_merged.ort and tokenizer.bin. Raises ModelError."""
    return MoonshineStt(
        session(model / "encoder_model.ort", threads),
        session(model / "decoder_model_merged.ort", threads),
        read_tokens(model / "tokenizer.bin"),
    )
