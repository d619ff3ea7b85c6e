"""What hears a command, understands it, carries it out and answers tells nobody: no host is asked for, no file is left."""

import subprocess
import sys
from pathlib import Path

from edge.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_TURN = """
import time
from edge.cli import app

app(["demo", "--fast", "--out", "/tmp/out"], standalone_mode=False)
# What is told of a program is told from time to time: ONNX Runtime would do it every eight seconds.
time.sleep(20)
"""
_CURIOUS = """
import pathlib, socket

pathlib.Path("~/file").expanduser().touch()
try:
    socket.getaddrinfo("hearthside.invalid", 443)
except socket.gaierror:
    pass
"""


def alone(tmp_path: Path, program: str) -> list[str]:
    """What ``program`` asks for and leaves, with nothing around it but the models."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    (tmp_path / "home").mkdir()
    folders = {name: str(tmp_path / name.lower()) for name in ("HEARTH_DATA_DIR", "HEARTH_CACHE_DIR")}
    environment = {
        "PATH": "/usr/sbin:/usr/bin",
        "HOME": str(tmp_path / "home"),
        "HEARTH_MODELS_DIR": str(Settings().models_dir),
        "PYTHONDONTWRITEBYTECODE": "1",
        **folders,
    }
    done = subprocess.run(
        [
            "bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
            "--bind", str(tmp_path), str(tmp_path), "--ro-bind", str(ROOT), str(ROOT),
            "--ro-bind", str(tmp_path / "resolv.conf"), "/etc/resolv.conf",
            "--unshare-net", "--unshare-user", "--unshare-pid", "--uid", "0", "--gid", "0",
            "--cap-add", "CAP_NET_BIND_SERVICE", "--die-with-parent", "--chdir", str(ROOT), "--",
            sys.executable, str(ROOT / "tests/security/names.py"), sys.executable, "-c", program,
        ],
        env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_whoever_asks_and_leaves_something_is_seen(tmp_path: Path) -> None:
    assert alone(tmp_path, _CURIOUS) == ["asked for hearthside.invalid", "left file"]


def test_a_turn_asks_for_no_host_and_leaves_no_file(tmp_path: Path) -> None:
    assert alone(tmp_path, _TURN) == []
