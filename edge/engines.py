"""Which engines the settings mean, what each needs, and how it is built."""

import functools
from collections.abc import Callable
from typing import Final

from edge import plugins
from edge.listen.endpoint import EndpointRules
from edge.mind import has_semantic, installed
from edge.ports import (
    SttEngine,
    TtsEngine,
    WakeEngine,
)
from edge.session.loop import WakeRules
from edge.settings import Settings
from edge.understand.semantic import encoder
from edge.wake.quiet import DozingEngine
from edge.wake.verify import build as build_verifier
from edge.wyoming.remote import Machine
from models.store import Store

_EMBEDDING: Final = "speech-embedding"
REMOTE: Final = "wyoming"
"""Engines on another machine; there is a local one behind each."""
_ESPEAK: Final = "espeak"
"""Its voices are names, no models."""
_ACCENTS: Final = {"en": "en-us"}
"""Where a language alone would be spoken otherwise than by the usual voice."""
_CLEAR: Final = "+f3"
"""The variant of a voice that a recogniser understood best."""


def stt_engine(settings: Settings) -> str:
    """This machine's engine that the settings ask for, or the usual one for the language."""
    chosen = settings.stt.fallback if settings.stt.engine == REMOTE else settings.stt.engine
    return chosen or ("moonshine" if _english(settings) else "whisper")


def stt_model(settings: Settings) -> str:
    """The model that the settings ask for, or the engine's usual one for the language."""
    if settings.stt.model:
        return settings.stt.model
    if stt_engine(settings) == "moonshine":
        return "moonshine-tiny-en"
    return "whisper-tiny.en" if _english(settings) else "whisper-base"


def stt(settings: Settings, store: Store) -> Callable[[], SttEngine]:
    """Builds what this assistant hears by, be it on another machine. Raises SettingsError, ModelError."""
    stt, local = settings.stt, local_stt(settings, store)
    if stt.engine != REMOTE:
        return local
    return functools.partial(plugins.load("stt", REMOTE), local, Machine(stt.host, stt.port, stt.deadline_s))


def local_stt(settings: Settings, store: Store) -> Callable[[], SttEngine]:
    """Builds this machine's own speech to text. Raises SettingsError, ModelError."""
    model = store.require(stt_model(settings))
    return functools.partial(plugins.load("stt", stt_engine(settings)), model, settings.stt.threads)


def tts_engine(settings: Settings) -> str:
    """This machine's engine that the settings ask for."""
    return settings.speak.fallback if settings.speak.engine == REMOTE else settings.speak.engine


def tts(settings: Settings, store: Store) -> Callable[[], TtsEngine]:
    """Builds the voice, be it on another machine. Raises SettingsError, ModelError."""
    speak, local = settings.speak, local_tts(settings, store)
    if speak.engine != REMOTE:
        return local
    machine = Machine(speak.host, speak.port, speak.deadline_s)
    return functools.partial(plugins.load("tts", REMOTE), local, machine, speak.remote_voice, speak.volume)


def local_tts(settings: Settings, store: Store) -> Callable[[], TtsEngine]:
    """Builds this machine's own voice. Raises SettingsError, ModelError."""
    speak, engine = settings.speak, tts_engine(settings)
    if engine == _ESPEAK:
        return functools.partial(plugins.load("tts", engine), _espeak_voice(settings, store), speak.volume)
    path = next(store.require(speak.voice).glob("*.onnx"))
    return functools.partial(plugins.load("tts", engine), path, speak.volume)


def _espeak_voice(settings: Settings, store: Store) -> str:
    """That of the settings; where they name another engine's model, as they do by themselves, that of the language."""
    voice, language = settings.speak.voice, settings.understand.language.lower()
    if voice not in [model.id for model in store.manifest.models]:
        return voice
    return f"{_ACCENTS.get(language, language)}{_CLEAR}"


def voice_model(settings: Settings) -> str | None:
    """The id of what this machine's own voice runs on; None for an engine that brings its own."""
    return None if tts_engine(settings) == _ESPEAK else settings.speak.voice


def wake_engine(settings: Settings) -> WakeEngine:
    """The wake engine of the settings, which dozes in quiet. Raises SettingsError, ModelError."""
    wake = settings.wake
    store = Store(settings.models_dir)
    needed = wake_model(settings)
    folder = store.require(needed) if needed else store.root
    return DozingEngine(plugins.load("wake", wake.engine)(wake.words, folder))


def wake_rules(settings: Settings) -> WakeRules:
    """When a wake word counts as said. Raises ModelError."""
    wake = settings.wake
    if not _verifies(settings):
        return WakeRules(wake.threshold, wake.refractory_s, thresholds=wake.thresholds)
    folder = Store(settings.models_dir).require(_EMBEDDING)
    second = functools.partial(build_verifier, folder)
    return WakeRules(wake.threshold, wake.refractory_s, second, wake.thresholds)


def wake_model(settings: Settings) -> str | None:
    """The id of what the wake engine runs on; None for an engine that brings its own."""
    if settings.wake.engine != "openwakeword":
        return None
    own = all(word.endswith(".onnx") for word in settings.wake.words)
    return _EMBEDDING if own else "openwakeword"


def _verifies(settings: Settings) -> bool:
    return settings.wake.verify and settings.wake.engine == "microwakeword"


def endpoint_rules(settings: Settings) -> EndpointRules:
    """When a command begins and ends."""
    listen = settings.listen
    return EndpointRules(
        threshold=listen.speech_threshold,
        pause_s=listen.pause_s,
        silence_s=listen.silence_s,
        whole_s=listen.whole_s,
        closed_s=listen.closed_s,
        open_s=listen.open_s,
        no_speech_s=listen.no_speech_s,
        max_speech_s=listen.max_speech_s,
    )


def used_for(settings: Settings) -> dict[str, str]:
    """Ids of models that this configuration names or needs, each with the dotted key of the setting that it is for."""
    understand = settings.understand
    used = {
        "silero-vad": "listen.vad",
        stt_model(settings): "stt.model",
    }
    if (voice := voice_model(settings)) is not None:
        used[voice] = "speak.voice"
    if (model := wake_model(settings)) is not None:
        used[model] = "wake.words"
    elif _verifies(settings):
        used[_EMBEDDING] = "wake.verify"
    if has_semantic(settings):
        used[encoder.MODEL] = "understand.semantic"
    if understand.llm != "none":
        used |= {understand.llm_model: "understand.llm_model", understand.llm_adapter: "understand.llm_adapter"}
    if settings.wake.engine == "microwakeword":
        used |= {f"microwakeword-{word}": "wake.words" for word in settings.wake.words}
    return used


def models_of(settings: Settings) -> dict[str, bool]:
    """Ids of the models that this configuration loads, and whether it can't do its job without."""
    hears, speaks = settings.audio.input != "none", settings.audio.output != "none"
    models = {"silero-vad": hears, stt_model(settings): hears}
    if (voice := voice_model(settings)) is not None:
        models[voice] = speaks
    if (model := wake_model(settings)) is not None:
        models[model] = hears
    elif _verifies(settings):
        models[_EMBEDDING] = hears
    if has_semantic(settings):
        models[encoder.MODEL] = False
    if settings.understand.llm != "none" and installed("llama_cpp"):
        models[settings.understand.llm_model] = False
        if settings.understand.llm_adapter != "none":
            models[settings.understand.llm_adapter] = False
    return models


def _english(settings: Settings) -> bool:
    return settings.understand.language.startswith("en")
