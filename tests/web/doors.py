"""The console's entrance before a small application, without an assistant: what is tested of it needs none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
from fastapi import Depends, FastAPI, WebSocket
from fastapi.responses import StreamingResponse

from edge.api.web import people, sessions, setup, tokens
from edge.api.web.access import Guest, Member, Owner
from edge.api.web.bounds import Bounded
from edge.api.web.entrance import Entrance
from edge.api.web.limits import Limit
from edge.api.web.passwords import Passwords
from edge.api.web.problems import answer_problems
from edge.api.web.protect import Protected
from edge.database import Database
from edge.sections import ApiSettings
from tests.web.people import OWN, PASSWORD

DAY: Final = 86_400.0


@dataclass
class Clock:
    """Time as a test has it."""

    at: float = 1_900_000_000.0

    def __call__(self) -> float:
        return self.at


def cheap() -> Passwords:
    """What a guess costs is tested once; here it shall cost nothing."""
    return Passwords(memory_kib=64, passes=1)


def application(entrance: Entrance) -> FastAPI:
    """The entrance's own routes, and one of each kind."""
    app = FastAPI()
    answer_problems(app)
    for each in (people, sessions, setup, tokens):
        app.include_router(each.router(entrance))

    @app.get("/v1/guest")
    @app.post("/v1/guest")
    async def guest(who: Guest) -> str:
        return who.name

    @app.get("/v1/member")
    async def member(_: Member) -> None:
        pass

    @app.get("/v1/owner")
    async def owner(_: Owner) -> None:
        pass

    @app.get("/v1/costly", dependencies=[Depends(Limit("3/minute", "costly"))])
    async def costly(_: Guest) -> None:
        pass

    @app.get("/v1/broken")
    async def broken(_: Guest) -> None:
        raise RuntimeError("a mistake of ours")

    @app.get("/v1/stream")
    async def stream(_: Guest) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"one\n"
            await anyio.sleep_forever()
            yield b"two\n"

        return StreamingResponse(parts())

    @app.websocket("/v1/echo")
    async def echo(socket: WebSocket, _: Guest) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(text)

    app.add_middleware(Bounded)
    return app


@dataclass
class Door:
    """An entrance, and browsers before it."""

    entrance: Entrance
    app: Protected
    database: Database
    file: Path
    clock: Clock
    elapsed: Clock
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(
        self, address: str = "http://127.0.0.1:8765", source: str | None = None, **headers: str
    ) -> httpx.AsyncClient:
        """What asks at ``address``, from ``source``: by itself from this machine, or from another one."""
        host = httpx.URL(address).host
        near = host in ("127.0.0.1", "localhost", "::1")
        transport = httpx.ASGITransport(
            _At(self.app, host),
            raise_app_exceptions=False,
            client=(source or (host if near else "192.168.1.77"), 40000),
        )
        client = httpx.AsyncClient(transport=transport, base_url=address, headers=headers)
        self.clients.append(client)
        return client

    def browser(self, address: str = "http://127.0.0.1:8765", source: str | None = None) -> httpx.AsyncClient:
        """The page's own requests."""
        return self.client(address, source, **OWN, **{"Origin": address, "Sec-Fetch-Site": "same-origin"})

    async def owner(self, address: str = "http://127.0.0.1:8765") -> httpx.AsyncClient:
        """The first owner's browser."""
        client = self.browser(address)
        said = {"code": self.entrance.link(), "name": "Ada", "password": PASSWORD}
        answer = await client.post("/v1/setup", json=said)
        assert answer.status_code == 201, answer.text
        return client

    async def close(self) -> None:
        """All clients."""
        for client in self.clients:
            await client.aclose()


class _At:
    """ASGI: the application at an address of the machine's own, whatever name it is asked for by."""

    def __init__(self, app: Any, host: str) -> None:
        self._app, self._host = app, host

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        near = self._host in ("127.0.0.1", "localhost", "::1")
        scope["server"] = ("127.0.0.1" if near else "192.168.1.5", scope["server"][1])
        await self._app(scope, receive, send)


@asynccontextmanager
async def door(folder: Path, **api: Any) -> AsyncIterator[Door]:
    """One, with a database in ``folder``; nobody has set a password."""
    clock, elapsed = Clock(), Clock(1000.0)
    settings = ApiSettings(**api)
    async with Database(folder / "hearthside.db") as database:
        entrance = Entrance(database, settings, cheap(), clock, elapsed)
        await entrance.accounts.prepare()
        entrance.tls_port = 8766
        made = Door(
            entrance, Protected(application(entrance), entrance), database, folder / "hearthside.db", clock, elapsed
        )
        yield made
        await made.close()
