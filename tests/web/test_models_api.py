"""``/v1/system/models``, ``voices`` and ``languages``."""

import io
from pathlib import Path

import anyio
import pytest
import soundfile

from edge.settings import load
from models.store import Store
from tests.brokers import Mosquitto
from tests.web.conftest import Served
from tests.web.test_settings import configured

pytestmark = pytest.mark.anyio


async def test_a_model_is_fetched_checked_and_deleted(
    broker: Mosquitto, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_MODELS__MIRROR", str(store.root))
    monkeypatch.setenv("HEARTH_MODELS_DIR", str(tmp_path / "models"))
    async with configured(broker, tmp_path) as (_, client, file):
        there = (await client.get("/v1/system/models")).json()
        assert (there["folder"], there["fetching"]) == (str(tmp_path / "models"), None)
        assert there["free"] > 0
        models = {each["id"]: each for each in there["items"]}
        assert models["minilm-l6-v2"]["condition"] == "missing"
        assert models["minilm-l6-v2"]["licence"] == "Apache-2.0"
        assert (models["speech-embedding"]["used_for"], models["minilm-l6-v2"]["used_for"]) == ("wake.verify", None)
        assert models["silero-vad"]["bundled"] is True

        begun = await client.post("/v1/system/models/minilm-l6-v2/fetch")
        assert (begun.status_code, begun.json()["model"]) == (202, "minilm-l6-v2")
        with anyio.fail_after(60):
            while (state := (await client.get("/v1/system/models")).json()["fetching"])["stage"] == "running":
                await anyio.sleep(0.05)
        assert (state["stage"], state["error"]) == ("done", "")
        verified = await client.post("/v1/system/models/minilm-l6-v2/verify")
        assert verified.json()["condition"] == "ok"

        # What a restart would need is not deleted either.
        file.write_text(file.read_text().replace("semantic = false", "semantic = true"))
        used = await client.delete("/v1/system/models/minilm-l6-v2")
        assert (used.status_code, used.json()["code"]) == (409, "in_use")
        file.write_text(file.read_text().replace("semantic = true", "semantic = false"))
        assert (await client.delete("/v1/system/models/minilm-l6-v2")).json()["condition"] == "missing"
        assert not (tmp_path / "models" / "minilm-l6-v2").exists()

        refused = {
            (await client.delete("/v1/system/models/silero-vad")).json()["code"],
            (await client.delete("/v1/system/models/speech-embedding")).json()["code"],
        }
        assert refused == {"in_use"}
        assert (await client.delete("/v1/system/models/microwakeword-alexa")).status_code == 409
        assert (await client.post("/v1/system/models/nothing/fetch")).status_code == 404
        assert (await client.delete("/v1/system/models/nothing/fetch")).status_code == 404


async def test_voices_are_heard_and_languages_told(served: Served) -> None:
    voice = load().speak.voice
    voices = {each["id"]: each for each in (await served.client.get("/v1/system/voices")).json()}
    assert (voices[voice]["installed"], voices[voice]["in_use"]) == (True, True)
    sample = await served.client.get(f"/v1/system/voices/{voice}/sample", timeout=60)
    assert sample.headers["content-type"] == "audio/wav"
    pcm, rate = soundfile.read(io.BytesIO(sample.content))
    assert 2 < len(pcm) / rate < 10
    assert abs(pcm).max() > 0.05
    assert (await served.client.get("/v1/system/voices/nobody/sample")).status_code == 404

    languages = {each["code"]: each for each in (await served.client.get("/v1/system/languages")).json()}
    assert set(languages) == {"de", "en", "es", "fr", "it", "nl"}
    assert (languages["en"]["hears"], languages["en"]["in_use"], languages["en"]["voices"]) == (True, True, [voice])
    assert languages["de"]["hears_by"] == "whisper-base"
