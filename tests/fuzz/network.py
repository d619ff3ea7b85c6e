"""What comes over the network to the assistant itself: Wyoming, the WebSockets, its own socket, tools of others."""

import asyncio
import json
import types
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any, Final, TypeVar

import anyio
import numpy as np
from starlette.websockets import WebSocketDisconnect
from wyoming.event import Event
from wyoming.info import Info

from edge.act.skills.tools.server import _text, _tool
from edge.api.local import _session as local_session
from edge.api.mcp.parameters import BadArguments, Parameter, checked
from edge.api.web.access import Person, Role
from edge.api.web.events import _hear as hear_wishes
from edge.api.web.feed import Follower
from edge.api.web.voice import routes as voice
from edge.api.web.voice.lines import Lines
from edge.api.wyoming.commanding import Butler
from edge.api.wyoming.hearing import Ears
from edge.api.wyoming.satellite import Satellite
from edge.api.wyoming.services import ServiceHandler
from edge.api.wyoming.session import Handler, Send, converse
from edge.api.wyoming.waking import Watches
from edge.bus import Bus
from edge.chunk import Pcm
from edge.events import Reply, Timings, TurnEnded, as_json
from edge.intents import Intent, Origin, OutcomeKind, Tier, Transcript, Understanding
from edge.listen.stt_wyoming import _said
from edge.sections import WyomingSettings
from edge.session.loop import FollowUpRules
from edge.settings import Settings
from edge.speak.tts_wyoming import WyomingTts
from edge.wyoming.connection import _LARGE
from edge.wyoming.frames import Frames, Malformed, encoded
from edge.wyoming.remote import _installed, _without_errors
from edge.wyoming.sound import chunks, started, stopped
from tests.fuzz.mutate import PART
from tests.fuzz.parser import Parser

