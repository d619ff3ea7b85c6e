"""What a tool is told: its schema, and whether what came obeys it. Nothing that isn't there can be named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

JsonSchema: TypeAlias = dict[str, Any]
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


class BadArguments(Exception):
    """What came doesn't obey the schema: the message says what is wrong, for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing."""

    name: str
    kind: str
    """The JSON type: string, integer, number, boolean."""
    about: str = ""
    required: bool = True
    choices: tuple[str, ...] = ()
    """The only values there are; empty: any."""
    least: float | None = None
    most: float | None = None
    """Of a number; of a string its longest length."""

    @property
    def schema(self) -> JsonSchema:
        """JSON Schema of its value."""
        schema: JsonSchema = {"type": self.kind}
        if self.about:
            schema["description"] = self.about
        if self.choices:
            schema["enum"] = list(self.choices)
        elif self.kind == "string":
            schema |= {"minLength": 1} | ({"maxLength": int(self.most)} if self.most is not None else {})
        else:
            limits = {"minimum": self.least, "maximum": self.most}
            schema |= {key: limit for key, limit in limits.items() if limit is not None}
        return schema

    def checked(self, value: object) -> object:
        """``value``, if it obeys. Raises BadArguments."""
        if not isinstance(value, _TYPES[self.kind]) or (isinstance(value, bool) and self.kind != "boolean"):
            raise BadArguments(f"{self.name} is to be a{'n' if self.kind[0] in 'aeiou' else ''} {self.kind}")
        if self.choices:
            if value not in self.choices:
                raise BadArguments(f"{self.name} is one of: {', '.join(self.choices)}")
        elif isinstance(value, str):
            if not value.strip() or (self.most is not None and len(value) > self.most):
                raise BadArguments(f"{self.name} is empty, or too long")
        elif isinstance(value, int | float) and not self._within(value):
            raise BadArguments(f"{self.name} is from {self.least:g} to {self.most:g}")
        return value

    def _within(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


def schema_of(parameters: Sequence[Parameter]) -> JsonSchema:
    """JSON Schema of all of them."""
    return {
        "type": "object",
        "properties": {parameter.name: parameter.schema for parameter in parameters},
        "required": [parameter.name for parameter in parameters if parameter.required],
        "additionalProperties": False,
    }


def checked(parameters: Sequence[Parameter], arguments: Mapping[str, object]) -> dict[str, Any]:
    """``arguments``, if they obey. Raises BadArguments."""
    known = {parameter.name: parameter for parameter in parameters}
    if unknown := [name for name in arguments if name not in known]:
        raise BadArguments(f"there is no {unknown[0]}")
    if missing := [name for name, parameter in known.items() if parameter.required and name not in arguments]:
        raise BadArguments(f"{missing[0]} is missing")
    return {name: known[name].checked(value) for name, value in arguments.items()}
