"""What servers of others answer: a model's endpoint, the bridge over HTTPS, the repository of updates, whoever speaks
mDNS.
"""

import functools
import hashlib
import io
import json
import shutil
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import zstandard
from openai import AsyncOpenAI
from zeroconf import DNSIncoming, DNSOutgoing, DNSQuestion

from cloud_sync.client import requests as asking
from cloud_sync.client.enrolment import Bridge, BridgeRefused
from cloud_sync.protocol import erasure
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.messages import Ask, Call, Tool
from cloud_sync.server.heavy.cache import Vectors
from cloud_sync.server.heavy.chain import AllFailed, Chain
from cloud_sync.server.heavy.dialogue import Dialogue
from cloud_sync.server.heavy.endpoint import EndpointFailed
from cloud_sync.server.heavy.settings import EndpointSettings, HeavySettings
from edge.updates import packs, release, word
from edge.updates.errors import UpdateError, UpdateRefused
from edge.updates.release import File, Pack
from edge.updates.transport import SpoolFetcher
from edge.updates.trust import Trust
from tests.fuzz import files
from tests.fuzz.mutate import PART
from tests.fuzz.network import run
from tests.fuzz.parser import Parser
from tests.fuzz.synced import KEY

# -- a model behind OpenAI's API --------------------------------------------------------------------------------------

_ENDPOINT: Final = EndpointSettings(name="m", url="http://m.example/v1", model="m")
_HEAVY: Final = HeavySettings(endpoints=(_ENDPOINT,), failures=1000)
_TOOLS: Final = (
    Tool(name="turn", description="d", parameters=msgspec.Raw(msgspec.msgpack.encode({"type": "object"}))),
)
_SSE: Final = httpx.Headers({"content-type": "text/event-stream"})


def _client(answer: bytes, headers: httpx.Headers, status: int = 200) -> AsyncOpenAI:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, headers=headers, content=answer))
    return AsyncOpenAI(api_key="none", base_url=_ENDPOINT.url, http_client=httpx.AsyncClient(transport=transport), max_retries=0)  # fmt: skip


async def _said(answer: bytes, status: int = 200) -> str:
    """The answer to a question, whose tools nobody carries out; as the bridge sends it to the device."""
    async with Chain(_HEAVY) as chain:
        chain._endpoints[0]._client = _client(answer, _SSE, status)

        async def result(call: Call) -> str:
            msgspec.msgpack.encode(call)
            return "done"

        dialogue = Dialogue(chain, _HEAVY, Ask(id="1", question="why", tools=_TOOLS), result)
        try:
            async for piece in dialogue.run():
                msgspec.msgpack.encode(piece)
        except (AllFailed, EndpointFailed) as error:
            str(error).encode()
        cost = dialogue.cost()
        assert all(-(2**63) <= number < 2**63 for number in (cost.tokens_in, cost.tokens_out, cost.cost)), (
            "no store takes that"
        )
        dialogue.text.encode()
        return dialogue.text


def endpoint(raw: bytes) -> None:
    """Server-sent events of chat completions, calls of tools among them."""
    run(_said(raw, 200 if raw[:1] != b"!" else 500))
    assert run(_said(_CHAT[0])) == "Hello there"


def embeddings(raw: bytes) -> None:
    """Vectors of a question."""

    async def meant(answer: bytes) -> bytes | None:
        vectors = Vectors(_ENDPOINT, 0.9)
        vectors._client = _client(answer, httpx.Headers({"content-type": "application/json"}))
        return await vectors.meaning("how many 12")

    found, good = run(meant(raw)), run(meant(_VECTOR))
    assert good is not None
    if found is not None:
        Vectors(_ENDPOINT, 0.9).same(found, good)


def _events(*chunks: dict[str, Any]) -> bytes:
    whole = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return (
        b"".join(b"data: " + json.dumps({**whole, **chunk}).encode() + b"\n\n" for chunk in chunks)
        + b"data: [DONE]\n\n"
    )


