"""Immutable, typed configuration: what suits the kind of board, then what was measured on this one, then TOML, then
secrets, then environment.

The file is ``--config``, else ``$XDG_CONFIG_HOME/hearthside/hearthside.toml``, else
``/etc/hearthside/hearthside.toml``. Secrets are files named like ``mqtt__password`` in systemd's
``$CREDENTIALS_DIRECTORY``, else in ``secrets`` in the data directory (:mod:`edge.secret_files`).
Environment variables are ``HEARTH_<SECTION>__<KEY>``. Unknown keys are errors that name the key and the nearest valid
one. A stage receives its own section only.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import platformdirs
from pydantic import Field, PrivateAttr, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from edge import board_profile, outside, profile, secret_files
from edge.errors import SettingsError
from edge.sections import (
    ApiSettings,
    AudioSettings,
    BoardSettings,
    CloudSettings,
    ConfirmSettings,
    HardwareSettings,
    KpiSettings,
    ListenSettings,
    MemorySettings,
    MqttSettings,
    ObserveSettings,
    PrivacySettings,
    Section,
    SpeakSettings,
    SttSettings,
    UnderstandSettings,
    UpdateSettings,
    WakeSettings,
    WyomingSettings,
)
from edge.settings_values import changed_values

_PREFIX = "HEARTH_"
_OUTSIDE = frozenset({"HEARTH_MODELS__MIRROR"})
"""Variables of the same prefix that other parts read before settings exist."""
_OF_SKILLS = f"{_PREFIX}SKILLS__"
_OF_BRIDGE = re.compile(f"{_PREFIX}CLOUD_(?!_)")
"""``hearth-cloud`` has settings of its own."""
_WITHHELD = "00000000"
"""In place of any secret: our own programs, where they are started so, want a PIN that is one."""
_FEW = 40
"""Keys that are told in one line."""


def _default_data_dir() -> Path:
    return Path(platformdirs.user_data_dir("hearthside"))


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        validate_default=True,
    )

    data_dir: Path = Field(default_factory=_default_data_dir)
    """house.toml, databases, the socket: what belongs to this assistant alone."""
    models_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("hearthside")) / "models")
    """Models: the same for every assistant on the machine."""
    cache_dir: Path | None = None
    """What is made anew when it is missing, so that the next start is quicker; ``cache`` in the data directory unless
    told. Of the assistant alone: nobody else may write there."""
    area: str | None = None
    """The room this assistant stands in: "turn on the light" means the light here."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much it tells in its log; never what was said."""
    log_format: Literal["auto", "json", "text"] = "auto"
    """Of the lines of the log. ``auto``: JSON where systemd's journal reads them, text elsewhere."""
    board: BoardSettings = BoardSettings()
    audio: AudioSettings = AudioSettings()
    wake: WakeSettings = WakeSettings()
    listen: ListenSettings = ListenSettings()
    stt: SttSettings = SttSettings()
    understand: UnderstandSettings = UnderstandSettings()
    confirm: ConfirmSettings = ConfirmSettings()
    memory: MemorySettings = MemorySettings()
    mqtt: MqttSettings = MqttSettings()
    speak: SpeakSettings = SpeakSettings()
    wyoming: WyomingSettings = WyomingSettings()
    api: ApiSettings = ApiSettings()
    hardware: HardwareSettings = HardwareSettings()
    cloud: CloudSettings = CloudSettings()
    privacy: PrivacySettings = PrivacySettings()
    kpi: KpiSettings = KpiSettings()
    observe: ObserveSettings = ObserveSettings()
    update: UpdateSettings = UpdateSettings()
    skills: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """By name of the skill, its own section; the skill knows the keys."""
    _file: Path | None = PrivateAttr(None)

    @property
    def cache(self) -> Path:
        """Where that is."""
        return self.cache_dir or self.data_dir / "cache"

    @property
    def file(self) -> Path | None:
        """The file that they were read from, or that would be; None for those that a program made up."""
        return self._file

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file's values arrive as ``init_settings``; secrets and environment outrank them, they the profiles."""
        below = ProfileSource(settings_cls), BoardSource(settings_cls)
        secrets = os.environ.get("CREDENTIALS_DIRECTORY")
        if secrets is None:
            return env_settings, init_settings, *below
        return (
            env_settings,
            NestedSecretsSettingsSource(
                file_secret_settings, secrets_dir=secrets, secrets_nested_delimiter="__", secrets_prefix=""
            ),
            init_settings,
            *below,
        )


