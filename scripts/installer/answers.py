"""The few things that only a person knows, with a default for each; and the settings file that they make."""

import os
import re
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("en", "de", "fr", "es", "nl", "it")
"""Those in which it answers."""
_BROKER: Final = 1883
_PROBE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Answers:
    """What goes into the settings."""

    room: str
    broker: str
    language: str
    sound: bool = True
    """False: it is asked in writing only, and needs neither microphone nor loudspeaker."""


def ask(given: Mapping[str, str | None], *, sound: bool, may_ask: bool, read: Callable[[str], str] = input) -> Answers:
    """What was ``given`` (room, broker, language), else what a person says, else the defaults."""
    questions = {
        "room": ("Which room is this assistant in", "Living Room"),
        "broker": ("Address of your MQTT broker", "localhost"),
        "language": (f"Language ({', '.join(LANGUAGES)})", language_of(os.environ)),
    }
    answers = {}
    for name, (question, default) in questions.items():
        answer = given.get(name) or (read(f"{question} [{default}]: ").strip() if may_ask else "")
        answers[name] = answer or default
    if may_ask and not _answers(answers["broker"]):
        print(f"hearth: no broker answers at {answers['broker']} now — it is tried again for ever", file=sys.stderr)
    return Answers(**answers, sound=sound)


def language_of(environ: Mapping[str, str]) -> str:
    """The language of the system, where it is one that it answers in."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if found := environ.get(name):
            return found[:2] if found[:2] in LANGUAGES else "en"
    return "en"


def write_settings(file: Path, answers: Answers) -> bool:
    """Make the settings file. One that is there is somebody's own, and stays as it is: False then."""
    if file.exists():
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_text(_toml(answers), "utf-8")
    part.replace(file)
    return True


def _toml(answers: Answers) -> str:
    lines = [
        "# Hearthside. Secrets do not belong here: see docs/install.md.",
        f"area = {_string(answers.room)}",
        "",
        "[mqtt]",
        f"host = {_string(answers.broker)}",
        "",
        "[understand]",
        f"language = {_string(answers.language)}",
    ]
    if not answers.sound:
        lines += ["", "[audio]", 'input = "none"', 'output = "none"']
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    """A basic string of TOML, https://toml.io/en/v1.0.0#string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda control: f"\\u{ord(control[0]):04x}", escaped) + '"'


def _answers(broker: str) -> bool:
    try:
        with socket.create_connection((broker, _BROKER), _PROBE_S):
            return True
    except OSError:
        return False
