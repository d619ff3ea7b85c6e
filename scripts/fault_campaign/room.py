"""The room: a sound server with a virtual microphone, into which somebody calls the assistant until it answers."""

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from edge.samples import KITCHEN_LIGHT
from scripts.fault_campaign.service import Line, Service
from tests.pulse import Pulse

_WORD: Final = (0.75, 1.9)
"""Seconds of the sample: "Okay Nabu", with the silence before it and after it."""
_COMMAND: Final = (1.9, 3.65)
""""Turn on the kitchen light"."""
_PAUSE_S: Final = 0.35
"""From one call to the next, as somebody who waits for an answer."""
_TURN_S: Final = 25.0
_RATE: Final = 16_000
_LOOP_S: Final = 120.0
_LOUD: Final = 12.0
"""Root mean square of a quiet room, of 32768."""
_TRIES: Final = 3
_NOT_HEARD: Final = ("", "cancelled", "silence", "not_understood")
"""A busy machine plays the sound in pieces, or the next call falls into the turn."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call."""

    woken: float
    """When it was woken: seconds on the monotonic clock."""
    outcome: str
    """Of the turn; empty where it did not end."""
    ended: float


class Room:
    """Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.pulse = Pulse(folder)
        self._hum: subprocess.Popen[bytes] | None = None
        self._quiet = folder / "quiet.wav"
        soundfile.write(self._quiet, _noise(), _RATE)
        self._word, self._command = folder / "word.wav", folder / "command.wav"
        sound, rate = soundfile.read(KITCHEN_LIGHT, dtype="int16")
        for path, (begin, end) in ((self._word, _WORD), (self._command, _COMMAND)):
            soundfile.write(path, sound[round(begin * rate) : round(end * rate)], rate)

    def __enter__(self) -> "Room":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def environ(self) -> Mapping[str, str]:
        """What leads a program to its microphone and loudspeaker."""
        return self.pulse.changes

    def start(self) -> None:
        """The sound server is there; what is played into its cable is heard, what the assistant says goes elsewhere."""
        self.pulse.start()
        for line in (
            ["load-module", "module-null-sink", "sink_name=loudspeaker", "rate=48000"],
            ["set-default-sink", "loudspeaker"],
            ["set-default-source", "vmic.monitor"],
        ):
            subprocess.run(["pactl", *line], env=self.pulse.environ, check=True, capture_output=True)

        # A cable without any sound is a microphone that is broken, and the assistant says so.
        play = f"while paplay --device=vmic {self._quiet}; do :; done"
        self._hum = subprocess.Popen(["sh", "-c", play], env=self.pulse.environ, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """The sound server is gone."""
        self.pulse.kill()
        if self._hum is not None:
            self._hum.wait()
            self._hum = None

    def call(self, service: Service, since: float, within_s: float) -> float | None:
        """Say the wake word again and again. Returns when the assistant was woken after ``since``, None where it was
        not in that time.
        """
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            self._play(self._word)
            if service.until(lambda: _woken(service, since) is not None, _PAUSE_S):
                line = _woken(service, since)
                assert line is not None
                return line.at
        return None

    def command(self, service: Service, since: float, within_s: float) -> Answer | None:
        """Call it, and tell it to turn on the kitchen light; twice more where it was not heard. None where it is not
        woken in that time.
        """
        first = answer = self._command_once(service, since, within_s)
        for _ in range(_TRIES - 1):
            if first is None or answer is None or answer.outcome not in _NOT_HEARD:
                break
            answer = self._command_once(service, answer.ended, within_s)
        return Answer(first.woken, answer.outcome, answer.ended) if first is not None and answer is not None else None

    def tell(self) -> None:
        """Say the command, without the wake word."""
        self._play(self._command)

    def _command_once(self, service: Service, since: float, within_s: float) -> Answer | None:
        if self.call(service, since, within_s) is None:
            return None
        self.tell()
        woken = _woken(service, since)
        assert woken is not None
        service.until(lambda: _ended(service, woken) is not None, _TURN_S)
        if (ended := _ended(service, woken)) is None:
            return Answer(woken.at, "", time.monotonic())
        return Answer(woken.at, str(ended.fields.get("outcome", "")), ended.at)

    def _play(self, path: Path) -> None:
        """Whether there is a sound server or not."""
        try:
            line = ["paplay", "--device=vmic", "--latency-msec=50", str(path)]
            done = subprocess.run(line, env=self.pulse.environ, capture_output=True, timeout=5, check=False)
        except subprocess.TimeoutExpired:
            return
        if done.returncode:
            time.sleep(_PAUSE_S)


def _noise() -> npt.NDArray[np.int16]:
    """A quiet room."""
    return np.random.default_rng(0).normal(0.0, _LOUD, round(_LOOP_S * _RATE)).astype(np.int16)


def _woken(service: Service, since: float) -> Line | None:
    return service.line(lambda line: line.message == "woken", since)


def _ended(service: Service, woken: Line) -> Line | None:
    turn = woken.fields["turn"]
    return service.line(lambda line: line.message == "turn ended" and line.fields["turn"] == turn, woken.at - 1e-9)
