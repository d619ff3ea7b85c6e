"""Who may reach what: every route of the application, whoever added it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
import websockets
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from edge.api.web.access import Needs, Open, Requires, Role
from edge.api.web.limits import Rates
from tests.web.conftest import Served
from tests.web.people import OWN, owner, somebody

pytestmark = pytest.mark.anyio
_FREE = {"", "/openapi.json"}
"""What says nothing about anybody: the page's files, and how the API is called."""
_OPEN = {
    ("GET", "/v1/setup"),
    ("POST", "/v1/setup"),
    ("POST", "/v1/login"),
    ("GET", "/asyncapi.json"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),  # by programs of this machine alone, see test_metrics
}
"""What anybody may who reaches us at all. Whoever adds to it has thought about it."""
_GUESTS = {
    ("GET", "/mcp"),
    ("GET", "/v1/areas"),
    ("POST", "/v1/ask"),
    ("POST", "/v1/audio/speech"),
    ("POST", "/v1/audio/transcriptions"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/devices"),
    ("GET", "/v1/devices/{ident}"),
    ("POST", "/v1/devices/{ident}/commands"),
    ("GET", "/v1/devices/{ident}/sentences"),
    ("WEBSOCKET", "/v1/events"),  # of devices alone, see test_events
    ("POST", "/v1/logout"),
    ("GET", "/v1/me"),
    ("POST", "/v1/me/password"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/{model}"),
    ("POST", "/v1/press"),
    ("DELETE", "/v1/sessions"),
    ("GET", "/v1/sessions"),
    ("DELETE", "/v1/sessions/{session}"),
    ("POST", "/v1/tickets"),
    ("WEBSOCKET", "/v1/voice"),
}
"""What a guest may: the door of the house, so to speak. Whoever adds to it has thought about it, too."""
_OWNERS = ("people", "privacy", "restart", "settings", "system", "updates", "wake")
"""Parts, behind /v1/, of which each route is an owner's: one that is less guarded than its neighbours is found out."""


@dataclass(frozen=True)
class Way:
    """One way into the application."""

    method: str
    path: str
    needs: Role | None
    """None: anybody may."""

    @property
    def concrete(self) -> str:
        """An address of it."""
        return re.sub(r"{[^}]*}", "1", self.path)


def ways(app: FastAPI) -> Iterator[Way]:
    """All that the application answers, but what is free."""
    for route in iter_route_contexts(app.routes):
        path, target = route.path or "", getattr(route.original_route, "app", None)
        if isinstance(target, Requires):
            yield Way("GET", path, target.needs.role)
        elif path not in _FREE:
            methods = (route.methods or set()) - {"HEAD"} or {"WEBSOCKET"}
            for method in sorted(methods):
                yield Way(method, path, said_by(getattr(route, "dependant", None), f"{method} {path}"))


def said_by(dependant: Dependant | None, what: str) -> Role | None:
    """Whom a route lets in. What is mounted as a whole has to be in a `Requires`."""
    waiting, found = [dependant] if dependant is not None else [], []
    while waiting:
        each = waiting.pop()
        waiting += each.dependencies
        if isinstance(each.call, Needs | Open):
            found.append(each.call)
    assert found, f"{what} does not say who may: give it a parameter of type Guest, Member, Owner or Anybody"
    roles = [each.role for each in found if isinstance(each, Needs)]
    return max(roles) if roles else None


async def asked(client: httpx.AsyncClient, way: Way) -> int:
    """The status of an answer."""
    if way.method != "WEBSOCKET":
        return (await client.request(way.method, way.concrete)).status_code
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    address = f"{client.base_url}".replace("http", "ws", 1).rstrip("/") + way.concrete
    try:
        async with websockets.connect(address, additional_headers={"Cookie": cookies} if cookies else {}):
            return 101
    except websockets.InvalidStatus as refused:
        return refused.response.status_code


async def test_every_route_refuses_whoever_may_not(served: Served) -> None:
    table = list(ways(served.console.app))
    assert {(way.method, way.path) for way in table if way.needs is None} == _OPEN
    assert {(way.method, way.path) for way in table if way.needs is Role.GUEST} == _GUESTS
    owned = [way for way in table if way.path.split("/")[2:3] and way.path.split("/")[2] in _OWNERS]
    assert {way.path.split("/")[2] for way in owned} == set(_OWNERS)
    assert [way for way in owned if way.needs is not Role.OWNER] == []
    served.console.entrance.rates = Rates("100000/minute")
    async with (
        owner(served),
        somebody(served, Role.GUEST) as guest,
        somebody(served, Role.MEMBER) as member,
        httpx.AsyncClient(base_url=served.address, headers=OWN, timeout=60) as stranger,
    ):
        for way in table:
            wanted = way.needs
            if wanted is None:
                assert await asked(stranger, way) not in (401, 403), way
                continue
            assert await asked(stranger, way) == 401, way
            if wanted > Role.GUEST:
                assert await asked(guest, way) == 403, way
            if wanted > Role.MEMBER:
                assert await asked(member, way) == 403, way


def test_a_route_that_says_nothing_is_found_out() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/v1/forgotten")
    async def forgotten() -> str:
        return "everything"

    with pytest.raises(AssertionError, match="/v1/forgotten does not say who may"):
        list(ways(app))


async def test_without_a_password_whoever_is_here_is_an_owner(served: Served) -> None:
    answer = await served.client.get("/v1/me")
    assert answer.json() == {"name": "here", "role": "owner", "id": "", "via": "here"}


@pytest.mark.parametrize("proxy", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_what_comes_through_a_proxy_is_not_from_here(served: Served, proxy: str) -> None:
    answer = await served.client.get("/v1/me", headers={proxy: "127.0.0.1"})
    assert answer.status_code == 401


async def test_with_a_password_whoever_is_here_logs_in(served: Served) -> None:
    async with owner(served) as ada:
        assert (await ada.get("/v1/me")).json()["via"] == "session"
        answer = await served.client.get("/v1/me")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
