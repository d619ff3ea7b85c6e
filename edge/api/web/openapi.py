"""The OpenAPI document: what FastAPI finds in the routes, with what they can't say by themselves."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from edge.api.web.access import SESSION, Anybody
from edge.api.web.entrance import COOKIE, SECURE_COOKIE
from edge.api.web.problems import MEDIA_TYPE, RESPONSES, Problem

TAGS: Final[Mapping[str, str]] = {
    "talk": "Commands and questions in writing. By voice: `/v1/voice`, see `/asyncapi.json`.",
    "house": "Devices and rooms. What they do as they do it: `/v1/events`, see `/asyncapi.json`.",
    "turns": "What was said, what came of it, and what was wrong with it.",
    "now": "What the assistant does at this moment.",
    "plans": "Timers, alarms, reminders, lists, routines.",
    "memory": "What is remembered of people.",
    "privacy": "What is kept, to take along and to erase.",
    "sync": "The bridge: what waits, what was acknowledged.",
    "people": "Who may do what: accounts, logins, tokens.",
    "settings": "How it is set, and what it can be set to.",
    "models": "What it hears, understands and speaks with.",
    "system": "The machine and the program.",
    "wake": "Wake words: thresholds with what they give, and words of one's own.",
    "figures": "How well it serves, in numbers.",
    "health": "Whether it can do its job.",
    "openai": "The same engines for clients of OpenAI's API.",
    "tools": "For models of others: MCP.",
}
_ABOUT: Final = """The API of one assistant, at its own address.

**Who asks.** On the machine itself, as long as nobody has set a password, whoever asks is an owner. After that, and
from the network always, a session's cookie or a token (`Authorization: Bearer …`). A guest talks and switches the
house, a member also sees what was said and plans; an owner does all. What changes something and comes with a cookie
must carry the header `X-Hearthside: 1`.

**Errors** are `application/problem+json` (RFC 9457): `code` is the stable name of the kind of failure, `detail` says
what is wrong, `remedy` what a person can do about it.

**Lists** come in parts: `?limit=…&after=…` gives `{"items": […], "next": …}`; `next` is what `after` has to be for the
part that follows, null at the end.
"""
_SCHEMES: Final[Mapping[str, Any]] = {
    SESSION: {
        "type": "apiKey",
        "in": "cookie",
        "name": SECURE_COOKIE,
        "description": f"Of a login; without TLS, on the machine itself, it is called `{COOKIE}`.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "Made on the People page, or by `hearth console token`.",
    },
}


class Api(FastAPI):
    """An application whose document is whole."""

    def openapi(self) -> dict[str, Any]:
        """The document; made once, when it is first asked for."""
        if self.openapi_schema is None:
            self.openapi_schema = _document(self)
        return self.openapi_schema


def router(app: Api) -> APIRouter:
    """Its route. The document takes long to make: the loop doesn't wait for it."""
    routes = APIRouter()

    @routes.get("/openapi.json", include_in_schema=False)
    async def described(_: Anybody) -> dict[str, Any]:
        return await anyio.to_thread.run_sync(app.openapi)

    return routes


def operation_id(route: APIRoute) -> str:
    """``GET /v1/devices/{ident}`` → ``get_devices_ident``: it stays as long as the address does."""
    parts = route.path_format.removeprefix("/v1/").replace("{", "").replace("}", "").strip("/").split("/")
    return "_".join((min(route.methods or {"GET"}).lower(), *parts)).replace("-", "_").replace(".", "_")


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=_ABOUT,
        routes=app.routes,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "/", "description": "this assistant"}],
    )
    components = document.setdefault("components", {})
    components["securitySchemes"] = dict(_SCHEMES)
    components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
    components["responses"] = {f"problem_{status}": _referring(of) for status, of in RESPONSES.items()}
    used: set[str] = set()
    for operation in _operations(document):
        used.update(operation.get("tags", ()))
        if "security" in operation:
            needed = {name for each in operation["security"] for name in each}
            operation["security"] = [{name: []} for name in ((SESSION,) if SESSION in needed else _SCHEMES)]
        for status in RESPONSES:
            if status in operation["responses"]:
                _refer(operation["responses"], status)
    document["tags"] = [{"name": tag, "description": about} for tag, about in TAGS.items() if tag in used]
    return document


def _referring(response: Mapping[str, Any]) -> dict[str, Any]:
    content = {kind: {"schema": {"$ref": "#/components/schemas/Problem"}} for kind in response["content"]}
    return {"description": response["description"], "content": content}


def _refer(responses: dict[str, Any], status: Any) -> None:
    """To the one that all share; or, where errors have another shape, also: so is refused what no route ever sees."""
    content = responses[status].get("content", {})
    if content.keys() <= {MEDIA_TYPE}:
        responses[status] = {"$ref": f"#/components/responses/problem_{status}"}
    else:
        content[MEDIA_TYPE] = {"schema": {"$ref": "#/components/schemas/Problem"}}


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()
