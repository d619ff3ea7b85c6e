"""What this device asks the bridge over HTTPS: a token, for which it signs a challenge, and then what needs one."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.client.bounded_answer import whole
from cloud_sync.client.bridge_file import Bridge, enrolled
from cloud_sync.client.enrolment import BridgeRefused
from cloud_sync.client.keys import device_key
from cloud_sync.protocol.enrolment import HTTP, Nonce, Problem, ProveIt, Tokens
from cloud_sync.protocol.keys import signed

_TIMEOUT_S: Final = 30.0
_MOST: Final = 2**20
"""Bytes of an answer."""
_EXPORT: Final = 64 * 2**20
_AGAIN: Final = "check the link; what is on this device is exported with --local"
S = TypeVar("S", bound=msgspec.Struct)


def kept_there(data_dir: Path, ca_file: Path | None = None) -> list[dict[str, Any]] | None:
    """All that the bridge has of this house, a row each; None where this device was never enrolled. Raises
    BridgeRefused, StorageError.
    """
    bridge = enrolled(data_dir)
    return None if bridge is None else exported(data_dir, bridge, ca_file)


def exported(data_dir: Path, bridge: Bridge, ca_file: Path | None = None) -> list[dict[str, Any]]:
    """All that the bridge has of this house, a row each. Raises BridgeRefused, StorageError."""
    key = device_key(data_dir)
    with _client(bridge, ca_file) as client:
        token = _token(client, bridge, key)
        answer = _answer(client, "GET", "/v1/export", most=_EXPORT, headers={"Authorization": f"Bearer {token}"})
        _checked(answer)
        try:
            return [json.loads(line) for line in answer.text.splitlines()]
        except (ValueError, RecursionError):
            raise BridgeRefused(f"{bridge.url} broke off in the middle", _AGAIN) from None


class Usage(msgspec.Struct, frozen=True):
    """What questions cost on one day: of one device, with one model."""

    day: str
    """ISO 8601, in UTC."""
    device: str
    model: str
    questions: int
    cached: int
    failed: int
    """Refused, cut or cancelled."""
    tokens_in: int
    tokens_out: int
    cost: float


class Used(msgspec.Struct, frozen=True):
    """All of it, the latest day first."""

    since: str
    currency: str
    questions: int
    tokens: int
    cost: float
    lines: tuple[Usage, ...]


def used(data_dir: Path, days: int, ca_file: Path | None = None) -> Used | None:
    """What this house's questions cost in the last ``days``, as the bridge has counted; None where this device was
    never enrolled. Raises BridgeRefused, StorageError.
    """
    bridge = enrolled(data_dir)
    if bridge is None:
        return None
    key = device_key(data_dir)
    with _client(bridge, ca_file) as client:
        token = _token(client, bridge, key)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        return _decoded(_answer(client, "GET", f"/v1/usage?days={days}", headers=headers), Used)


def _token(client: httpx.Client, bridge: Bridge, key: Ed25519PrivateKey) -> str:
    asked = _decoded(_answer(client, "POST", "/v1/challenge"), Nonce)
    if asked.server != bridge.server:
        what = f"{bridge.url} is not the bridge that this device was enrolled with"
        raise BridgeRefused(what, "enrol it again, if that is meant", permanent=True)
    signature = signed(key, asked.server, asked.nonce, bridge.device, HTTP)
    proof = ProveIt(device=bridge.device, nonce=asked.nonce, signature=signature)
    return _decoded(_answer(client, "POST", "/v1/token", body=msgspec.json.encode(proof)), Tokens).token


def _answer(
    client: httpx.Client,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
    most: int = _MOST,
) -> httpx.Response:
    """All of an answer, as it came: not unpacked, at most so many bytes of it, and not for ever: the page waits for it
    in the assistant's own process. Raises httpx.HTTPError.
    """
    with client.stream(method, path, content=body, headers={"Accept-Encoding": "identity", **headers}) as answer:
        return whole(answer, most)


@contextmanager
def _client(bridge: Bridge, ca_file: Path | None) -> Iterator[httpx.Client]:
    try:
        with httpx.Client(base_url=bridge.url, verify=bridge.context(ca_file), timeout=_TIMEOUT_S) as client:
            yield client
    except httpx.HTTPError as error:
        raise BridgeRefused(f"{bridge.url} can't be reached: {error}", _AGAIN) from None


def _decoded(answer: httpx.Response, kind: type[S]) -> S:
    _checked(answer)
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.DecodeError, RecursionError):
        raise BridgeRefused("the bridge answers something else", "is it a bridge?") from None


def _checked(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except (msgspec.DecodeError, RecursionError):
        raise BridgeRefused(f"the bridge answers {answer.status_code}", "is it a bridge?") from None
    raise BridgeRefused(f"refused: {problem.message}", _AGAIN)
