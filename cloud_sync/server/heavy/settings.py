"""Which models answer, what they cost, and how much a house may ask: the section ``[heavy]``."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Seconds = Annotated[float, Field(gt=0, le=3600)]
Count = Annotated[int, Field(ge=1)]
Price = Annotated[float, Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EndpointSettings(_Section):
    """Anything that speaks OpenAI's chat completions: a provider, vLLM, llama.cpp."""

    name: Annotated[str, Field(pattern=r"^[\w.-]{1,40}$")]
    """In metrics and logs."""
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    """Up to and without ``/chat/completions``: ``https://api.example.com/v1``."""
    model: Annotated[str, Field(min_length=1, max_length=200)]
    key: SecretStr | None = None
    """Its API key; ``key_file`` is better."""
    key_file: Path | None = None
    """A file that holds the key and nothing else."""
    connect_s: Seconds = 3.0
    first_token_s: Seconds = 8.0
    """From the request to the first piece of the answer."""
    whole_s: Seconds = 60.0
    """From the request to the last."""
    max_tokens: Count = 400
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.4
    tools: bool = True
    """Whether the model can call tools."""
    price_in: Price = 0.0
    """For a million tokens of the question, in ``HeavySettings.currency``."""
    price_out: Price = 0.0
    """For a million tokens of the answer."""

    @model_validator(mode="after")
    def _one_key(self) -> "EndpointSettings":
        if self.key is not None and self.key_file is not None:
            raise ValueError("give key or key_file, not both")
        return self

    def api_key(self) -> str:
        """The key; a word that says so where none is needed. Raises OSError."""
        if self.key_file is not None:
            return self.key_file.read_text(encoding="utf-8").strip()
        return self.key.get_secret_value() if self.key is not None else "none"


class HeavySettings(_Section):
    """``[heavy]``. Without endpoints every question is refused as ``unavailable``."""

    endpoints: tuple[EndpointSettings, ...] = ()
    """Asked in this order: the next where the one before can't be reached."""
    failures: Count = 3
    """In a row, after which an endpoint is left alone for ``rest_s``."""
    rest_s: Seconds = 30.0
    sentences: Annotated[int, Field(ge=1, le=20)] = 4
    """What an answer is at most, unless the question asks for more: somebody listens to it."""
    tokens_a_day: Annotated[int, Field(ge=0)] = 200_000
    """Of a house, questions and answers together; the day is that of UTC. 0: no limit."""
    requests_a_minute: Annotated[int, Field(ge=0)] = 20
    """Of a house. 0: no limit."""
    concurrent: Annotated[int, Field(ge=0)] = 4
    """Answers of a house at a time. 0: no limit."""
    tool_rounds: Annotated[int, Field(ge=0, le=10)] = 3
    """How often in one answer the device may be asked to do something."""
    tool_s: Seconds = 30.0
    """How long the device may take for it: a person may be asked first."""
    cache_hours: Annotated[float, Field(ge=0)] = 24.0
    """How long an answer serves for the same question of the same house; 0: nothing is kept."""
    cache_embedding: EndpointSettings | None = None
    """A model that tells what a question means; None: questions are compared by their words."""
    cache_likeness: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Cosine from which two meanings are the same."""
    answer_days: Annotated[float, Field(gt=0)] = 7.0
    """How long an answer waits for a device that is away."""
    usage_days: Annotated[float, Field(gt=0)] = 400.0
    workers: Annotated[int, Field(ge=0, le=64)] = 1
    """Kept questions that one process answers at a time; 0: it leaves them to others."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
