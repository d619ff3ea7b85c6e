"""Whisper by CTranslate2, with an encoder window fitted to the utterance.

Source: Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision, 2022. The encoder was trained on
windows of 30 s; it also takes shorter ones, at a cost that shrinks with them, but then the decoder sometimes starts
over at the end or loses the first words. Both are noticed, and cost a second look through the whole window.
"""

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from edge.chunk import RATE, Pcm
from edge.errors import ModelError
from edge.intents import Fit, Transcript
from edge.listen.beam import Candidate
from edge.listen.hearing import Free, choose
from edge.listen.nearest import Near, nearest
from edge.listen.spelling import Spelling
from edge.listen.steady import is_steady
from edge.ports import Sayable

Floats = npt.NDArray[np.float32]

_FULL_SCALE: Final = 32768.0
_FRAMES_PER_S: Final = 100
_WHOLE_WINDOW: Final = 3000
_MARGIN: Final = 100
"""Frames of quiet after the sound: with fewer, the decoder starts over more often."""
_NO_SPEECH: Final = 0.6
"""Whisper's own threshold for its no-speech token (section 4.5 of the paper)."""
_UNSURE: Final = -1.0
"""Its threshold of mean log probability: below, with likely silence, the words are invented."""
_DOUBTFUL: Final = -0.5
"""Mean log probability below which a fitted window is not believed."""
_MAX_COMPRESSION: Final = 2.4
"""Text that compresses better than this repeats itself: noise that the decoder looped on."""
_MAX_TOKENS: Final = 96
"""Sentences are commands of a few words; what runs on longer is the decoder looping on noise."""
_TOKENS_PER_S: Final = 8
_LEAST_REPEATED: Final = 2
"""Words that are said again where the decoder starts over."""
_CANDIDATES: Final = 8
_PER_EDIT: Final = 0.25
"""Nats that a letter counts that was heard otherwise: forced decoding does not say where the sound ends."""
_LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class _Decoded:
    text: str
    """Empty where it was invented."""
    mean: float
    """Mean log probability of its tokens."""
    looped: bool
    """It never came to an end, nor did it start over, which would tell the end."""


