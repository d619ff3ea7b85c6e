"""The settings described: each key with its JSON Schema, its default, and what its docstring says.

pydantic can read docstrings itself, as it makes the classes; that takes 30 ms of each command's start, so it is done
here, for whoever asks.
"""

import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from edge import plugins
from edge.field_docs import under_fields
from edge.sections import Section
from edge.settings import SECRETS, Settings

_REFERENCE: Final = "#/$defs/"


@dataclass(frozen=True, slots=True)
class Described:
    """One setting."""

    key: str
    """Dotted."""
    section: str
    """``""`` for those at the top, ``skills.alarms`` for a skill's."""
    description: str
    schema: Mapping[str, Any]
    """JSON Schema of the value, in itself complete."""
    default: Any
    """As JSON has it."""
    secret: bool


@functools.cache
def described() -> Mapping[str, Described]:
    """Every setting by its key, those of installed skills as far as these tell them, in the order of the files."""
    return {each.key: each for each in (*_of_sections(), *_of_skills())}


@functools.cache
def section_descriptions() -> Mapping[str, str]:
    """What each section is for."""
    found = {name: inspect.getdoc(model) or "" for name, model in _sections()}
    return found | {f"skills.{name}": inspect.getdoc(model) or "" for name, model in _skills()}


def schema() -> dict[str, Any]:
    """JSON Schema of a whole settings file, with descriptions."""
    document = Settings.model_json_schema()
    for key, said in docstrings(Settings).items():
        document["properties"][key]["description"] = said
    for _, model in _sections():
        for key, said in docstrings(model).items():
            document["$defs"][model.__name__]["properties"][key]["description"] = said
    return document


@functools.cache
def docstrings(model: type[BaseModel]) -> Mapping[str, str]:
    """What stands under each field of ``model`` in its source, in one line."""
    return {name: said for name, said in under_fields(model).items() if name in model.model_fields}


def _sections() -> Iterator[tuple[str, type[Section]]]:
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield name, field.annotation


def _skills() -> Iterator[tuple[str, type[BaseModel]]]:
    for name in plugins.names("skills"):
        if (model := plugins.settings_model("skills", name)) is not None:
            yield name, model


def _of_sections() -> Iterator[Described]:
    document = Settings.model_json_schema()
    apart = [name for name, _ in _sections()]
    for name, field in Settings.model_fields.items():
        if name not in apart and name != "skills":
            yield _described(name, "", Settings, field, document["properties"][name], document)
    for section, model in _sections():
        properties = document["$defs"][model.__name__]["properties"]
        for name, field in model.model_fields.items():
            yield _described(name, section, model, field, properties[name], document)


def _of_skills() -> Iterator[Described]:
    for skill, model in _skills():
        document = model.model_json_schema()
        for name, field in model.model_fields.items():
            yield _described(name, f"skills.{skill}", model, field, document["properties"][name], document)


def _described(
    name: str,
    section: str,
    model: type[BaseModel],
    field: FieldInfo,
    found: Mapping[str, Any],
    document: Mapping[str, Any],
) -> Described:
    key = f"{section}.{name}" if section else name
    whole = _inlined(found, document.get("$defs", {}))
    schema = {word: value for word, value in whole.items() if word not in ("default", "title", "description")}
    default = to_jsonable_python(field.get_default(call_default_factory=True))
    return Described(key, section, docstrings(model).get(name, ""), schema, default, key in SECRETS)


def _inlined(schema: Any, known: Mapping[str, Any]) -> Any:
    """``schema`` without references."""
    if isinstance(schema, list):
        return [_inlined(each, known) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if (reference := schema.get("$ref")) is not None:
        return _inlined(known[reference.removeprefix(_REFERENCE)], known)
    return {word: _inlined(value, known) for word, value in schema.items()}
