"""Questions that wait for their answers, on disk: as they were said, with what a person was told of the answer already.

The answers themselves come into tables of the link. A question goes when its answer was told, or that there is none.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from apsw import Connection

from edge.ports import Bridge, Finish, Query, Storage
from edge.privacy.masking import unmask
from edge.sentences import split

_STEPS: Final = (
    """CREATE TABLE cloud_question (
        id TEXT PRIMARY KEY, question TEXT NOT NULL, language TEXT NOT NULL, names TEXT NOT NULL, heard TEXT NOT NULL,
        asked REAL NOT NULL, expires REAL NOT NULL, announced INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class Question:
    """One that waits."""

    id: str
    question: str
    """As it was said."""
    language: str
    names: dict[str, str] = field(default_factory=dict)
    """What the placeholders in its answer stand for."""
    heard: str = ""
    """What was told of the answer before the link went."""
    asked: float = 0.0
    """Seconds since the epoch."""
    expires: float = 0.0
    """Likewise; nobody wants to know after that."""
    announced: bool = False
    """It was begun to be told unasked: that is not done twice, whatever became of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a person is to be told of a question."""

    question: Question
    text: str | None
    """The answer, for a voice, without what was told of it before; None where there is none."""


class KeptQuestions:
    """All of them."""

    def __init__(self, storage: Storage, bridge: Bridge, now: Callable[[], float]) -> None:
        """``now``: seconds since the epoch."""
        self._storage, self._bridge, self._now = storage, bridge, now

    async def load(self) -> None:
        """Make the table. Raises StorageError."""
        await self._storage.migrate("cloud.questions", _STEPS)

    async def keep(self, question: Question, query: Query) -> None:
        """Have it asked once there is a link: both are written or none. Raises StorageError."""

        def write(connection: Connection) -> None:
            _insert(connection, question)
            self._bridge.keep(connection, query)

        await self._storage.write(write)

    async def all(self) -> Sequence[Question]:
        """Those that wait, oldest first. Raises StorageError."""
        return await self._storage.read(_select)

    async def found(self) -> Sequence[Found]:
        """What there is to tell, oldest first: answers that are there, and questions that nobody answered in time.
        Raises StorageError.
        """
        now = self._now()

        def read(connection: Connection) -> Sequence[Found]:
            late = {answer.id: answer for answer in self._bridge.late(connection)}
            told: list[Found] = []
            for question in _select(connection):
                answer = late.get(question.id)
                if answer is not None and answer.finish is not Finish.REFUSED:
                    told.append(Found(question, _rest(answer.text, question)))
                elif answer is not None or question.expires <= now:
                    told.append(Found(question, None))
            return told

        return await self._storage.read(read)

    async def announced(self, found: Found) -> None:
        """It begins to be told unasked. Raises StorageError."""
        query = "UPDATE cloud_question SET announced = 1 WHERE id = ?"
        await self._storage.write(lambda connection: connection.execute(query, (found.question.id,)))

    async def told(self, found: Sequence[Found]) -> None:
        """The person knows. Raises StorageError."""

        def forget(connection: Connection) -> None:
            for each in found:
                connection.execute("DELETE FROM cloud_question WHERE id = ?", (each.question.id,))
                self._bridge.told(connection, each.question.id)

        await self._storage.write(forget)


def _insert(connection: Connection, question: Question) -> None:
    connection.execute(
        """INSERT OR IGNORE INTO cloud_question (id, question, language, names, heard, asked, expires)
            VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (
            question.id,
            question.question,
            question.language,
            json.dumps(question.names, ensure_ascii=False),
            question.heard,
            question.asked,
            question.expires,
        ),
    )


def _select(connection: Connection) -> list[Question]:
    query = "SELECT id, question, language, names, heard, asked, expires, announced FROM cloud_question ORDER BY asked"
    return [
        Question(ident, text, language, json.loads(names), heard, asked, expires, bool(announced))
        for ident, text, language, names, heard, asked, expires, announced in connection.execute(query)
    ]


def _rest(text: str, question: Question) -> str:
    """``text`` for a voice, from where the person stopped hearing it."""
    sentences = [unmask(sentence, question.names) for sentence in split(text, question.language)]
    heard = question.heard
    while sentences and heard.startswith(sentences[0]):
        heard = heard.removeprefix(sentences.pop(0)).lstrip()
    return " ".join(sentences)