T = TypeVar("T")
_RUNNER: Final = asyncio.Runner()
_OWNER: Final = Person("me", Role.OWNER)
_FRAMES: Final = 40
"""Of an entry: others have their turn between two of them."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """In the one loop of this process."""
    return _RUNNER.run(work)


# -- the assistant, without engines -----------------------------------------------------------------------------------


def turn(text: str, session: str) -> TurnEnded:
    ended = TurnEnded(
        turn="t", at=0.0, text=text, language="en", intent=None, tier=None, confidence=0.0, outcome=OutcomeKind.DONE, actions=(),
        reply=Reply(text="Done."), timings=Timings(), session=session,
    )  # fmt: skip
    # As the journal and the events have it: whatever can't be written down may not come so far.
    json.dumps(as_json(ended), ensure_ascii=False).encode()
    return ended


class Talking:
    """In the place of edge.session.talker.Talker."""

    follow_up = FollowUpRules(within_s=6.0)

    def __init__(self, hear: Callable[[Any], None], area: str | None, session: str | None) -> None:
        self.origin = Origin(language="en", area=area, session=session or "s")
        self._hear = hear

    async def spoken(self, sound: AsyncIterator[Any], *, held: bool = False, after: Any = None) -> TurnEnded:
        del held, after
        heard = 0
        with suppress(Exception):
            async for chunk in sound:
                heard += len(chunk.pcm)
        return await self.written(str(heard))

    async def written(self, text: str) -> TurnEnded:
        ended = turn(text, self.origin.session)
        self._hear(ended)
        return ended


async def _forget() -> None: ...


class Assistant:
    """What of an assistant the network's side knows."""

    def __init__(self) -> None:
        self.settings = Settings(wyoming=WyomingSettings(serve=True, commands=True))
        self.bus = Bus()
        self.clients: Counter[str] = Counter()
        self.tasks: Any = None
        self.voice = None
        self.skills = ()
        self.listening = types.SimpleNamespace(on=True, locked=False, set=lambda on: None)
        self.house = types.SimpleNamespace(devices=list, areas=dict, floors=list)
        self.forgetting = types.SimpleNamespace(forget=_forget)

    async def ask(
        self, text: str, area: str | None = None, session: str | None = None, guest: bool = False
    ) -> list[TurnEnded]:
        del area, guest
        return [turn(text, session or "s")]

    async def understand(self, text: str, session: str | None = None) -> Understanding | None:
        turn(text, session or "s")
        return Understanding(Intent("HassTurnOn", {"name": text[:40]}), 1.0, Tier.GRAMMAR) if text else None

    async def carry_out(
        self,
        text: str,
        intents: object = None,
        area: str | None = None,
        session: str | None = None,
        guest: bool = False,
    ) -> TurnEnded:
        del intents, area, guest
        return turn(text, session or "s")

    async def say(self, text: str) -> str | None:
        turn(text, "s")
        return None

    def converse(
        self,
        sink: object,
        hear: Callable[[Any], None],
        area: str | None = None,
        session: str | None = None,
        guest: bool = False,
    ) -> Talking:
        del sink, guest
        return Talking(hear, area, session)

    def report(self, error: Exception) -> None: ...

    async def unasked(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await work()


class Inline:
    """In the place of a Guest and of its thread."""

    def __init__(self, engine: object) -> None:
        self._engine = engine

    async def thread(self) -> "Inline":
        return self

    async def call(self, work: Callable[..., T], *arguments: object) -> T:
        return work(self._engine, *arguments)

    def submit(self, work: Callable[..., T], *arguments: object) -> "asyncio.Future[T]":
        made: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        made.set_result(work(self._engine, *arguments))
        return made


class Engine:
    """Hears and speaks nothing much."""

    rate = 22_050

    def transcribe(self, pcm: Pcm, language: str | None, sayable: object = None) -> Transcript:
        del language, sayable
        assert pcm.dtype == np.int16
        return Transcript(f"{len(pcm)} samples", "en")

    def synthesize(self, sentence: str) -> Pcm:
        sentence.encode()
        return np.zeros(100, np.int16)


class Deaf:
    """A wake engine, its rules and its watch: nothing is ever heard."""

    def reset(self) -> None: ...

    def close(self) -> None: ...

    def watch(self, engine: object) -> "Deaf":
        assert engine is not None
        return self

    def feed(self, chunk: object) -> None:
        assert chunk is not None


# -- Wyoming ----------------------------------------------------------------------------------------------------------


class Stream:
    """The other end of a socket: sends ``data`` in pieces, keeps what comes."""

    def __init__(self, data: bytes, random: Random | None = None) -> None:
        self._data, self._random = data, random
        self.came = bytearray()
        self.most = 0

    async def __aenter__(self) -> "Stream":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def aclose(self) -> None: ...

    async def receive(self, most: int = 65_536) -> bytes:
        if not self._data:
            raise anyio.EndOfStream
        size = min(most, self._random.randint(1, 4096) if self._random else most)
        piece, self._data = self._data[:size], self._data[size:]
        return piece

    async def send(self, data: bytes) -> None:
        self.came += data

    async def send_eof(self) -> None: ...


def _services(assistant: Assistant) -> Callable[[Send], Handler]:
    engine = Inline(Engine())
    shared = types.SimpleNamespace(
        info=Info(), ears=Ears(engine, "en", lambda: None), tts=engine, watches=Watches(Deaf, Deaf()), butler=Butler(assistant, may_act=True),  # type: ignore[arg-type]
    )  # fmt: skip
    return lambda send: ServiceHandler(shared, send)  # type: ignore[arg-type]


def _answered(data: bytes) -> list[Event]:
    """All that came, each readable."""
    frames, found = Frames(), []
    frames.feed(data)
    while (event := frames.next()) is not None:
        found.append(event)
    assert not frames.amid
    return found


async def _wyoming(raw: bytes, make: Callable[[Send], Handler]) -> None:
    stream = Stream(raw)
    await converse(stream, make)  # type: ignore[arg-type]
    _answered(bytes(stream.came))
    good = Stream(b'{"type": "ping", "data": {"text": "x"}}\n')
    await converse(good, make)  # type: ignore[arg-type]
    assert [event.data for event in _answered(bytes(good.came))] == [{"text": "x"}]


def wyoming_services(raw: bytes) -> None:
    """The port of the engines."""
    run(_wyoming(raw, _services(Assistant())))


def wyoming_satellite(raw: bytes) -> None:
    """The port of the satellite."""

    async def both() -> None:
        satellite = Satellite(Assistant())  # type: ignore[arg-type]
        # As where it runs: what comes unasked is played until it ends.
        with satellite._announcing, satellite._announced:
            await _wyoming(raw, satellite.handler)

    run(both())


def wyoming_remote(raw: bytes) -> None:
    """What another machine's engines answer: text, sound, a description."""
    for read in (_said, WyomingTts.__dict__["_sound"].__get__(types.SimpleNamespace(rate=22_050)), _described):
        try:
            read(_without_errors(_events(raw)))
        except (OSError, Malformed):
            continue
    assert _said(_events(encoded(Event("transcript", {"text": "hello"})))).text == "hello"


def _described(events: Iterator[Event]) -> object:
    return _installed(next(event for event in events if event.type == "info").data.get("asr"))


def _events(raw: bytes) -> Iterator[Event]:
    frames = Frames(_LARGE)
    frames.feed(raw)
    while (event := frames.next()) is not None:
        yield event
    raise ConnectionError("it hung up before it had answered")


# -- WebSockets -------------------------------------------------------------------------------------------------------


class Socket:
    """A WebSocket of Starlette's, on which ``frames`` come."""

    def __init__(self, frames: Sequence[bytes]) -> None:
        self._frames = list(frames)[::-1]
        self.sent: list[str | bytes] = []
        self.closed: int | None = None

    async def accept(self) -> None: ...

    async def receive(self) -> dict[str, Any]:
        await anyio.lowlevel.checkpoint()
        if not self._frames:
            return {"type": "websocket.disconnect", "code": 1000}
        frame = self._frames.pop()
        if frame[:1] == b"B":
            return {"type": "websocket.receive", "bytes": frame[1:]}
        # The server has read it as UTF-8, or has closed the connection.
        return {"type": "websocket.receive", "text": frame[1:].decode("utf-8", "replace")}

    async def receive_text(self) -> str:
        message = await self.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(1000)
        return str(message["text"])

    async def send_text(self, text: str) -> None:
        text.encode()
        json.loads(text)
        self.sent.append(text)

    async def send_bytes(self, data: bytes) -> None:
        self.sent.append(data)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        assert len(reason.encode()) <= 123
        self.closed = code


async def _voiced(frames: Sequence[bytes]) -> Socket:
    assistant = Assistant()
    socket = Socket(frames)
    async with anyio.create_task_group() as assistant.tasks:
        connection = voice._Connection(socket, Lines(assistant), _OWNER)  # type: ignore[arg-type]
        try:
            await connection.serve()
        except voice._Malformed as error:
            await voice._part(socket, 1007, voice.Problem(detail=str(error), code="malformed"))  # type: ignore[arg-type]
        except WebSocketDisconnect:
            pass
        assistant.tasks.cancel_scope.cancel()
    return socket


def voice_socket(raw: bytes) -> None:
    """``/v1/voice``: frames, each with a T or a B before it."""
    run(_voiced(raw.split(PART)[:_FRAMES]))
    good = run(_voiced([b'T{"type":"hello"}', b'T{"type":"text","text":"hello"}', b'T{"type":"bye"}']))
    assert good.closed is None
    assert json.loads(good.sent[0])["type"] == "ready"


def events_socket(raw: bytes) -> None:
    """``/v1/events``: what a client may wish."""
    follower = Follower(types.SimpleNamespace(looked=0, last=0, watched=lambda: None), 0, events=True)  # type: ignore[arg-type]

    async def heard() -> None:
        socket = Socket(raw.split(PART))
        with suppress(WebSocketDisconnect):
            await hear_wishes(socket, follower)  # type: ignore[arg-type]
        good = Socket([b'T{"devices": true}'])
        with suppress(WebSocketDisconnect):
            await hear_wishes(good, follower)  # type: ignore[arg-type]
        assert json.loads(good.sent[0]) == {"type": "watching", "devices": True}

    run(heard())


def local_socket(raw: bytes) -> None:
    """``hearth.sock``: one request a line."""

    async def served() -> None:
        stream = Stream(raw)
        await local_session(Assistant(), {}, stream)  # type: ignore[arg-type]
        for line in bytes(stream.came).splitlines():
            json.loads(line)
        good = Stream(b'{"do": "ask", "text": "hello"}\n')
        await local_session(Assistant(), {}, good)  # type: ignore[arg-type]
        assert b'"end"' in good.came

    run(served())


# -- tools ------------------------------------------------------------------------------------------------------------

_PARAMETERS: Final = (
    Parameter("text", "string", most=100), Parameter("target", "string", choices=("a", "b")),
    Parameter("value", "integer", least=0, most=100, required=False), Parameter("degrees", "number", least=1, most=99.5, required=False),
    Parameter("on", "boolean", required=False),
)  # fmt: skip


def mcp_arguments(raw: bytes) -> None:
    """What another program's model calls our tools with."""
    try:
        arguments = json.loads(raw)
    except (ValueError, RecursionError):
        return
    if isinstance(arguments, dict):
        try:
            checked(_PARAMETERS, arguments)
        except BadArguments as error:
            str(error).encode("utf-8", "replace")
    assert checked(_PARAMETERS, {"text": "x", "target": "a"}) == {"text": "x", "target": "a"}


def mcp_tools(raw: bytes) -> None:
    """What another program's server says of its tools, and answers."""
    from mcp.types import CallToolResult, Tool
    from pydantic import ValidationError

    with suppress(ValidationError):
        _tool(Tool.model_validate_json(raw))
    with suppress(ValidationError):
        _text(CallToolResult.model_validate_json(raw))
    good = {"name": "n", "inputSchema": {"type": "object", "properties": {"a": {"type": "integer", "enum": [1]}}}}
    assert _tool(Tool.model_validate(good)).types == {"a": "integer"}


# -- seeds ------------------------------------------------------------------------------------------------------------

_FORM: Final = {"rate": 16_000, "width": 2, "channels": 1}


def wyoming(*events: Event) -> bytes:
    return b"".join(map(encoded, events))


_SOUND: Final = (started(16_000), *chunks(np.arange(2_000, dtype=np.int16), 16_000), stopped())
_SERVICES: Final = (
    wyoming(Event("describe"), Event("ping", {"text": "a"})),
    wyoming(Event("transcribe", {"language": "en"}), *_SOUND),
    wyoming(Event("detect", {"names": ["okay_nabu"]}), *_SOUND),
    wyoming(Event("synthesize", {"text": "Hello there. How are you?"})),
    wyoming(Event("synthesize-start"), Event("synthesize-chunk", {"text": "One. Two"}), Event("synthesize-stop")),
    wyoming(Event("recognize", {"text": "turn on the light", "context": {"conversation_id": "a", "x": [1]}})),
    wyoming(Event("transcript", {"text": "turn on the light", "language": "en", "context": {"conversation_id": "a"}})),
    wyoming(Event("audio-chunk", {"rate": 44_100, "width": 4, "channels": 2}, bytes(1024))),
    b'{"type": "ping", "data": {"a": 1}, "data_length": 13}\n{"text": "b"}' + b' {"type":"describe"}\n',
)  # fmt: skip
_HOME: Final = (
    wyoming(Event("describe"), Event("run-satellite"), Event("ping")), wyoming(Event("run-satellite"), *_SOUND, Event("pause-satellite")),
    wyoming(Event("run-satellite"), Event("transcript", {"text": "a"}), Event("synthesize", {"text": "b"}), Event("error", {"text": "c"})),
    wyoming(Event("audio-start", _FORM), Event("audio-chunk", _FORM, bytes(3)), Event("audio-stop"), Event("voice-stopped")),
)  # fmt: skip
_REMOTE: Final = (
    wyoming(Event("transcript", {"text": "turn on the light", "language": "en"})),
    wyoming(Event("audio-start", {"rate": 24_000, "width": 2, "channels": 1}), Event("audio-chunk", {"rate": 24_000, "width": 2, "channels": 1}, bytes(960)), Event("audio-stop")),
    wyoming(Event("info", {"asr": [{"name": "x", "installed": True, "models": []}], "tts": []})), wyoming(Event("error", {"text": "busy"})),
)  # fmt: skip
_WYOMING: Final = tuple(
    word.encode()
    for word in (
        '"type"', '"data"', '"data_length"', '"payload_length"', '"version"', "describe", "ping", "transcribe", "detect", "audio-start", "audio-chunk",
        "audio-stop", "synthesize", "synthesize-chunk", "synthesize-start", "synthesize-stop", "recognize", "transcript", "error", '"rate"', '"width"',
        '"channels"', '"text"', '"context"', '"conversation_id"', '"names"', "\n", "{", "}", '"\\ud800"', "-1", "1e3", "true", "null", "run-satellite",
    )
)  # fmt: skip
_VOICE: Final = (
    b'T{"type":"hello","rate":16000,"area":"Kitchen","session":"a-1","held":false,"sound":true,"answer_rate":24000}' + PART + b'T{"type":"start"}'
    + PART + b"B" + bytes(640) + PART + b'T{"type":"stop"}' + PART + b'T{"type":"bye"}',
    b'T{"type":"hello","rate":48000}' + PART + b"B" + bytes(1920) + PART + b'T{"type":"cancel"}' + PART + b'T{"type":"text","text":"hi"}',
    b'T{"type":"resume","connection":"x","after":3,"hello":{"type":"hello"}}' + PART + b'T{"type":"start","held":true}' + PART + b"B\x00\x01",
)  # fmt: skip
_CONTROL: Final = tuple(f'"{word}"'.encode() for word in ("type", "hello", "resume", "start", "stop", "cancel", "text", "bye", "rate", "area", "session", "after"))  # fmt: skip
_LOCAL: Final = tuple(
    json.dumps(request).encode() + b"\n"
    for request in (
        {"do": "ask", "text": "turn on the light", "area": "Kitchen", "session": "s"}, {"do": "devices"}, {"do": "say", "text": "x"},
        {"do": "listen", "on": True}, {"do": "forget"}, {"do": "tools"}, {"do": "call", "name": "ask", "arguments": {"text": "x"}}, {"do": "?"},
    )
)  # fmt: skip
_TOOLS: Final = (
    b'{"name": "order", "description": "Orders", "inputSchema": {"type": "object", "properties": {"dish": {"type": "string", "enum": ["a", "b"]}}, "required": ["dish"]}, "annotations": {"readOnlyHint": true}}',
    b'{"content": [{"type": "text", "text": "Done"}], "isError": false, "structuredContent": {"a": 1}}',
)  # fmt: skip

_CONNECTION_S: Final = 0.5
"""For a whole connection with all that it sends, between whose messages others have their turn."""

PARSERS: Final = (
    Parser("wyoming.services", "Wyoming: the engines for other machines", wyoming_services, _SERVICES, _WYOMING, largest=300_000, blocks_s=_CONNECTION_S),
    Parser("wyoming.satellite", "Wyoming: Home Assistant's side of the satellite", wyoming_satellite, _HOME, _WYOMING, largest=300_000, blocks_s=_CONNECTION_S),
    Parser("wyoming.remote", "Wyoming: what engines on another machine answer", wyoming_remote, _REMOTE, _WYOMING, largest=300_000, blocks_s=_CONNECTION_S),
    Parser("websocket.voice", "/v1/voice: text and sound", voice_socket, _VOICE, _CONTROL, largest=200_000, blocks_s=_CONNECTION_S),
    Parser("websocket.events", "/v1/events: a client's wishes", events_socket, (b'T{"devices": true}', b'T{"devices": false}' + PART + b"Bx"), (b'"devices"', b"true"), largest=100_000),
    Parser("socket.local", "hearth.sock: requests of the command line", local_socket, _LOCAL, (b'"do"', b'"text"', b'"arguments"', b'"area"', b'"session"'), largest=65_000),
    Parser("mcp.arguments", "tools of ours, called by others", mcp_arguments, (b'{"text": "x", "target": "a", "value": 4, "degrees": 21.5, "on": true}',), (b'"text"', b'"value"'), largest=65_000),
    Parser("mcp.tools", "tools of others, as they describe them", mcp_tools, _TOOLS, (b'"properties"', b'"enum"', b'"required"', b'"type"'), largest=65_000, blocks_s=2.0),
)  # fmt: skip
