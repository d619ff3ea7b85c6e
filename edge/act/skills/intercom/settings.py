"""``[skills.intercom]``: whether voices are sent, and whether they are taken."""

from pydantic import BaseModel, ConfigDict


class IntercomSettings(BaseModel):
    """The whole section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    """Whether there is an intercom at all."""
    accept: bool = True
    """Whether messages of others are played here."""
