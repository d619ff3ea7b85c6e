"""The bridge for the skill that asks it: ``hearth-sync`` on the same machine, behind :class:`edge.ports.Bridge`."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from typing import Final

import msgspec
from apsw import Connection

from cloud_sync.client.bridge import LocalBridge
from cloud_sync.client.compose import AssistantEnd
from cloud_sync.client.kept import KeptQuestions
from cloud_sync.protocol.messages import Answer, Ask, Call, Delta, Exchanged
from cloud_sync.protocol.messages import Tool as ProtocolTool
from cloud_sync.protocol.trace import traceparent
from edge.at_rest import DATABASE
from edge.errors import CloudLinkLost, CloudUnreachable
from edge.ports import Cloud, Finish, House, Late, LinkLost, Piece, Query, Told, ToolCall, Whole
from edge.privacy.glance import Glance, HouseMasking
from edge.settings import Settings

_LONGEST: Final = 16_000
"""Characters of one answer, a quarter of an hour of speech: a bridge that says more is not listened to."""


@contextmanager
def open_cloud(settings: Settings, end: AssistantEnd | None, house: House) -> Iterator[Cloud | None]:
    """What the skill is given of the device's ``end`` of the bridge; None where there is none."""
    if end is None:
        yield None
        return
    glance = Glance(settings.data_dir / DATABASE)

    def places() -> Sequence[str]:
        return [*house.areas(), *(device.name for device in house.devices())]

    masking = HouseMasking(glance, settings.understand.language, settings.privacy.names, places)
    try:
        traced = settings.observe.traces is not None
        yield Cloud(SyncedBridge(end.bridge, end.questions, traced=traced), masking, glance, settings.cloud)
    finally:
        glance.close()


class SyncedBridge:
    """The one :class:`edge.ports.Bridge`."""

    def __init__(self, local: LocalBridge, questions: KeptQuestions, *, traced: bool = False) -> None:
        """``traced``: whether the bridge is told which turn's trace its work belongs to."""
        self._local, self._questions, self._traced = local, questions, traced

    @property
    def up(self) -> bool:
        """Whether there is a link, as ``hearth-sync`` said last."""
        return self._local.linked

    async def ask(self, query: Query) -> "LocalAsking":
        """Ask now."""
        ask = as_ask(query)
        if self._traced and query.turn:
            ask = msgspec.structs.replace(ask, traceparent=traceparent(query.turn, "act"))
        return LocalAsking(self._local, ask)

    def keep(self, connection: Connection, query: Query) -> None:
        """Have it asked once there is a link, in the transaction that ``connection`` is in. Raises StorageError."""
        self._questions.keep(connection, as_ask(query))

    def late(self, connection: Connection) -> Sequence[Late]:
        """Answers that came when nobody listened, oldest first."""
        answers = [late.answer for late in self._questions.late(connection)]
        return [Late(answer.id, answer.text[:_LONGEST], _finish(answer), answer.code) for answer in answers]

    def told(self, connection: Connection, ident: str) -> None:
        """The person knows."""
        self._questions.told(connection, ident)


class LocalAsking:
    """One question that is being answered."""

    def __init__(self, local: LocalBridge, ask: Ask) -> None:
        self._local, self._id = local, ask.id
        self._told = _told(local, ask)

    def __aiter__(self) -> AsyncIterator[Told]:
        return self._told

    async def called(self, call: ToolCall, content: str) -> None:
        """Tell the model what came of it; where the link is gone, the answer ends by itself."""
        with suppress(CloudUnreachable):
            self._local.called(self._id, call.call, content)

    async def aclose(self) -> None:
        """Whoever leaves before the end cancels the question."""
        await self._told.aclose()


async def _told(local: LocalBridge, ask: Ask) -> AsyncGenerator[Told, None]:
    said = 0
    try:
        async with aclosing(local.ask(ask)) as pieces:
            async for piece in pieces:
                said += len(piece.text) if isinstance(piece, Delta) else 0
                if said > _LONGEST:
                    yield Whole("", Finish.CUT)
                    return
                yield _as_told(piece)
    except (CloudUnreachable, CloudLinkLost, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The link is gone, or what comes over it makes no sense.
        yield LinkLost()


def _as_told(piece: Delta | Call | Answer) -> Told:
    match piece:
        case Delta():
            return Piece(piece.text)
        case Call():
            return ToolCall(piece.call, piece.name, msgspec.msgpack.decode(piece.arguments, type=dict[str, object]))
        case Answer():
            cut = Finish.CUT if len(piece.text) > _LONGEST else _finish(piece)
            return Whole(piece.text[:_LONGEST], cut, piece.code)


def _finish(answer: Answer) -> Finish:
    # A word that a newer bridge says: what there is, is told.
    return Finish(answer.finish) if answer.finish in set(Finish) else Finish.CUT


def as_ask(query: Query) -> Ask:
    """``query`` as it is sent."""
    return Ask(
        id=query.id,
        question=query.question,
        language=query.language,
        history=tuple(Exchanged(said=said, answered=answered) for said, answered in query.history),
        state=query.state,
        tools=tuple(
            ProtocolTool(
                name=tool.name,
                description=tool.description,
                parameters=msgspec.Raw(msgspec.msgpack.encode(tool.parameters)),
            )
            for tool in query.tools
        ),
        expires_ms=query.expires_ms,
    )
