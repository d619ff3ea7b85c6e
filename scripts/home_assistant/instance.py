"""A running Home Assistant, asked from outside by its REST interface.

Source: https://developers.home-assistant.io/docs/api/rest
"""

import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import httpx

from edge.chunk import Pcm
from scripts.home_assistant.environment import CannotGoOn

_START_S: Final = 600.0
"""The first start installs what its integrations need."""
_CHANGE_S: Final = 15.0
_AGAIN_S: Final = 0.2


class Instance:
    """One that runs."""

    def __init__(self, web: httpx.AsyncClient) -> None:
        self._web = web

    async def states(self) -> Mapping[str, str]:
        """By entity."""
        return {row["entity_id"]: row["state"] for row in (await self._get("/api/states")).json()}

    async def becomes(self, wanted: Callable[[Mapping[str, str]], bool], within_s: float = _CHANGE_S) -> bool:
        """Whether the states come to be as ``wanted`` in that time."""
        ends = time.monotonic() + within_s
        while time.monotonic() < ends:
            if wanted(await self.states()):
                return True
            await anyio.sleep(_AGAIN_S)
        return False

    async def rendered(self, template: str) -> Any:
        """What ``template``, which gives JSON, is with its functions."""
        return json.loads((await self._post("/api/template", json={"template": template})).text)

    async def transcribed(self, entity: str, pcm: Pcm) -> str:
        """What the speech-to-text service ``entity`` hears in ``pcm`` (int16, 16 kHz)."""
        about = "format=wav; codec=pcm; sample_rate=16000; bit_rate=16; channel=1; language=en"
        answer = await self._post(f"/api/stt/{entity}", content=pcm.tobytes(), headers={"X-Speech-Content": about})
        return str(answer.json()["text"])

    async def spoken(self, entity: str, text: str) -> bytes:
        """The recording of ``text`` that the text-to-speech service ``entity`` makes."""
        wanted = {"engine_id": entity, "message": text, "cache": False, "options": {"preferred_format": "wav"}}
        path = (await self._post("/api/tts_get_url", json=wanted)).json()["path"]
        return (await self._get(path)).content

    async def call(self, service: str, entity: str) -> None:
        """Call ``domain.service`` on ``entity``."""
        await self._post(f"/api/services/{service.replace('.', '/')}", json={"entity_id": entity})

    async def _get(self, path: str) -> httpx.Response:
        return (await self._web.get(path)).raise_for_status()

    async def _post(self, path: str, **what: Any) -> httpx.Response:
        return (await self._web.post(path, **what)).raise_for_status()


@asynccontextmanager
async def running(python: Path, folder: Path, port: int, token: str) -> AsyncIterator[Instance]:
    """Home Assistant on the configuration in ``folder``, once it has started. Raises CannotGoOn."""
    log = folder / "output.log"
    with log.open("wb") as output:
        environ = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
        command = [str(python), "-m", "homeassistant", "-c", str(folder)]
        process = await anyio.open_process(command, stdout=output, stderr=output, env=environ)
    try:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as web:
            await _started(web, process, log)
            yield Instance(web)
    finally:
        if process.returncode is None:
            process.terminate()
            with anyio.move_on_after(20, shield=True):
                await process.wait()
            if process.returncode is None:
                process.kill()


async def _started(web: httpx.AsyncClient, process: anyio.abc.Process, log: Path) -> None:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends:
        if process.returncode is not None:
            break
        try:
            answer = await web.get("/api/config")
            if answer.is_success and answer.json()["state"] == "RUNNING":
                return
        except httpx.TransportError:
            pass
        await anyio.sleep(_AGAIN_S)
    words = (log.read_text("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]
    raise CannotGoOn(f"Home Assistant did not start: {words}")
