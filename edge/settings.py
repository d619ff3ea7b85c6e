"""Immutable, typed configuration: the board's measured profile, then TOML, then secrets, then environment.

The file is ``--config``, else ``$XDG_CONFIG_HOME/hearthside/hearthside.toml``, else
``/etc/hearthside/hearthside.toml``. Secrets are files named like ``mqtt__password`` in systemd's
``$CREDENTIALS_DIRECTORY``. Environment variables are ``HEARTH_<SECTION>__<KEY>``. Unknown keys are errors that
name the key and the nearest valid one. A stage receives its own section only.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from edge import profile
from edge.errors import SettingsError

_PREFIX = "HEARTH_"
_OUTSIDE = frozenset({"HEARTH_MODELS__MIRROR"})
"""Variables of the same prefix that other parts read before settings exist."""
_OF_SKILLS = f"{_PREFIX}SKILLS__"

Probability = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=120)]
Care = Literal["never", "unsure", "ask", "pin"]


class Section(BaseModel):
    """A part of the configuration that one stage receives."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AudioSettings(Section):
    """Microphone and loudspeaker."""

    input: str = "default"
    """A device's name or a part of it, ``default``, or ``none``."""
    output: str = "default"
    """Likewise."""
    ring_seconds: Seconds = 30.0
    """Sound kept in memory, so that slow stages lose nothing."""
    denoise: str = "none"
    """A plug-in that takes noise out of what the microphone hears: ``webrtc``, or ``none``."""
    echo: Literal["auto", "cancel", "duck", "none"] = "auto"
    """What is done that our own voice does not cover a wake word. ``cancel``: it is taken out of what the microphone
    hears; ``duck``: it is lowered when a wake word seems to come; ``auto``: what measured best, now ``cancel``."""


class WakeSettings(Section):
    """Wake words."""

    engine: str = "microwakeword"
    words: tuple[str, ...] = ("okay_nabu", "hey_jarvis", "alexa", "hey_mycroft")
    threshold: Probability | None = None
    """Probability that counts as heard; None: what each word's model was tuned for."""
    verify: bool = True
    """A second model confirms each wake before it counts, for the words that there is one for."""
    refractory_s: Seconds = 1.0
    """After a wake, seconds in which the same sound can't wake again."""


class ListenSettings(Section):
    """When a command begins and ends."""

    vad: str = "silero"
    speech_threshold: Probability = 0.5
    pause_s: Seconds = 0.12
    """Quiet after which transcription starts, before the end is sure."""
    silence_s: Seconds = 0.7
    """Quiet that ends a command of which nothing is known."""
    whole_s: Seconds = 0.42
    """Quiet that ends a whole sentence to which much could be added."""
    closed_s: Seconds = 0.25
    """Quiet that ends a sentence to which nothing can be added."""
    open_s: Seconds = 1.2
    """Quiet that ends a sentence that has only begun."""
    no_speech_s: Seconds = 5.0
    """Quiet after the wake word that ends the turn."""
    max_speech_s: Seconds = 15.0
    """Speech that never ends is cut here."""
    follow_up_s: Annotated[float, Field(ge=0, le=60)] = 6.0
    """After an answer, seconds in which one may go on without a wake word; 0: one never may."""
    follow_up: Literal["questions", "always"] = "questions"
    """After which answers: those that ask something, or all."""


class ConfirmSettings(Section):
    """What is asked about before it is done. ``never``: done at once; ``unsure``: asked about when the sentence was
    not understood for sure; ``ask``: always asked about; ``pin``: done for whoever says the PIN.
    """

    unlock: Care = "unsure"
    """Locks."""
    open_garage: Care = "unsure"
    """Garage doors, gates, and doors that open by themselves."""
    open_valve: Care = "unsure"
    disarm: Care = "unsure"
    """Alarm panels."""
    siren: Care = "unsure"
    install: Care = "ask"
    """Firmware: what it installs can't be taken back."""
    pin: Annotated[SecretStr, Field(min_length=3, max_length=12)] | None = None
    """Digits."""

    @model_validator(mode="after")
    def _pin_is_there(self) -> "ConfirmSettings":
        pin = self.pin.get_secret_value() if self.pin is not None else None
        if pin is not None and not (pin.isascii() and pin.isdecimal()):
            raise ValueError("confirm.pin must consist of digits")
        cares = (self.unlock, self.open_garage, self.open_valve, self.disarm, self.siren, self.install)
        if pin is None and "pin" in cares:
            raise ValueError("confirm.pin is missing")
        return self


class SttSettings(Section):
    """Speech to text."""

    engine: str | None = None
    """None: ``moonshine`` for English, ``whisper`` for everything else."""
    model: str | None = None
    """None: the engine's usual one for the language."""
    threads: Annotated[int, Field(ge=1, le=16)] = 2


class UnderstandSettings(Section):
    """From text to intent."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Za-z]{2,4})?$")] = "en"
    """ISO 639-1, optionally with a region: the language that is spoken here."""
    sentences: Path | None = None
    """Folder with sentence files of your own (YAML); None: ``sentences`` in the data directory."""
    semantic: bool = True
    """Whether sentences that no grammar knows are understood by what they mean; English only."""
    llm: str = "llamacpp"
    """Engine of the small language model, or ``none``."""
    llm_model: str = "smollm2-135m-instruct"
    llm_adapter: str = "calls-135m"
    """What that model was taught for this job; ``none`` with another model."""
    llm_confidence: Probability = 0.8
    """Below this the model's guess is not acted on."""
    llm_threads: Annotated[int, Field(ge=1, le=16)] = 2


