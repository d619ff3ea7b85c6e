"""Errors as clients get them: RFC 9457, ``application/problem+json``.

``code`` is the stable name of the kind of failure (:attr:`edge.errors.AssistantError.code`), ``remedy`` what a person
can do about it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from edge.api.web.bodies import Body
from edge.errors import AssistantError

MEDIA_TYPE: Final = "application/problem+json"
_CLIENTS_FAULT: Final = frozenset({"settings"})
"""Kinds of failure that another request would not have."""


class Problem(Body):
    """The body of every answer that is an error."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    code: str = ""
    remedy: str = ""


class Refusal(HTTPException):
    """The request can't be answered: raised by whatever answers it."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        code: str = "",
        remedy: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.code, self.remedy = code, remedy


def not_found(what: str) -> Refusal:
    """There is no such thing: ``what``, in words."""
    return Refusal(HTTPStatus.NOT_FOUND, f"there is no {what}", code="not_found")


def answer_problems(app: FastAPI) -> None:
    """Have every error of ``app`` answered as a problem."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    # A WebSocket that is refused is answered like any other request.
    app.add_exception_handler(WebSocketRequestValidationError, _malformed)
    app.add_exception_handler(AssistantError, _failed)
    app.add_exception_handler(ClientDisconnect, _gone)


_BODY: Final = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "The request can't be answered.", "content": _BODY},
    "5XX": {"description": "The assistant can't do it now.", "content": _BODY},
}
"""For the OpenAPI document."""


def respond(status: int, detail: str, *, code: str = "", remedy: str = "", **headers: str) -> JSONResponse:
    """The response of a problem."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, code=code, remedy=remedy)
    return JSONResponse(problem.model_dump(), status, headers, MEDIA_TYPE)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code, remedy = getattr(error, "code", ""), getattr(error, "remedy", "")
    return respond(error.status_code, str(error.detail), code=code, remedy=remedy, **(error.headers or {}))


async def _malformed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError | WebSocketRequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    # A key of theirs may be there, with half a character in it.
    what = f"{where}: {first['msg']}".encode("utf-8", "replace").decode()
    return respond(HTTPStatus.UNPROCESSABLE_ENTITY, what, code="malformed")


async def _gone(_: Request, error: Exception) -> JSONResponse:
    """Whoever hangs up in the midst of a body gets no answer, and no trace of it in the log."""
    assert isinstance(error, ClientDisconnect)
    return respond(HTTPStatus.BAD_REQUEST, "the rest of the request didn't come", code="malformed")


async def _failed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AssistantError)
    status = HTTPStatus.BAD_REQUEST if error.code in _CLIENTS_FAULT else HTTPStatus.SERVICE_UNAVAILABLE
    return respond(status, error.what, code=error.code, remedy=error.remedy)
