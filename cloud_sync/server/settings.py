"""Immutable, typed configuration of the bridge: TOML, then secrets, then environment, then the command line.

The file is ``--config``, else ``$XDG_CONFIG_HOME/hearthside/cloud.toml``, else ``/etc/hearthside/cloud.toml``; there
need be none. Secrets (``database_url``) are files of that name in systemd's ``$CREDENTIALS_DIRECTORY``, or
environment variables; one in the file is an error. Variables are ``HEARTH_CLOUD_<KEY>``. Unknown keys are errors.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import platformdirs
from pydantic import Field, IPvAnyNetwork, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from cloud_sync.logs import LogFormat
from cloud_sync.server.heavy.settings import HeavySettings

_PREFIX: Final = "HEARTH_CLOUD_"
_SECRETS: Final = frozenset({"database_url"})


Days = Annotated[float, Field(ge=0, le=3650)]


class CloudSettingsError(Exception):
    """Names the key that is wrong."""


PORT: Final = "port"
"""In the data directory: where the bridge was served last, for the commands beside it."""


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=_PREFIX, env_nested_delimiter="__", validate_default=True
    )

    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("hearthside")) / "cloud")
    """The SQLite file, and what else belongs to this bridge alone."""
    database_url: SecretStr | None = None
    """``postgresql://USER:PASSWORD@HOST/NAME``; None: a SQLite file in ``data_dir``."""
    nats_url: Annotated[str, Field(pattern=r"^(nats|tls)://\S+$")] | None = None
    """Between several workers; None: there is one."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8443
    tls_certificate: Path | None = None
    """PEM, with its chain."""
    tls_key: Path | None = None
    tls_hosts: tuple[str, ...] = ()
    """Without a certificate: make one for these names and addresses, by an authority of our own."""
    metrics_allow: tuple[IPvAnyNetwork, ...] = ()
    """Addresses or networks that may read ``/metrics``: nobody else, this machine not either."""
    connections: Annotated[int, Field(ge=1)] = 20_000
    """Devices that one worker takes."""
    keep_turns_days: Days = 90.0
    keep_questions_days: Days = 30.0
    keep_telemetry_days: Days = 30.0
    keep_audio_days: Days = 7.0
    heavy: HeavySettings = HeavySettings()
    """The models that answer what is too heavy for a board."""
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"
    log_format: LogFormat = "auto"
    """``auto``: JSON where systemd's journal reads it, text elsewhere."""
    traces: Annotated[str, Field(pattern=r"^https?://[^/\s]+/?$")] | None = None
    """``http://host:4318``: an OpenTelemetry collector that gets the spans of heavy questions; it needs the extra
    ``traces``."""

    @property
    def url(self) -> str:
        """For :class:`cloud_sync.server.database.Database`."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.data_dir / 'cloud.db'}"
        return self.database_url.get_secret_value().replace("postgresql://", "postgresql+psycopg://", 1)


def load(config: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Settings from ``config`` or the usual places. ``overrides``: of the command line; None among them is none.
    Raises CloudSettingsError, in one line, for anything wrong.
    """
    path = config or _usual_file()
    _check_environment()
    try:
        return _with({name: value for name, value in (overrides or {}).items() if value is not None}, _read(path))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        near = difflib.get_close_matches(name, Settings.model_fields, n=1, cutoff=0.4)
        message = (
            f"unknown key; did you mean {near[0]}?" if first["type"] == "extra_forbidden" and near else first["msg"]
        )
        raise CloudSettingsError(f"{name}: {message}") from None


def _with(overrides: dict[str, Any], of_file: dict[str, Any]) -> Settings:
    class Given(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            above = InitSettingsSource(settings_cls, overrides)
            secrets = os.environ.get("CREDENTIALS_DIRECTORY")
            credentials = SecretsSettingsSource(settings_cls, secrets, env_prefix="") if secrets else None
            return tuple(filter(None, (above, env_settings, credentials, init_settings)))

    return Given(**of_file)


def _usual_file() -> Path | None:
    candidates = (Path(platformdirs.user_config_dir("hearthside")) / "cloud.toml", Path("/etc/hearthside/cloud.toml"))
    return next((path for path in candidates if path.is_file()), None)


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise CloudSettingsError(f"{path} can't be read: {error}") from None
    for name in _SECRETS & values.keys():
        raise CloudSettingsError(f"{path}: {name} is a secret: give it in {_PREFIX}{name.upper()} or a credential")
    return values


def _check_environment() -> None:
    known = {f"{_PREFIX}{name}".upper() for name in Settings.model_fields}
    for name in os.environ:
        # With two underscores it is a key of the assistant's own section about the bridge.
        if name.startswith(_PREFIX) and not name.startswith(f"{_PREFIX}_") and name.split("__")[0] not in known:
            raise CloudSettingsError(f"unknown environment variable {name}")
