"""A sound server of the tests' own, with a virtual cable: what is played into it comes out of its microphone.

It is a real device to PortAudio, which reaches it through ALSA as it does on most desktops.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

DEVICE: Final = "cable"
"""Name of the virtual device, as PortAudio lists it; it is the default one too."""
_CONFIG: Final = """
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse hint { show on description "virtual" } }
ctl.!default { type pulse }
pcm.cable { type pulse hint { show on description "virtual" } }
"""
_START_S: Final = 60.0


class Pulse:
    """A PulseAudio server in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        self._listener: subprocess.Popen[bytes] | None = None
        (folder / "alsa.conf").write_text(_CONFIG)
        self.changes = {
            "ALSA_CONFIG_PATH": str(folder / "alsa.conf"),
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_COOKIE": str(folder / "cookie"),
        }
        """The environment variables that lead a program to this server."""

    @property
    def environ(self) -> Mapping[str, str]:
        """A whole environment for a program that is to use this server."""
        return os.environ | self.changes

    def start(self) -> None:
        """Returns when the server answers and its virtual microphone hears."""
        own = {"XDG_RUNTIME_DIR": str(self._folder), "PULSE_STATE_PATH": str(self._folder)}
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
                    "--disable-shm=yes", "--log-target=stderr",
                    "-L", f"module-native-protocol-unix auth-anonymous=1 socket={self._folder}/native",
                    "-L", "module-null-sink sink_name=vmic rate=48000",
                ],
                env={**self.environ, **own}, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + _START_S
        while subprocess.run(["pactl", "info"], env=self.environ, capture_output=True, check=False).returncode:
            if time.monotonic() > deadline or self._server.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.05)
        # With nobody listening a null sink sleeps, and holds the first second back when it is woken.
        hear = ["parec", "--device=vmic.monitor", "--latency-msec=20", "/dev/null"]
        self._listener = subprocess.Popen(hear, env=self.environ, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """The server is gone at once, as a cable that is pulled."""
        if self._server is not None:
            self._server.send_signal(signal.SIGKILL)
            self._server.wait()
            self._server = None
        if self._listener is not None:
            self._listener.kill()
            self._listener.wait()
            self._listener = None

    def freeze(self) -> None:
        """The server hangs, holding on to everybody who asks it something."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """The server goes on after :meth:`freeze`."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Gone, and back."""
        self.kill()
        self.start()

    def play(self, path: Path) -> None:
        """Play a recording into the virtual microphone; returns when it has been played."""
        subprocess.run(["paplay", str(path)], env=self.environ, check=True)


@pytest.fixture(scope="session")
def pulse() -> Iterator[Pulse]:
    """A running server. Whoever kills it starts it again."""
    # A socket's path is limited to 108 bytes, so pytest's own long folders won't do.
    with tempfile.TemporaryDirectory(prefix="pulse-") as folder:
        server = Pulse(Path(folder))
        server.start()
        yield server
        server.kill()
