"""Settings as people change them while the assistant runs: seen with their sources, checked, written and adopted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread
from pydantic_core import to_jsonable_python

from edge import plugins, secret_files
from edge.adoption import LIVE, differing
from edge.assistant import Assistant
from edge.engines import models_of
from edge.errors import AssistantError, SettingsError
from edge.settings import SECRETS, Settings, checked, kept_secrets, read_file, unknown_key
from edge.settings_file import FileChanged, change_settings, version
from edge.settings_origins import Source, sources
from edge.settings_schema import Described, described
from edge.settings_values import changed_values, value_at
from models.store import Store

_IN_FILE_ALONE: Final = frozenset({"cache_dir", "data_dir", "models_dir"})
"""A page must not move what it is served from."""
_PROGRAMS: Final = "skills.tools"
"""Whose settings name programs to run, with what they are given: nothing that is set, or shown, by network."""


@dataclass(frozen=True, slots=True)
class Present:
    """One setting as it is now."""

    described: Described
    value: Any
    """In force, as JSON has it; None for a secret."""
    is_set: bool
    """Whether it is something else than nothing; for a secret, all that is told."""
    source: Source
    live: bool
    """Whether a change is in force at once."""
    fixed: str
    """Why it can't be changed here; empty where it can."""
    waits: bool
    """Whether something else is written, and in force after a restart."""


@dataclass(frozen=True, slots=True)
class Known:
    """All settings as they are now."""

    version: str
    """Of the file."""
    file: Path | None
    mistake: str
    """What is wrong in the file, so that it could not be started anew; empty where nothing is."""
    settings: tuple[Present, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a change."""

    version: str
    in_force: frozenset[str]
    """Keys."""
    after_restart: frozenset[str]


class SettingFixed(SettingsError):
    """A setting that can't be changed here."""

    code = "setting_fixed"


class SettingsDesk:
    """The settings of a running assistant; one change at a time."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._changing = anyio.Lock()

    async def known(self) -> Known:
        """As they are now. Raises SettingsError where a source can't be read."""
        return await anyio.to_thread.run_sync(self._known)

    def _known(self) -> Known:
        now, mistake, waiting = self._assistant.settings, "", frozenset[str]()
        if now.file is not None:
            try:
                waiting = differing(now, as_written(now.file))
            except SettingsError as error:
                mistake = str(error)
        found = sources(now) if not mistake else {}
        values = to_jsonable_python(now.model_dump(mode="json"))
        presents = tuple(_present(each, values, found, waiting, now.file) for each in described().values())
        return Known(version(now.file) if now.file else "", now.file, mistake, presents)

    async def change(self, changes: Mapping[str, Any], known: str | None) -> Changed:
        """Give each key its value, None for its default. ``known``: the version that the person saw; None: any.

        Raises SettingsError that names the key, SettingFixed, FileChanged; then nothing has changed.
        """
        async with self._changing:
            now = self._assistant.settings
            if now.file is None:
                raise SettingFixed("these settings come from no file", "start `hearth run`")
            file = now.file
            plan = await anyio.to_thread.run_sync(_planned, now, file, changes, known)
            waits = await self._assistant.adopt(plan.settings)
            try:
                await anyio.to_thread.run_sync(plan.write)
            except AssistantError:
                await self._assistant.adopt(now)
                raise
            after = frozenset(key for key in changes if _whole(key) in waits)
            return Changed(version(file), frozenset(changes) - after, after)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A change that is found right."""

    settings: Settings
    file: Path
    changes: Mapping[str, Any]
    """For the file."""
    secrets: Mapping[str, str | None]
    """For files of their own."""
    version: str

    def write(self) -> None:
        """Raises SettingsError."""
        if self.changes:
            change_settings(self.file, self.changes, known=self.version)
        for key, secret in self.secrets.items():
            secret_files.keep(self.settings.data_dir, key, secret)


def _planned(now: Settings, file: Path, changes: Mapping[str, Any], known: str | None) -> _Plan:
    seen = version(file)
    if known is not None and known != seen:
        raise FileChanged(f"{file} has changed meanwhile", "read the settings again")
    found = sources(now)
    for key in changes:
        if key not in described():
            raise unknown_key(key, described())
        if why := _fixed(key, found.get(key, Source.DEFAULT), file):
            raise SettingFixed(f"{key} can't be changed here: {why}", "")
    values = _in_file(file)
    secrets = {key: _text(key, value) for key, value in changes.items() if key in SECRETS}
    plain = {key: value for key, value in changes.items() if key not in SECRETS}
    # A secret that somebody wrote into the file does not stay there once it is changed here.
    plain |= {key: None for key in secrets if _written(values, key)}
    kept = kept_secrets(values)
    all_secrets = {key: secret for key, secret in (kept | secrets).items() if secret is not None}
    settings = checked(changed_values(values, plain), all_secrets, file)
    for skill in {key.split(".")[1] for key in plain if key.startswith("skills.")}:
        _check_skill(skill, settings)
    _check_models(now, settings)
    return _Plan(settings, file, plain, secrets, seen)


def as_written(file: Path) -> Settings:
    """What would hold after a restart. Raises SettingsError."""
    values = _in_file(file)
    return checked(values, kept_secrets(values), file)


def _in_file(file: Path) -> dict[str, Any]:
    return read_file(file) if file.exists() else {}


def _present(
    each: Described, values: Mapping[str, Any], found: Mapping[str, Source], waiting: frozenset[str], file: Path | None
) -> Present:
    # A skill's section need not be written.
    value = value_at(values, each.key, each.default)
    source = found.get(each.key, Source.DEFAULT)
    hidden = each.secret or each.section == _PROGRAMS
    return Present(
        described=each,
        value=None if hidden else value,
        is_set=value not in (None, {}, []),
        source=source,
        live=each.key in LIVE,
        fixed=_fixed(each.key, source, file),
        waits=_whole(each.key) in waiting,
    )


def _written(values: Mapping[str, Any], key: str) -> bool:
    section, _, last = key.rpartition(".")
    return last in values.get(section, {})


def _fixed(key: str, source: Source, file: Path | None) -> str:
    if file is None:
        return "these settings come from no file"
    if source is Source.ENVIRONMENT:
        return f"the environment variable HEARTH_{key.replace('.', '__').upper()} says it"
    if source is Source.CREDENTIAL:
        return "the system gives it, as a credential"
    if key in _IN_FILE_ALONE or key.startswith(f"{_PROGRAMS}."):
        return f"it is changed in {file} alone"
    return ""


def _text(key: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise SettingsError(f"[{key}]: input should be text", "correct the value", permanent=True)
    return value or None


def _whole(key: str) -> str:
    """Of a skill's settings, the whole section is compared."""
    return key.rpartition(".")[0] if key.startswith("skills.") else key


def _check_skill(name: str, settings: Settings) -> None:
    model = plugins.settings_model("skills", name)
    assert model is not None  # its keys are described
    plugins.skill_settings(name, model, settings.skills.get(name, {}))


def _check_models(now: Settings, after: Settings) -> None:
    """Raises ModelError for a model that is needed then, and was not before, and is not there."""
    store, before = Store(after.models_dir), models_of(now)
    for model, needed in models_of(after).items():
        if needed and model not in before:
            store.require(model)
