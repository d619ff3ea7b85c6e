"""``[skills.tools]``: which servers there are, and which of their tools may be used."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ServerSettings(BaseModel):
    """``[skills.tools.servers.<name>]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: tuple[str, ...] = ()
    """The program that is the server, with its arguments."""
    url: str | None = None
    """Or where it is reached by HTTP."""
    env: Mapping[str, str] = Field(default_factory=dict)
    """Further environment variables of the program."""
    tools: tuple[str, ...]
    """Names of the tools that may be called. No other one ever is."""
    examples: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """By tool: what people say when they mean it."""
    by_meaning: bool = True
    """Whether a tool is called when a sentence means what the tool is for; else only by sentences of your own."""
    confirm: Literal["auto", "always", "never"] = "auto"
    """Whether it is asked before a call. ``auto``: unless the server says that the tool only reads."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 8.0
    """Seconds that a call may take."""

    @model_validator(mode="after")
    def _one_way(self) -> "ServerSettings":
        if bool(self.command) == bool(self.url):
            raise ValueError("give either command or url")
        return self


class ToolsSettings(BaseModel):
    """The whole section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    servers: Mapping[str, ServerSettings] = Field(default_factory=dict)
    """By name of your choice."""
