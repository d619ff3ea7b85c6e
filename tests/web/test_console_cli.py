"""``hearth console``, beside a console that runs and without one."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
from typer.testing import CliRunner

from edge.api.local import serve as serve_locally
from edge.cli import app
from edge.cli.console_served import requests_of
from edge.errors import AssistantError
from tests.web.conftest import Served
from tests.web.people import PASSWORD, browser, log_in

pytestmark = pytest.mark.anyio


async def hearth(folder: Path, *arguments: str, says: str = "", fails: bool = False) -> str:
    """What ``hearth console …`` prints, or what is wrong."""

    def run() -> str:
        done = CliRunner().invoke(app, ["console", *arguments], input=says, env={"HEARTH_DATA_DIR": str(folder)})
        assert isinstance(done.exception, AssistantError) if fails else done.exit_code == 0, done.output
        return str(done.exception) if fails else done.stdout

    # As another process would: the assistant's loop goes on meanwhile.
    return await anyio.to_thread.run_sync(run)


@asynccontextmanager
async def reached(served: Served) -> AsyncIterator[Path]:
    """The running assistant's own socket; gives its folder."""
    further: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {}
    async with serve_locally(served.assistant, further):
        further.update(requests_of(served.console))
        yield served.assistant.settings.data_dir


async def test_from_the_link_to_the_last_token(served: Served) -> None:
    async with reached(served) as folder, browser(served.address) as ada:
        link = json.loads(await hearth(folder, "link", "--json"))
        assert link["here"].startswith(f"{served.address}/#/setup?code=")
        assert all(f":{served.console.listeners.tls_port}/#/setup?code=" in address for address in link["network"])
        assert (link["owned"], link["minutes"]) == (False, 30)
        assert link["fingerprint"] == served.console.certificate.fingerprint()
        code = link["here"].partition("code=")[2]
        answer = await ada.post("/v1/setup", json={"code": code, "name": "Ada", "password": PASSWORD})
        assert answer.status_code == 201
        assert json.loads(await hearth(folder, "link", "--json"))["here"] == f"{served.address}/"

        await hearth(folder, "password", "Bob", "--role", "guest", says=f"{PASSWORD}\n")
        assert [json.loads(line)["name"] for line in (await hearth(folder, "people", "--json")).splitlines()] == [
            "Ada",
            "Bob",
        ]
        secret = (await hearth(folder, "token", "add", "Grafana", "--role", "guest")).strip()
        bearer = {"Authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(base_url=served.address, headers=bearer, timeout=60) as grafana:
            assert (await grafana.get("/v1/me")).json()["name"] == "Grafana"
            (token,) = (await hearth(folder, "token", "list", "--json")).splitlines()
            assert (json.loads(token)["label"], secret in token) == ("Grafana", False)
            await hearth(folder, "token", "revoke", "Grafana")
            assert (await grafana.get("/v1/me")).status_code == 401

        async with browser(served.address) as bob:
            await log_in(bob, "Bob")
            await hearth(folder, "password", "bob", says="four quite unrelated words\n")
            assert (await bob.get("/v1/me")).status_code == 401
        await hearth(folder, "remove", "Bob")
        assert "Bob" not in await hearth(folder, "people")


async def test_without_a_running_assistant(tmp_path: Path) -> None:
    assert "no assistant is running" in await hearth(tmp_path, "link", fails=True)
    assert "nobody yet" in await hearth(tmp_path, "people")
    assert "at least 10 characters" in await hearth(tmp_path, "password", "Ada", says="short\n", fails=True)
    assert "an owner with a password" in await hearth(
        tmp_path, "password", "Ada", "--role", "guest", says=f"{PASSWORD}\n", fails=True
    )
    assert "can log in now" in await hearth(tmp_path, "password", "Ada", says=f"{PASSWORD}\n")
    assert "nobody called Bob" in await hearth(tmp_path, "remove", "Bob", fails=True)
    assert "could change anything" in await hearth(tmp_path, "remove", "Ada", fails=True)
    assert "no token" in await hearth(tmp_path, "token", "revoke", "x", fails=True)


@pytest.mark.parametrize(
    "command", ["", "link", "password", "people", "remove", "token", "token add", "token list", "token revoke"]
)
async def test_every_command_has_help_with_an_example(tmp_path: Path, command: str) -> None:
    said = await hearth(tmp_path, *command.split(), "--help")
    assert "Example" in said or command in ("", "token")
