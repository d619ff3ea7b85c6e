"""People for tests: who they are, and their browsers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx

from edge.api.web.access import Role
from tests.web.conftest import Served

PASSWORD: Final = "three unrelated words"
OWN: Final = {"X-Hearthside": "1"}
"""What the page's requests carry."""


def browser(address: str, **options: object) -> httpx.AsyncClient:
    """One that asks as the page does: with cookies, from the page's own origin."""
    address = address.rstrip("/")
    headers = {**OWN, "Origin": address, "Sec-Fetch-Site": "same-origin"}
    return httpx.AsyncClient(base_url=address, headers=headers, **{"timeout": 60, **options})  # type: ignore[arg-type]


@asynccontextmanager
async def owner(served: Served, name: str = "Ada") -> AsyncIterator[httpx.AsyncClient]:
    """The browser of the first owner, who has just set the first password: from now on everybody logs in."""
    async with browser(served.address) as client:
        code = served.console.entrance.link()
        answer = await client.post("/v1/setup", json={"code": code, "name": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        yield client


@asynccontextmanager
async def somebody(served: Served, role: Role, name: str = "") -> AsyncIterator[httpx.AsyncClient]:
    """The browser of another one who has logged in. There must be an owner."""
    name = name or role.name.title()
    await served.console.entrance.accounts.add(name, role, PASSWORD)
    async with browser(served.address) as client:
        await log_in(client, name)
        yield client


async def log_in(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> httpx.Response:
    """The answer; what it brings is kept by ``client``."""
    answer = await client.post("/v1/login", json={"name": name, "password": password})
    assert answer.status_code == 200, answer.text
    return answer
