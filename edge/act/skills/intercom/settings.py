"""``[skills.intercom]``: whether voices are sent, and whether they are taken."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.errors import SettingsError

_HINT = "docs/several.md says what there is"


class IntercomSettings(BaseModel):
    """The whole section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    """Whether there is an intercom at all."""
    accept: bool = True
    """Whether messages of others are played here."""


def read(section: Mapping[str, object]) -> IntercomSettings:
    """The typed section. Raises SettingsError."""
    try:
        return IntercomSettings.model_validate(section)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(["skills", "intercom", *map(str, first["loc"])])
        raise SettingsError(f"[{where}]: {first['msg']}", _HINT, permanent=True) from None
