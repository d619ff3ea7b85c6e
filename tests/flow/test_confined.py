"""The assistant under restrictions like those of its unit: everything read-only but its folder, no other process, no
capability, no device but the harmless ones. What systemd itself makes of the unit is seen by scripts/check_install.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.settings import Settings
from tests.brokers import Mosquitto

HEARTH = str(Path(sys.executable).with_name("hearth"))
ROOT = str(Path(__file__).resolve().parents[2])
"""It may lie below /tmp, of which nothing else is seen."""
_READY_S = 120


def confined(data: Path, *command: str) -> list[str]:
    """``command`` in the sandbox, where only ``data`` can be written to."""
    return [
        "bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--ro-bind", ROOT, ROOT,
        "--bind", data, data,
        "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup", "--cap-drop", "ALL",
        "--disable-userns", "--die-with-parent", "--new-session", "--", *command,
    ]  # fmt: skip


@pytest.fixture
def data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, broker: Mosquitto) -> Path:
    folder = tmp_path_factory.mktemp("state", numbered=True)
    for name, value in {
        "HEARTH_DATA_DIR": folder,
        "HEARTH_MODELS_DIR": Settings().models_dir,
        "HEARTH_MQTT__HOST": broker.address.host,
        "HEARTH_MQTT__PORT": broker.address.port,
        "HEARTH_MQTT__CONFIRM_S": 20,
        "HEARTH_AUDIO__INPUT": "none",
        "HEARTH_AUDIO__OUTPUT": "none",
        "PYTHONDONTWRITEBYTECODE": 1,
    }.items():
        monkeypatch.setenv(name, str(value))
    return folder


@contextmanager
def running(data: Path) -> Iterator[int]:
    """`hearth run`, ready. Gives the id of the sandbox's process."""
    log = data / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(confined(data, HEARTH, "run"), stderr=stderr)
    try:
        deadline = time.monotonic() + _READY_S
        while "ready in" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_it_answers_from_where_it_can_do_little(data: Path) -> None:
    with running(data):
        asked = subprocess.run([HEARTH, "ask", "--json", "what is 15 percent of 80"], capture_output=True, check=True)
    assert "12" in json.loads(asked.stdout.splitlines()[-1])["reply"]["text"]
    assert {path.name for path in data.iterdir()} >= {"hearthside.db", "identity"}


def test_a_recorded_command_reaches_the_lamp_from_there(data: Path) -> None:
    demo = confined(data, "env", "--chdir", str(data), HEARTH, "demo")
    done = subprocess.run(demo, capture_output=True, text=True, check=False, timeout=300)
    assert "confirmed by the device" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("attempt", "refused"),
    [
        ("open('/etc/hearthside-was-here', 'w')", "Read-only file system"),
        ("open('/dev/snd/timer')", "No such file"),
        ("__import__('socket').sethostname('other')", "not permitted"),
        ("__import__('os').chroot('/tmp')", "not permitted"),
    ],
)
def test_the_sandbox_is_one(attempt: str, refused: str, data: Path) -> None:
    done = subprocess.run(confined(data, sys.executable, "-c", attempt), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert refused in done.stderr


def test_nothing_of_the_environment_names_a_secret(data: Path) -> None:
    with running(data) as sandbox:
        children = Path(f"/proc/{sandbox}/task/{sandbox}/children").read_text().split()
        environ = Path(f"/proc/{children[0]}/environ").read_bytes().decode().split("\0")
    assert not any(word in name.partition("=")[0] for name in environ for word in ("PASSWORD", "__PIN", "DATABASE_URL"))
    assert f"HEARTH_DATA_DIR={os.environ['HEARTH_DATA_DIR']}" in environ