class ProfileSource(PydanticBaseSettingsSource):
    """What ``hearth bench --tune`` found best on this board, below everything that a person wrote."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not used: the values come all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """The profile in the data directory that the higher sources name, as far as it is about the same things."""
        above = self.current_state
        default = _default_data_dir()
        stt, understand = above.get("stt", {}), above.get("understand", {})
        data_dir = above.get("data_dir", default)
        if not (isinstance(stt, Mapping) and isinstance(understand, Mapping) and isinstance(data_dir, str | Path)):
            return {}  # what is wrong is told of the settings themselves
        # A model belongs to its engine: whoever chose either has chosen.
        if "engine" in stt or "model" in stt:
            return {}
        found = profile.read(Path(data_dir))
        language = understand.get("language", UnderstandSettings().language)
        return {"stt": found.stt} if found and found.language == language else {}


class BoardSource(PydanticBaseSettingsSource):
    """What suits the kind of board, below everything else."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not used: the values come all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """As far as the higher sources don't say otherwise."""
        return changed_values({}, board_profile.suits(self.current_state))


def load(config: Path | None = None) -> Settings:
    """Settings from ``config`` or the usual places. Raises SettingsError, in one line, for anything wrong."""
    path = config or usual_file()
    values = read_file(path) if path else {}
    settings = checked(values, kept_secrets(values), path)
    settings._file = path or own_file()
    return settings


def checked(values: Mapping[str, Any], secrets: Mapping[str, str], path: Path | None = None) -> Settings:
    """What would hold with those ``values`` in the file, and those ``secrets``, by dotted key, in the data directory.

    Raises SettingsError that names the key and, where that is so, ``path``.
    """
    _check_environment()
    try:
        return Settings(**changed_values(values, secrets))
    except ValidationError as error:
        raise _explain(error, path) from None


def kept_secrets(values: Mapping[str, Any]) -> dict[str, str]:
    """By dotted key, the secrets in the data directory, which ``values`` may name. Raises SettingsError."""
    folder = os.environ.get("HEARTH_DATA_DIR") or values.get("data_dir")
    return secret_files.read(Path(folder) if isinstance(folder, str) else _default_data_dir(), SECRETS)


def usual_file() -> Path | None:
    """The settings file that is read where none is named; None where there is none."""
    candidates = (own_file(), Path("/etc/hearthside/hearthside.toml"))
    return next((path for path in candidates if path.is_file()), None)


def own_file() -> Path:
    """Where a person's own settings file lies, or would."""
    return Path(platformdirs.user_config_dir("hearthside")) / "hearthside.toml"


def read_file(path: Path) -> dict[str, Any]:
    """What is written in the settings file ``path``, unchecked. Raises SettingsError."""
    try:
        return outside.toml_of(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}", "correct the file's TOML", permanent=True) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text", "save it as UTF-8", permanent=True) from None
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}", "check --config", permanent=True) from None


def _check_environment() -> None:
    known = {f"{_PREFIX}{key}".upper() for key in _keys_by_path()}
    for name in os.environ:
        ours = name.startswith(_PREFIX) and not name.startswith(_OF_SKILLS) and not _OF_BRIDGE.match(name)
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


def is_secret(field: FieldInfo) -> bool:
    """Whether its value may not be shown, nor lie in the settings file."""

    def holds(annotation: Any) -> bool:
        return annotation is SecretStr or any(map(holds, get_args(annotation)))

    return holds(field.annotation)


def leaves() -> frozenset[str]:
    """The dotted key of every setting of a section."""
    return frozenset(path.replace("__", ".") for path in _keys_by_path() if "__" in path)


def _secret_keys() -> frozenset[str]:
    sections = [(name, field.annotation) for name, field in Settings.model_fields.items()]
    return frozenset(
        f"{name}.{key}"
        for name, section in sections
        if isinstance(section, type) and issubclass(section, Section)
        for key, field in section.model_fields.items()
        if is_secret(field)
    )


SECRETS = _secret_keys()
"""Dotted keys of the settings that are secrets."""


def environment_for_others(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` as a program that is started may have it: no secret has its value, and what skills and a bridge
    are told is left out.
    """
    secret = {f"{_PREFIX}{key.replace('.', '__')}".upper() for key in SECRETS}
    sections = {name.partition("__")[0] for name in secret}
    return {
        name: _WITHHELD if name.upper() in secret else value
        for name, value in environment.items()
        if name.upper() not in sections and not name.upper().startswith(_OF_SKILLS) and not _OF_BRIDGE.match(name)
    }


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


def unknown_key(key: str, valid: Collection[str]) -> SettingsError:
    """There is no such setting."""
    return SettingsError(f"[{key}]: unknown key", _suggest(key, valid), permanent=True)


def _suggest(key: str, valid: Any) -> str:
    near = difflib.get_close_matches(key, list(valid), n=1, cutoff=0.4)
    if not near and len(list(valid)) > _FEW:
        return ""
    return f"did you mean {near[0]}?" if near else f"valid keys: {', '.join(sorted(valid))}"