class MemorySettings(Section):
    """What is kept of what was said."""

    keep_turns_days: Annotated[float, Field(ge=0, le=3650)] = 30.0
    """Days for which turns are kept, as text, on this device; 0: none is."""


class MqttSettings(Section):
    """The broker."""

    host: str = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    username: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    ca_file: Path | None = None
    site: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = "home"
    """Name of this assistant in topics: ``hearthside/<site>/…``."""
    discovery_prefix: str = "homeassistant"
    confirm_s: Seconds = 3.0
    """How long a device has to show that it did what it was told."""
    birth: bool = False
    """Ask devices that wait for Home Assistant's birth message to announce themselves, where there is none of it."""


class SpeakSettings(Section):
    """The voice."""

    engine: str = "piper"
    voice: str = "piper-en_US-joe-medium"
    volume: Probability = 1.0


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        validate_default=True,
    )

    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("hearthside")))
    """house.toml, databases, the socket: what belongs to this assistant alone."""
    models_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("hearthside")) / "models")
    """Models: the same for every assistant on the machine."""
    area: str | None = None
    """The room this assistant stands in: "turn on the light" means the light here."""
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"
    audio: AudioSettings = AudioSettings()
    wake: WakeSettings = WakeSettings()
    listen: ListenSettings = ListenSettings()
    stt: SttSettings = SttSettings()
    understand: UnderstandSettings = UnderstandSettings()
    confirm: ConfirmSettings = ConfirmSettings()
    memory: MemorySettings = MemorySettings()
    mqtt: MqttSettings = MqttSettings()
    speak: SpeakSettings = SpeakSettings()
    skills: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """By name of the skill, its own section; the skill knows the keys."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file's values arrive as ``init_settings``; secrets and environment outrank them, they the profile."""
        measured = ProfileSource(settings_cls)
        secrets = os.environ.get("CREDENTIALS_DIRECTORY")
        if secrets is None:
            return env_settings, init_settings, measured
        return (
            env_settings,
            NestedSecretsSettingsSource(
                file_secret_settings, secrets_dir=secrets, secrets_nested_delimiter="__", secrets_prefix=""
            ),
            init_settings,
            measured,
        )


class ProfileSource(PydanticBaseSettingsSource):
    """What ``hearth bench --tune`` found best on this board, below everything that a person wrote."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not used: the values come all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """The profile in the data directory that the higher sources name, as far as it is about the same things."""
        above = self.current_state
        default = Settings.model_fields["data_dir"].get_default(call_default_factory=True)
        stt, understand = above.get("stt", {}), above.get("understand", {})
        if not (isinstance(stt, Mapping) and isinstance(understand, Mapping)):
            return {}
        # A model belongs to its engine: whoever chose either has chosen.
        if "engine" in stt or "model" in stt:
            return {}
        found = profile.read(Path(above.get("data_dir", default)))
        language = understand.get("language", UnderstandSettings().language)
        return {"stt": found.stt} if found and found.language == language else {}


def load(config: Path | None = None) -> Settings:
    """Settings from ``config`` or the usual places. Raises SettingsError, in one line, for anything wrong."""
    path = config or _usual_file()
    values = _read(path) if path else {}
    _check_environment()
    try:
        return Settings(**values)
    except ValidationError as error:
        raise _explain(error, path) from None


def _usual_file() -> Path | None:
    candidates = (
        Path(platformdirs.user_config_dir("hearthside")) / "hearthside.toml",
        Path("/etc/hearthside/hearthside.toml"),
    )
    return next((path for path in candidates if path.is_file()), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}", "correct the file's TOML", permanent=True) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text", "save it as UTF-8", permanent=True) from None
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}", "check --config", permanent=True) from None


def _check_environment() -> None:
    known = {f"{_PREFIX}{key}".upper() for key in _keys_by_path()}
    for name in os.environ:
        ours = name.startswith(_PREFIX) and not name.startswith(_OF_SKILLS)
        if ours and name not in known and name not in _OUTSIDE:
            raise SettingsError(f"unknown environment variable {name}", _suggest(name, known), permanent=True)


def _keys_by_path() -> list[str]:
    paths = []
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            paths += [f"{name}__{key}" for key in section.model_fields]
        paths.append(name)
    return paths


def _explain(error: ValidationError, path: Path | None) -> SettingsError:
    first = error.errors(include_url=False)[0]
    location = [str(part) for part in first["loc"]]
    variable = _PREFIX + "__".join(location).upper()
    where = f"environment variable {variable}" if variable in os.environ else f"{path}: [{'.'.join(location)}]"
    if first["type"] == "extra_forbidden":
        return SettingsError(f"{where}: unknown key", _suggest(location[-1], _siblings(location)), permanent=True)
    return SettingsError(f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}", "correct the value", permanent=True)


def _siblings(location: list[str]) -> Mapping[str, object]:
    """The keys that would be valid at ``location``."""
    model: Any = Settings
    for part in location[:-1]:
        annotation = model.model_fields[part].annotation
        model = next((kind for kind in (annotation, *get_args(annotation)) if hasattr(kind, "model_fields")), Settings)
    fields: Mapping[str, object] = model.model_fields
    return fields


def _suggest(key: str, valid: Any) -> str:
    near = difflib.get_close_matches(key, list(valid), n=1, cutoff=0.4)
    return f"did you mean {near[0]}?" if near else f"valid keys: {', '.join(sorted(valid))}"
