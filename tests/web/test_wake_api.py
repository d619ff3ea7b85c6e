"""``/v1/wake``: words, recordings, training."""

import io
import shutil
import sys
import wave
from contextlib import suppress
from pathlib import Path

import anyio
import httpx
import numpy as np
import psutil
import pytest

from edge.chunk import RATE, Pcm
from tests.sounds import Say, quiet
from tests.web.conftest import Served

pytestmark = pytest.mark.anyio


def wav(pcm: Pcm) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm.tobytes())
    return out.getvalue()


async def record(client: httpx.AsyncClient, word: str, pcm: Pcm) -> httpx.Response:
    return await client.post(f"/v1/wake/recordings/{word}", content=wav(pcm), headers={"Content-Type": "audio/wav"})


async def test_words_are_told_with_their_curves(served: Served) -> None:
    wake = (await served.client.get("/v1/wake")).json()
    words = {each["word"]: each for each in wake["words"]}
    assert set(words) == {"alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"}
    alexa = words["alexa"]
    assert (alexa["in_use"], alexa["own"], alexa["setting"]) == (True, False, "alexa")
    assert (alexa["curve"]["verified"], alexa["curve"]["clips"]) == (True, 97)
    assert alexa["threshold"] == alexa["curve"]["usual"]
    assert words["okay_nabu"]["curve"]["points"][0]["recall"] is None
    assert (wake["training_needs"], wake["recorded"], wake["others"]) == ("", [], [])


async def test_recordings_are_kept_judged_and_deleted(served: Served, say: Say, tmp_path: Path) -> None:
    client, spoken = served.client, np.concatenate([quiet(0.2), say("Alexa."), quiet(0.3)])
    for _ in range(3):
        kept = await record(client, "alexa", spoken)
        assert (kept.status_code, kept.json()["problem"]) == (201, ""), kept.text
    silent = (await record(client, "alexa", quiet(1.0))).json()
    assert silent["problem"] == "nothing is to be heard"
    judged = (await client.get("/v1/wake/recordings/alexa", timeout=60)).json()
    assert [take["id"] for take in judged["takes"]][-1] == silent["id"]
    assert [take["score"] > judged["threshold"] for take in judged["takes"]] == [True, True, True, False]
    assert judged["suggestion"]["wakes"] == 3
    assert judged["threshold"] < judged["suggestion"]["threshold"] < 1

    first = judged["takes"][0]["id"]
    heard = await client.get(f"/v1/wake/recordings/alexa/{first}")
    assert heard.headers["content-type"] == "audio/wav"
    assert heard.content == wav(spoken)
    assert (await client.delete(f"/v1/wake/recordings/alexa/{first}")).status_code == 204
    assert (await client.get(f"/v1/wake/recordings/alexa/{first}")).status_code == 404
    assert (await client.get("/v1/wake")).json()["recorded"] == ["alexa"]

    other = (await record(client, "hey_lantern", spoken)).json()
    unknown = (await client.get("/v1/wake/recordings/hey_lantern")).json()
    assert (unknown["has_model"], unknown["takes"][0]["score"], unknown["suggestion"]) == (False, None, None)
    await client.delete(f"/v1/wake/recordings/hey_lantern/{other['id']}")
    assert not (tmp_path / "wake" / "hey_lantern").exists()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("alexa", b"no sound", 422),
        ("alexa", wav(quiet(11)), 422),
        ("alexa", wav(quiet(0.1)), 422),
        ("alexa", b"x" * (2 << 20) + b"x", 413),
        ("..%2Fevil", wav(quiet(1)), 405),
        ("Not%20a%20word", wav(quiet(1)), 422),
    ],
)
async def test_what_is_no_recording_is_refused(
    served: Served, tmp_path: Path, path: str, body: bytes, status: int
) -> None:
    answer = await served.client.post(f"/v1/wake/recordings/{path}", content=body)
    assert answer.status_code == status
    assert str(tmp_path) not in answer.text
    assert not (tmp_path / "wake").exists() or not list((tmp_path / "wake").rglob("*.wav"))