def _choice(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _call(index: int, **function: Any) -> dict[str, Any]:
    return {"index": index, "id": f"call_{index}", "type": "function", "function": function}


_USAGE: Final = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}}
_CHAT: Final = (
    _events(_choice(role="assistant", content="Hello"), _choice(content=" there"), _choice("stop"), _USAGE),
    _events(_choice(tool_calls=[_call(0, name="turn", arguments="")]), _choice(tool_calls=[_call(0, arguments='{"on": [1, {"a": 2.5}], "n": 7}')]), _choice("tool_calls"), _USAGE),
    b'data: {"error": {"message": "m", "type": "t", "code": 400}}\n\n', b": a comment\nevent: x\nid: 1\nretry: 5\ndata: {}\n\n", b'!{"error": {"message": "no"}}',
)  # fmt: skip
_VECTOR: Final = json.dumps({"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 1e-9]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}}).encode()  # fmt: skip

# -- the bridge, over HTTPS -------------------------------------------------------------------------------------------

_BRIDGE: Final = Bridge(
    url="https://b.example", server="s", public=KEY.public_key().public_bytes_raw(), house="h", device="d"
)
_NONCE: Final = b'{"server": "s", "nonce": "bm5ubg=="}'
_TOKEN: Final = b'{"token": "t", "expires_ms": 1, "refresh": ""}'


@contextmanager
def _bridge(*answers: bytes) -> Any:
    """Which gives them one after the other, and then the last."""
    left = list(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        body = left.pop(0) if len(left) > 1 else left[0]
        # As it comes from a network, and not as one that was read already.
        said = httpx.ByteStream(body.removeprefix(b"!"))
        return httpx.Response(200 if body[:1] != b"!" else 403, stream=said)

    @contextmanager
    def client(*_: object) -> Any:
        with httpx.Client(base_url="https://b.example", transport=httpx.MockTransport(answer)) as made:
            yield made

    kept = asking._client, asking.device_key, asking.enrolled
    asking._client, asking.device_key, asking.enrolled = client, lambda _: KEY, lambda _: _BRIDGE
    try:
        yield
    finally:
        asking._client, asking.device_key, asking.enrolled = kept


def bridge(raw: bytes) -> None:
    """Challenge, token, what is kept there, what it cost, and a receipt."""
    here = Path()
    parts = raw.split(PART)[:3]
    for work in (lambda: asking.exported(here, _BRIDGE), lambda: asking.used(here, 30)):
        for answers in (parts, (_NONCE, _TOKEN, parts[-1])):
            try:
                with _bridge(*answers):
                    json.dumps(msgspec.to_builtins(work()), ensure_ascii=False).encode("utf-8", "replace")
            except BridgeRefused as error:
                str(error).encode("utf-8", "replace")
    for signature in (erasure.signed(KEY, raw), raw[:64]):
        with suppress(ProtocolError):
            erasure.verify(_BRIDGE.public, raw, signature)
    with _bridge(_NONCE, _TOKEN, b'{"kind": "turn"}\n{"kind": "x"}'):
        assert len(asking.exported(here, _BRIDGE)) == 2


_USED: Final = json.dumps({"since": "2026-01-01", "currency": "EUR", "questions": 1, "tokens": 2, "cost": 0.5, "lines": [{"day": "2026-01-01", "device": "d", "model": "m", "questions": 1, "cached": 0, "failed": 0, "tokens_in": 1, "tokens_out": 1, "cost": 0.5}]}).encode()  # fmt: skip
_ANSWERS: Final = (
    PART.join((_NONCE, _TOKEN, _USED)), PART.join((_NONCE, _TOKEN, b'{"kind": "turn", "body": {}}\n{"kind": "change"}\n')),
    b'!{"code": "busy", "message": "m", "retry_after_s": 1}', _NONCE, b'{"id": "1", "done": true}',
)  # fmt: skip

# -- updates ----------------------------------------------------------------------------------------------------------


def described(raw: bytes) -> None:
    """A release's description, though it is signed: root reads it."""
    with suppress(UpdateRefused):
        found = release.read(raw)
        assert release.read(release.written(found)) == found
        for file in found.files:
            path = Path("/releases/x") / file.path
            assert path.is_relative_to("/releases/x")
            assert ".." not in path.parts
        packs.needed(found, Path("/nowhere"))
    assert release.read(_RELEASE).name == "0.2.0-1a2b3c4d"


def packed(raw: bytes) -> None:
    """A pack that is the one that was signed, with other files in it than were."""
    pack = Pack(name="p", sha256=hashlib.sha256(raw).hexdigest(), size=len(raw), files=_FILES)
    file = io.BytesIO(raw)
    packs.check(file, pack)
    with suppress(UpdateRefused):
        for each, blocks in packs.unpacked(file, pack):
            assert sum(map(len, blocks)) == each.size


def left_word(raw: bytes) -> None:
    """What the half without rights leaves for root's."""
    path = files._FOLDER / "word"
    path.write_bytes(raw)
    for kind in (word.Request, word.Health, word.Found, word.State):
        found = word.taken(path, kind)
        if found is not None:
            word.leave(path, found)
            path.write_bytes(raw)


@functools.cache
def _repository() -> Path:
    """Of a publisher that signs nothing else."""
    from scripts.publishing.keys import Keys
    from scripts.publishing.repository import Repository

    folder = files._FOLDER / "publisher"
    shutil.rmtree(folder, ignore_errors=True)
    made = Repository(folder / "public", Keys(folder / "keys"))
    made.init()
    made.add(release.read(_RELEASE), "stable", 50)
    return folder / "public/metadata"


def metadata(raw: bytes) -> None:
    """The repository's metadata, one of them another: the name of it, and the rest."""
    name, _, content = raw.partition(PART)
    there = {path.name: path.read_bytes() for path in _repository().iterdir()}
    names = sorted(there)
    other = names[len(name) % len(names)]
    try:
        _believed({**there, other: content or there[other][:-1]})
    except (UpdateRefused, UpdateError) as error:
        str(error).encode("utf-8", "replace")
    assert _believed(there) == 50


def _believed(there: dict[str, bytes]) -> float | None:
    """What is offered, by metadata as root's half reads it."""
    whole = files._FOLDER / "trust"
    shutil.rmtree(whole, ignore_errors=True)
    (whole / "spool/root_history").mkdir(parents=True)
    for name, content in there.items():
        kind = name.removesuffix(".json").rpartition(".")[2]
        place = f"root_history/{name}" if kind == "root" else f"{kind}.json"
        (whole / "spool" / place).write_bytes(content)
    trust = Trust(whole / "kept", _repository() / "1.root.json", SpoolFetcher(whole / "spool"), "https://u.example")
    trust.refresh()
    offer = trust.offer(release.target("stable", "x86_64", "3.11"))
    return None if offer is None else offer.rollout


def _release() -> bytes:
    listed = [{"path": f"lib/{name}", "size": 4, "sha256": "0" * 64, "runs": name == "a"} for name in "ab"]
    made = {"format": 1, "name": "0.2.0-1a2b3c4d", "machine": "x86_64", "python": "3.11", "packs": [{"name": "p", "sha256": "1" * 64, "size": 9, "files": listed}]}  # fmt: skip
    return json.dumps(made).encode()


_RELEASE: Final = _release()


def _of(*contents: bytes) -> tuple[bytes, tuple[File, ...]]:
    listed = tuple(File(path=f"lib/{n}", size=len(each), sha256=hashlib.sha256(each).hexdigest()) for n, each in enumerate(contents))  # fmt: skip
    return zstandard.ZstdCompressor(level=3).compress(b"".join(contents)), listed


_PACK, _FILES = _of(b"one" * 400, b"", b"two" * 9)
_WORDS: Final = (
    b'{"wish": "check", "at": 1.5, "ident": "a", "channel": "stable", "by_person": true}', b'{"release": "r", "invocation": "i", "failing": ["x"], "at": 1}',
    b'{"at": 1.0, "release": "0.2.0-1a2b3c4d", "rollout": 10, "size": 3, "done": 1}',
    b'{"laid": "x", "refused": ["a"], "trial": {"release": "a", "before": "b", "at": 1}, "last": {"result": "applied", "release": "a", "before": "b", "at": 1}}',
)  # fmt: skip


def _metadata() -> Sequence[bytes]:
    """Forms of it, unsigned: that which is signed is put in their places."""
    signed = {"_type": "timestamp", "spec_version": "1.0.31", "version": 3, "expires": "2099-01-01T00:00:00Z", "meta": {"snapshot.json": {"version": 2, "length": 9, "hashes": {"sha256": "0" * 64}}}}  # fmt: skip
    root = {"_type": "root", "spec_version": "1.0", "version": 2, "expires": "2099-01-01T00:00:00Z", "consistent_snapshot": True, "keys": {"a": {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": "0" * 64}}}, "roles": {role: {"keyids": ["a"], "threshold": 1} for role in ("root", "targets", "snapshot", "timestamp")}}  # fmt: skip
    targets = {"_type": "targets", "spec_version": "1.0", "version": 1, "expires": "2099-01-01T00:00:00Z", "targets": {"stable/x86_64-3.11.json": {"length": 9, "hashes": {"sha256": "0" * 64}, "custom": {"rollout": 50}}}, "delegations": {"keys": {}, "roles": []}}  # fmt: skip
    whole = [json.dumps({"signatures": [{"keyid": "a", "sig": "00"}], "signed": each}).encode() for each in (signed, root, targets)]  # fmt: skip
    return [b"x" * number + PART + each for number, each in enumerate((*whole, whole[0]))]


# -- mDNS -------------------------------------------------------------------------------------------------------------


def mdns(raw: bytes) -> None:
    """Whatever comes to port 5353, where the assistant says that it is there. By the package zeroconf."""
    incoming = DNSIncoming(raw)
    if incoming.valid:
        [str(each) for each in incoming.questions]
        [str(each) for each in incoming.answers()]
    assert DNSIncoming(_QUERY).valid


def _query() -> bytes:
    out = DNSOutgoing(0)
    out.add_question(DNSQuestion("_wyoming._tcp.local.", 12, 1))
    return out.packets()[0]


_QUERY: Final = _query()
_REPLY: Final = (
    b"\0\0\x84\0\0\0\0\4\0\0\0\0\x08_wyoming\x04_tcp\x05local\0\0\x0c\0\1\0\0\0x\0\x04\1a\xc0\x0c\1b\xc0\x0c\0\x10\x80\1\0\0\0x\0\4\3a=b"
    b"\1a\xc0\x0c\0\x21\x80\1\0\0\0x\0\x09\0\0\0\0\x27\x10\1h\xc0\x1a\1h\xc0\x1a\0\1\x80\1\0\0\0x\0\4\x0a\0\0\1"
)

_JSON: Final = tuple(f'"{word}"'.encode() for word in ("choices", "delta", "content", "tool_calls", "function", "arguments", "index", "usage", "prompt_tokens", "finish_reason", "error"))  # fmt: skip
_TUF: Final = tuple(f'"{word}"'.encode() for word in ("signed", "signatures", "_type", "version", "expires", "meta", "keys", "roles", "targets", "custom", "rollout", "threshold", "keyids", "delegations", "hashes", "length"))  # fmt: skip

PARSERS: Final = (
    Parser("mdns.packet", "mDNS, on the port that every machine of the network reaches", mdns, (_QUERY, _REPLY), (b"\xc0\x0c", b"\xc0\x00", b"\xff\xff", b"\0\xff", b"\x05local\0"), largest=9_000),
    Parser("openai.endpoint", "what a model's endpoint answers: events, calls of tools", endpoint, _CHAT, (*_JSON, b"data: ", b"\n\n", b"[DONE]"), largest=100_000, blocks_s=0.5),
    Parser("openai.embeddings", "what a model of meaning answers", embeddings, (_VECTOR,), (b'"data"', b'"embedding"', b"1e999", b"null", b"[]"), largest=100_000, blocks_s=0.5),
    Parser("sync.https", "the bridge over HTTPS: tokens, what is kept there, costs, receipts", bridge, _ANSWERS, (b'"code"', b'"message"', b'"nonce"', b'"lines"', b"\n", b"!"), largest=100_000, blocks_s=2.0),
    Parser("update.release", "the description of a release", described, (_RELEASE,), (b'"packs"', b'"files"', b'"path"', b'"lib/../x"', b'"size"', b'"/etc/x"', b'"bin"'), largest=200_000, blocks_s=2.0),
    Parser("update.metadata", "TUF's metadata, before any signature is looked at", metadata, _metadata(), _TUF, largest=64_000, blocks_s=2.0),
    Parser("update.pack", "a pack: Zstandard, and what comes out of it", packed, (_PACK,), (b"\x28\xb5\x2f\xfd", b"\xff\xff\xff\xff", b"\0\0\0\0"), largest=100_000, blocks_s=2.0),
    Parser("update.word", "what the half without rights leaves for root's", left_word, _WORDS, (b'"wish"', b'"at"', b'"release"', b'"trial"', b"1e999"), largest=70_000, blocks_s=2.0),
)  # fmt: skip
