"""Errors as OpenAI's clients know them: ``{"error": {"message", "type", "param", "code"}}``."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from edge.api.web.problems import Refusal
from edge.errors import AssistantError


class Error(BaseModel):
    """What went wrong."""

    message: str
    type: str
    """``invalid_request_error``, ``authentication_error``, ``server_error`` and the like."""
    param: str | None = None
    """The field that is wrong."""
    code: str | None = None


class Failure(BaseModel):
    """The body of every answer that is an error."""

    error: Error


RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "The request can't be answered.", "model": Failure},
    "5XX": {"description": "The assistant can't do it now.", "model": Failure},
}
"""For the OpenAPI document."""
_TYPES: Final = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}


class Invalid(Refusal):
    """Something in the request is not taken."""

    def __init__(self, detail: str, param: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(status, detail, code="invalid_value")
        self.param = param


class OpenAiRoute(APIRoute):
    """Answers errors in that shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI has it."""
        handler = super().get_route_handler()

        async def answering(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                param = ".".join(str(part) for part in first["loc"][1:])
                return failure(HTTPStatus.BAD_REQUEST, f"{param}: {first['msg']}", param or None, "invalid_value")
            except HTTPException as error:
                param_, code = getattr(error, "param", None), getattr(error, "code", None)
                return failure(HTTPStatus(error.status_code), error.detail, param_, code, error.headers)
            except AssistantError as error:
                return failure(HTTPStatus.SERVICE_UNAVAILABLE, str(error), None, error.code)

        return answering


def failure(status: HTTPStatus, message: str, param: str | None, code: str | None, headers: Any = None) -> JSONResponse:
    """The response."""
    kind = _TYPES.get(status, "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error")
    body = Failure(error=Error(message=message, type=kind, param=param, code=code))
    return JSONResponse(body.model_dump(), status, headers)