async def test_a_training_that_cannot_begin_is_told_and_ends_nothing_else(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where there is no memory for another process.
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    begun = await served.client.post("/v1/wake/training", json={"phrase": "hey lantern"})
    assert begun.status_code == 202, begun.text
    with anyio.fail_after(30):
        while (told := (await served.client.get("/v1/wake/training")).json()["training"])["stage"] == "running":
            await anyio.sleep(0.02)
    assert (told["stage"], "No such file" in told["error"]) == ("failed", True)
    assert (await served.client.get("/v1/wake")).status_code == 200


def training() -> list[psutil.Process]:
    """The processes that train."""
    found = []
    for each in psutil.Process().children(recursive=True):
        # Others come and go meanwhile.
        with suppress(psutil.NoSuchProcess):
            if "train" in each.cmdline():
                found.append(each)
    return found


async def test_a_training_begins_beside_and_is_cancelled(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    client = served.client
    monkeypatch.setenv("HEARTH_MQTT__PASSWORD", "hunter2")
    begun = await client.post("/v1/wake/training", json={"phrase": "Hey  Lantern"})
    assert begun.status_code == 202, begun.text
    assert begun.json()["command"][:4] == ["hearth", "wake", "train", "Hey Lantern"]
    again = await client.post("/v1/wake/training", json={"phrase": "hey candle"})
    assert (again.status_code, again.json()["code"]) == (409, "busy")

    async def state() -> dict[str, object]:
        found: dict[str, object] = (await client.get("/v1/wake/training")).json()["training"]
        return found

    with anyio.fail_after(120):
        while (await state())["done"] == 0:
            await anyio.sleep(0.1)
        trained_by = training()
        assert trained_by
        assert not any("hunter2" in each.environ().values() for each in trained_by)
        assert ((await state())["stage"], (await state())["doing"]) == ("running", "speaking")
        monkeypatch.setattr("edge.wake_desk.END_S", 60.0)  # a busy machine may take longer than anybody waits
        assert (await client.delete("/v1/wake/training")).status_code == 204
    # It answered when all was over.
    assert not any(each.is_running() for each in trained_by)
    assert (await state())["stage"] == "cancelled"
    assert (await client.delete("/v1/wake/training")).status_code == 204
    assert not list(served.assistant.settings.data_dir.glob("wake/*"))


async def test_a_training_that_does_not_end_is_not_waited_for_for_ever(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.wake_desk.END_S", 0.1)
    lets = anyio.Event()

    async def kept_by_the_kernel(*_: object, **__: object) -> None:
        with anyio.CancelScope(shield=True):
            await lets.wait()
        await anyio.sleep_forever()  # the cancellation comes through now

    monkeypatch.setattr(anyio, "open_process", kept_by_the_kernel)
    await served.client.post("/v1/wake/training", json={"phrase": "hey lantern"})
    with anyio.fail_after(30):
        assert (await served.client.delete("/v1/wake/training")).status_code == 204
        still = (await served.client.get("/v1/wake/training")).json()["training"]["stage"]
        lets.set()
        while (ended := (await served.client.get("/v1/wake/training")).json()["training"]["stage"]) == "running":
            await anyio.sleep(0.02)
    assert (still, ended) == ("running", "cancelled")


async def test_a_training_that_can_not_be_says_why(served: Served) -> None:
    client = served.client
    assert (await client.post("/v1/wake/training", json={"phrase": "???"})).status_code == 422
    await client.post("/v1/wake/training", json={"phrase": "12345"})
    with anyio.fail_after(120):
        while (training := (await client.get("/v1/wake/training")).json()["training"])["stage"] == "running":
            await anyio.sleep(0.1)
    assert (training["stage"], "the phrase is empty" in training["error"]) == ("failed", True)
