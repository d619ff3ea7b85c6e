"""Answers that serve again: for the same question of the same house, where nothing of it or of a person is in it.

Whether two questions are the same is told by a :class:`Likeness`. Without a model for it, their words tell: all that
carry meaning must be there, in the same order where the order matters. That misses paraphrases and never takes Austria
for Australia.
"""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, Protocol

import msgspec
import yaml
from openai import APIError, AsyncOpenAI, Timeout
from pydantic import BaseModel, Field
from sqlalchemy import delete, insert, select

from cloud_sync.protocol.messages import Ask
from cloud_sync.server.database import Database
from cloud_sync.server.heavy.settings import EndpointSettings, HeavySettings
from cloud_sync.server.heavy.tables import cache

_LOOKED_AT: Final = 500
"""Questions of a house that are compared, the latest first."""
_WORD: Final = re.compile(r"[^\W_]+(?:[.,]\d+)*")
_POSSESSIVE: Final = re.compile(r"['’]s\b")
_WORDS: Final[dict[str, str]] = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
_EMPTY: Final = frozenset(_WORDS["empty"].split())
_ORDERED: Final = frozenset(_WORDS["ordered"].split()) - _EMPTY
_FOR_ONE: Final = frozenset(f"{_WORDS['passing']} {_WORDS['personal']}".split())
_MASKED: Final = re.compile(r"\[[a-z-]+ \d+\]")
"""A placeholder: there was something about a person."""


class Likeness(Protocol):
    """Tells whether two questions mean the same."""

    async def meaning(self, question: str) -> bytes | None:
        """What questions are compared by; None where this one can't be."""

    def same(self, one: bytes, other: bytes) -> bool:
        """Whether two meanings are of the same question."""

    async def aclose(self) -> None:
        """At the end."""


class Words:
    """By the words that carry meaning."""

    async def meaning(self, question: str) -> bytes | None:
        """The words, in the same order for "France's capital" and "the capital of France"."""
        words = _WORD.findall(_POSSESSIVE.sub("", question.casefold()))
        kept = [word for word in words if word not in _EMPTY]
        if not kept:
            return None
        return " ".join(kept if _ORDERED & set(words) else sorted(kept)).encode()

    def same(self, one: bytes, other: bytes) -> bool:
        """Word for word."""
        return one == other

    async def aclose(self) -> None:
        """There is nothing to let go."""


class Vectors:
    """By a model of meaning behind OpenAI's API (``/embeddings``); numbers must be the same besides."""

    def __init__(self, settings: EndpointSettings, likeness: float) -> None:
        """``likeness``: cosine from which two are the same."""
        self._model, self._likeness = settings.model, likeness
        timeout = Timeout(settings.first_token_s, connect=settings.connect_s)
        self._client = AsyncOpenAI(api_key=settings.api_key(), base_url=settings.url, timeout=timeout, max_retries=0)

    async def aclose(self) -> None:
        """Let its connections go."""
        await self._client.close()

    async def meaning(self, question: str) -> bytes | None:
        """None where the model does not answer: then nothing is taken from the cache, or put there."""
        try:
            made = await self._client.embeddings.create(model=self._model, input=question, encoding_format="float")
            vector = _Vectors.model_validate(made.model_dump(warnings=False)).data[0].embedding
        except (APIError, ValueError, AttributeError, RecursionError):  # or something that is no vector
            return None
        length = sum(value * value for value in vector) ** 0.5 or 1.0
        numbers = sorted(word for word in _WORD.findall(question) if word[0].isdigit())
        return msgspec.msgpack.encode((numbers, [value / length for value in vector]))

    def same(self, one: bytes, other: bytes) -> bool:
        """By their angle."""
        (numbers, left), (others, right) = _VECTOR.decode(one), _VECTOR.decode(other)
        if numbers != others or len(left) != len(right):
            return False
        return sum(a * b for a, b in zip(left, right, strict=True)) >= self._likeness


class _Embedded(BaseModel):
    embedding: Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=1)]


class _Vectors(BaseModel):
    """What is needed of an answer: the package ``openai`` itself hands on whatever came."""

    data: Annotated[list[_Embedded], Field(min_length=1)]


_VECTOR: Final = msgspec.msgpack.Decoder(tuple[list[str], list[float]])


class Cache:
    """The answers of all houses; each sees its own."""

    def __init__(
        self,
        database: Database,
        settings: HeavySettings,
        likeness: Likeness,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """``now_ms``: milliseconds since the epoch."""
        self._database, self._likeness, self._now_ms = database, likeness, now_ms
        self._life_ms = round(settings.cache_hours * 3_600_000)

    async def meaning(self, ask: Ask) -> bytes | None:
        """What ``ask`` is compared by; None where its answer serves nobody again."""
        return await self._likeness.meaning(ask.question) if self._life_ms and is_general(ask) else None

    async def find(self, house: str, language: str, meaning: bytes) -> tuple[str, str] | None:
        """An answer to that, and the model that gave it."""
        query = (
            select(cache.c.meaning, cache.c.answer, cache.c.model)
            .where(cache.c.house == house, cache.c.language == language, cache.c.expires_ms > self._now_ms())
            .order_by(cache.c.n.desc())
            .limit(_LOOKED_AT)
        )
        async with self._database.transaction(house) as connection:
            rows = (await connection.execute(query)).all()
        same: Sequence[tuple[str, str]] = [
            (row.answer, row.model) for row in rows if self._likeness.same(row.meaning, meaning)
        ]
        return same[0] if same else None

    async def put(self, house: str, device: str, ask: Ask, meaning: bytes, answer: str, model: str) -> None:
        """``answer`` serves from now on."""
        now = self._now_ms()
        row = {
            "house": house,
            "device": device,
            "id": ask.id,
            "at_ms": now,
            "language": ask.language,
            "meaning": meaning,
            "answer": answer,
            "model": model,
            "expires_ms": now + self._life_ms,
        }
        async with self._database.transaction(house) as connection:
            await connection.execute(delete(cache).where(cache.c.house == house, cache.c.expires_ms <= now))
            await connection.execute(insert(cache).values(row))


def is_general(ask: Ask) -> bool:
    """Whether anybody, at any time, would get the same answer."""
    if ask.state or ask.history or _MASKED.search(ask.question):
        return False
    return _FOR_ONE.isdisjoint(_WORD.findall(ask.question.casefold()))
