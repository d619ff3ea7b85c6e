"""What the assistant says of itself to whoever asks: ``describe`` → ``info``."""

from importlib.metadata import version
from typing import Any, Final

from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    IntentModel,
    IntentProgram,
    Satellite,
    TtsProgram,
    TtsVoice,
    WakeModel,
    WakeProgram,
)

from edge.engines import stt_engine, stt_model, tts_engine, voice_model
from edge.settings import Settings
from models.store import Store

_NAME: Final = "Hearthside"
_BY: Final = Attribution(name="Hearthside", url="")
_STT: Final = {
    "moonshine": Attribution(name="Useful Sensors", url="https://github.com/moonshine-ai/moonshine"),
    "whisper": Attribution(name="OpenAI", url="https://github.com/openai/whisper"),
}
_TTS: Final = {
    "espeak": Attribution(name="eSpeak NG", url="https://github.com/espeak-ng/espeak-ng"),
    "piper": Attribution(name="Piper", url="https://github.com/OHF-Voice/piper1-gpl"),
}
_WAKE: Final = {
    "microwakeword": Attribution(name="Kevin Ahrendt", url="https://github.com/kahrendt/microWakeWord"),
    "openwakeword": Attribution(name="David Scripka", url="https://github.com/dscripka/openWakeWord"),
}


def of_services(settings: Settings) -> Info:
    """Its ears, its voice, its wake words, its understanding. Raises ModelError for a model that is not known."""
    name, languages = "hearthside", _languages(settings)
    meaning = IntentModel(name=name, description="Home Assistant's intents", languages=languages, **_by())
    intent = IntentProgram(name=_NAME, description="What a sentence means", models=[meaning], **_by())
    return Info(
        asr=[_asr(settings)], tts=[_tts(settings)], wake=[_wake(settings)], intent=[intent], handle=_handle(settings)
    )


def of_satellite(settings: Settings) -> Info:
    """Its microphone and loudspeaker. Home Assistant takes nothing else from whoever calls itself a satellite."""
    satellite = Satellite(
        name=f"{_NAME} {settings.area}" if settings.area else _NAME,
        description="Microphone and loudspeaker with a wake word of their own",
        area=settings.area,
        has_vad=False,
        active_wake_words=[_word(path) for path in settings.wake.words],
        max_active_wake_words=len(settings.wake.words),
        supports_trigger=False,
        **_by(),
    )
    return Info(wake=[_wake(settings)], satellite=satellite)


def _by(attribution: Attribution = _BY) -> dict[str, Any]:
    """What every artifact says."""
    return {"attribution": attribution, "installed": True, "version": version("hearthside")}


def _asr(settings: Settings) -> AsrProgram:
    known = Store(settings.models_dir).manifest.model(stt_model(settings))
    model = AsrModel(
        name=known.id,
        description=known.description,
        languages=_languages(settings),
        **_by(_STT.get(stt_engine(settings), _BY)),
    )
    return AsrProgram(name=_NAME, description="Speech to text", models=[model], **_by())


def _tts(settings: Settings) -> TtsProgram:
    by = _by(_TTS.get(tts_engine(settings), _BY))
    if (model := voice_model(settings)) is None:
        voice = TtsVoice(name="espeak-ng", description="Formant synthesis", languages=_languages(settings), **by)
    else:
        known = Store(settings.models_dir).manifest.model(model)
        languages = _spoken(known.files[0].name, settings.understand.language)
        voice = TtsVoice(name=known.id, description=known.description, languages=languages, **by)
    return TtsProgram(
        name=_NAME, description="Text to speech", voices=[voice], supports_synthesize_streaming=True, **_by()
    )


def _wake(settings: Settings) -> WakeProgram:
    models = [
        WakeModel(
            name=word,
            description=word.replace("_", " "),
            phrase=word.replace("_", " "),
            languages=[],
            **_by(_WAKE.get(settings.wake.engine, _BY)),
        )
        for word in map(_word, settings.wake.words)
    ]
    return WakeProgram(name=_NAME, description="Wake words", models=models, **_by())


def _handle(settings: Settings) -> list[HandleProgram]:
    if not settings.wyoming.commands:
        return []
    description = "The house on the MQTT broker, timers, lists and the rest"
    model = HandleModel(name="hearthside", description=description, languages=_languages(settings), **_by())
    program = HandleProgram(
        name=_NAME, description="Carries commands out", models=[model], supports_home_control=True, **_by()
    )
    return [program]


def _languages(settings: Settings) -> list[str]:
    return [settings.understand.language]


def _word(path: str) -> str:
    """The engine's name of a wake word that may be given by the path of its model."""
    return path.rsplit("/", 1)[-1].removesuffix(".onnx").removesuffix(".json")


def _spoken(file: str, language: str) -> list[str]:
    """Languages of a Piper voice, whose file is called ``en_US-joe-medium.onnx``."""
    code = file.split("-", 1)[0]
    return [code] if code.startswith(language[:2]) else [language]
