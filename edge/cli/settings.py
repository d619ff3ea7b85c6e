"""``hearth settings``: what is set, and where it comes from."""

from typing import Any, Final

from pydantic_core import to_jsonable_python

from edge.settings import Settings
from edge.settings_origins import Source, sources
from edge.settings_schema import described
from edge.settings_values import value_at

_PROGRAMS: Final = "skills.tools"
"""What the programs there are given may be secrets, too."""


def rows_of(settings: Settings, *, everything: bool) -> list[dict[str, Any]]:
    """A row for each setting, those that have their defaults only where ``everything`` is wanted: key, value, source,
    hidden (it may be a secret, and is null). Raises SettingsError.
    """
    found = sources(settings)
    values = to_jsonable_python(settings.model_dump(mode="json"))
    rows = []
    for each in described().values():
        source = found.get(each.key, Source.DEFAULT)
        if everything or source is not Source.DEFAULT:
            hidden = each.secret or each.section == _PROGRAMS
            value = None if hidden else value_at(values, each.key, each.default)
            rows.append({"key": each.key, "value": value, "source": source.value, "hidden": hidden})
    return rows
