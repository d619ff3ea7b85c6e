"""What devices and people ask over HTTPS, beside the WebSocket: enrolment, and what needs a token."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloud_sync.protocol.enrolment import HTTP, Enrol, LogIn, Nonce, Problem, ProveIt
from cloud_sync.protocol.enrolment import Tokens as Given
from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.keys import verify
from cloud_sync.server.identity.access import Access
from cloud_sync.server.identity.enrolments import Enrolments, TooManyTries
from cloud_sync.server.identity.roles import Forbidden, May
from cloud_sync.server.identity.tokens import Bearer, Tokens
from cloud_sync.server.ports import Identity

BODY_BYTES: Final = 64 * 1024
"""A larger request is refused before it is read."""
STATUS: Final = {
    Code.MALFORMED: 400,
    Code.TOO_LARGE: 413,
    Code.BAD_SIGNATURE: 403,
    Code.WRONG_HOUSE: 403,
    Code.REVOKED: 403,
    Code.CONSENT: 403,
    Code.EXPIRED: 403,
    Code.UNKNOWN_DEVICE: 401,
    Code.BUSY: 429,
    Code.QUOTA: 429,
}

S = TypeVar("S", bound=msgspec.Struct)
Work = Callable[[Request], Awaitable[Response]]


def enrolment_routes(enrolments: Enrolments, authority: Path | None) -> list[Route]:
    """``/v1/enrol`` and, where the bridge made its certificate itself, ``/v1/authority``."""

    async def enrol(request: Request) -> Response:
        asked = _decoded(await body(request), Enrol)
        address = request.client.host if request.client is not None else ""
        return as_json(await enrolments.enrol(asked, address))

    async def show_authority(_: Request) -> Response:
        if authority is None:
            return Response(status_code=404)
        return Response(authority.read_bytes(), media_type="application/x-pem-file")

    return [
        Route("/v1/enrol", refusing(enrol), methods=["POST"]),
        Route("/v1/authority", show_authority, methods=["GET"]),
    ]


def token_routes(who: Access) -> list[Route]:
    """``/v1/challenge`` and ``/v1/token`` for devices, ``/v1/login`` for people."""

    async def challenge(_: Request) -> Response:
        return as_json(Nonce(server=who.server, nonce=await who.challenges.new()))

    async def token(request: Request) -> Response:
        asked = _decoded(await body(request), ProveIt)
        (identity,) = await who.devices.known([asked.device])
        is_fresh = await who.challenges.spend(asked.nonce)
        try:
            _prove(identity, asked, who.server, is_fresh=is_fresh)
        except ProtocolError as error:
            await who.devices.refused(asked.device, error.code)
            raise
        assert identity is not None
        (given,) = await who.devices.renewed([identity])
        return as_json(Given(token=given.token, expires_ms=given.expires_ms))

    async def log_in(request: Request) -> Response:
        asked = _decoded(await body(request), LogIn)
        if asked.refresh:
            pair = await who.tokens.renewed(asked.refresh)
        else:
            address = request.client.host if request.client is not None else ""
            await who.enrolments.not_too_often(address)
            try:
                pair = await who.people.log_in(asked.code)
            except ProtocolError:
                await who.enrolments.tried(address)
                raise
        return as_json(Given(token=pair.access, expires_ms=pair.expires_ms, refresh=pair.refresh))

    return [
        Route("/v1/challenge", refusing(challenge), methods=["POST"]),
        Route("/v1/token", refusing(token), methods=["POST"]),
        Route("/v1/login", refusing(log_in), methods=["POST"]),
    ]


def _prove(identity: Identity | None, asked: ProveIt, server: str, *, is_fresh: bool) -> None:
    """Raises ProtocolError."""
    if not is_fresh:
        raise ProtocolError(Code.BAD_SIGNATURE, "that challenge was not given, or was answered already")
    if identity is None:
        raise ProtocolError(Code.UNKNOWN_DEVICE, "no such device is enrolled here")
    if identity.revoked:
        raise ProtocolError(Code.REVOKED, "this device may not come in any more")
    verify(identity.public_key, asked.signature, server, asked.nonce, asked.device, HTTP)


def _decoded(raw: bytes, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProtocolError(Code.MALFORMED, f"not what is expected here: {error}") from None


async def body(request: Request) -> bytes:
    """All of it. Raises ProtocolError when it is too large."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > BODY_BYTES:
            raise ProtocolError(Code.TOO_LARGE, f"a request of more than {BODY_BYTES} bytes")
    return bytes(read)


async def bearer(request: Request, tokens: Tokens, what: May) -> Bearer:
    """Who sends the request, if they may do that. Raises Forbidden."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Forbidden(Code.UNKNOWN_DEVICE, "no token")
    return await tokens.bearer(token.strip(), what)


def as_json(answer: msgspec.Struct) -> Response:
    """An answer."""
    return Response(msgspec.json.encode(answer), media_type="application/json")


def refusing(work: Work) -> Work:
    """``work``, whose refusals are answered as a :class:`Problem`."""

    async def answered(request: Request) -> Response:
        try:
            return await work(request)
        except TooManyTries as error:
            return _refusal(error.code, error.message, error.retry_after_s)
        except (ProtocolError, Forbidden) as error:
            return _refusal(error.code, error.message)

    return answered


def _refusal(code: Code, message: str, retry_after_s: float = 0.0) -> Response:
    problem = Problem(code=code.value, message=message, retry_after_s=retry_after_s)
    headers = {"Retry-After": str(int(retry_after_s))} if retry_after_s else None
    content = msgspec.json.encode(problem)
    return Response(content, STATUS.get(code, 400), headers, media_type="application/json")