class WhisperStt:
    """Greedy decoding of one utterance of up to 30 s."""

    computes = True

    def __init__(self, model: WhisperModel) -> None:
        self._features, self._model = model.feature_extractor, model.model
        self._vocabulary, self._multilingual = model.hf_tokenizer, bool(model.model.is_multilingual)
        self._tokenizers: dict[str, Tokenizer] = {}

    def transcribe(self, pcm: Pcm, language: str | None, sayable: Sayable | None = None) -> Transcript:
        """``pcm``: int16, 16 kHz, one utterance. The text is empty when the sound holds no words."""
        if is_steady(pcm):
            return Transcript("", language or "en")
        features = self._log_mel(pcm)
        encoded = self._encode(features, min(_WHOLE_WINDOW, features.shape[1] + _MARGIN))
        spoken = self._language(encoded, language)
        decoded = self._decode(encoded, spoken, len(pcm) / RATE)
        if decoded.text and sayable is not None:
            near = nearest(decoded.text, sayable, Spelling(spoken), _CANDIDATES)
            free, candidates = self._compare(encoded, spoken, decoded.text, near)
            heard = choose(candidates, free, spoken)
            if heard.fit is not Fit.FREE:
                return heard
        if decoded.looped or decoded.mean < _DOUBTFUL:
            again = self._decode(self._encode(features, _WHOLE_WINDOW), spoken, len(pcm) / RATE)
            decoded = again if again.mean > decoded.mean or decoded.looped else decoded
        return Transcript(decoded.text, spoken, math.exp(decoded.mean) if decoded.text else 1.0)

    def prepare(self, sayable: Sayable) -> None:
        """Reach the first words."""
        sayable.following  # noqa: B018  # unfolding it is what takes time

    def close(self) -> None:
        """Free the weights."""
        self._model.unload_model()

    def _log_mel(self, pcm: Pcm) -> Floats:
        """Log-mel spectrogram: shape (80, frames), float32."""
        sound = np.zeros(max(len(pcm), RATE // _FRAMES_PER_S * 2), np.float32)
        sound[: len(pcm)] = pcm.astype(np.float32) / _FULL_SCALE
        features: Floats = self._features(sound)
        return features[:, :_WHOLE_WINDOW]

    def _encode(self, features: Floats, window: int) -> Any:
        padded = np.full((1, features.shape[0], window), features.min(), np.float32)
        padded[0, :, : features.shape[1]] = features
        return self._model.encode(ctranslate2.StorageView.from_array(padded))

    def _language(self, encoded: Any, language: str | None) -> str:
        if not self._multilingual:
            return "en"
        if language is not None:
            return language
        token: str = self._model.detect_language(encoded)[0][0][0]
        return token.strip("<|>")

    def _tokenizer(self, language: str) -> Tokenizer:
        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._vocabulary, self._multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]

    def _decode(self, encoded: Any, language: str, seconds: float) -> _Decoded:
        tokenizer = self._tokenizer(language)
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        most = min(_MAX_TOKENS, math.ceil(seconds * _TOKENS_PER_S) + 4)
        (result,) = self._model.generate(
            encoded, [prompt], beam_size=1, max_length=len(prompt) + most, return_scores=True,
            return_no_speech_prob=True, suppress_tokens=[-1],
        )  # fmt: skip
        tokens, mean = result.sequences_ids[0], result.scores[0]
        text: str = tokenizer.decode(tokens).strip()
        invented = result.no_speech_prob > _NO_SPEECH and mean < _UNSURE
        once = said_once(text)
        looped = once == text and len(tokens) >= most
        return _Decoded("" if invented or _compression(once) > _MAX_COMPRESSION else once, mean, looped)

    def _compare(self, encoded: Any, language: str, text: str, near: Sequence[Near]) -> tuple[Free, list[Candidate]]:
        """How well the sound bears out each text, by forced decoding (CTranslate2's ``align``)."""
        tokenizer = self._tokenizer(language)
        written = [(one, form) for one in near for form in _as_written(one.text, text)]
        tokens = [tokenizer.encode(" " + form) for form in (text, *(form for _, form in written))]
        states = np.repeat(np.array(encoded), len(tokens), axis=0)
        frames = [states.shape[1] * 2] * len(tokens)
        aligned = self._model.align(
            ctranslate2.StorageView.from_array(states), list(tokenizer.sot_sequence), tokens, frames,
            median_filter_width=1,
        )  # fmt: skip
        scores = [float(np.sum(np.log(np.maximum(one.text_token_probs, _LEAST)))) for one in aligned]
        free = Free(text, scores[0], math.exp(scores[0] / max(1, len(tokens[0]))))
        best: dict[str, Candidate] = {}
        for (one, _), score in zip(written, scores[1:], strict=True):
            if one.text not in best or best[one.text].score < score - _PER_EDIT * one.edits:
                best[one.text] = Candidate(one.text, score - _PER_EDIT * one.edits, one.fit, one.more)
        return free, sorted(best.values(), key=lambda candidate: -candidate.score)


def _as_written(text: str, heard: str) -> Iterable[str]:
    """``text`` with the capital and the full stop that the recogniser gave what it heard; names large and small."""
    mark = heard[-1] if heard[-1] in ".?!" else ""
    forms = dict.fromkeys((text, text.lower()))
    return [(form[:1].upper() + form[1:] if heard[:1].isupper() else form) + mark for form in forms]


def said_once(text: str) -> str:
    """``text`` without what follows where it starts over."""
    words = text.split()
    plain = [word.strip(".,?!").lower() for word in words]
    for period in range(1, len(words)):
        again = plain[period : 2 * period]
        # A single word is said twice only where a sentence seems to have ended before it. The last may be cut short.
        enough = len(again) >= _LEAST_REPEATED or words[period - 1][-1] in ".?!"
        if enough and plain[: len(again) - 1] == again[:-1] and plain[len(again) - 1].startswith(again[-1]):
            return " ".join(words[:period])
    return text


def _compression(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data))


def build(model: Path, threads: int) -> WhisperStt:
    """``model``: folder in CTranslate2's format. Raises ModelError when it cannot be loaded."""
    try:
        whisper = WhisperModel(
            str(model), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"{model.name} cannot be loaded ({error})", "run `hearth models verify`") from error
    return WhisperStt(whisper)
