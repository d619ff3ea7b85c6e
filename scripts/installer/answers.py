"""The few things that only a person knows, with a default for each; and the settings file that they make."""

import getpass
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.installer.broker import PORT, TLS_PORT, Welcome, greeted
from scripts.prepare.ending import CannotGoOn

LANGUAGES: Final = ("en", "de", "fr", "es", "nl", "it")
"""Those in which it answers."""
_TRIES: Final = 3
"""With a name and a password, before it is left for later."""
Read = Callable[[str], str]
"""Asks somebody a question, and returns the answer."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What goes into the settings, and one secret."""

    room: str
    broker: str
    """Name or address, and where it is another than the usual one, the port: ``broker.lan:1884``."""
    language: str
    sound: bool = True
    """False: it is asked in writing only, and needs neither microphone nor loudspeaker."""
    user: str = ""
    """Its name at the broker; empty where the broker asks for none."""
    password: str = ""
    """The password to that, which is no setting."""

    @property
    def host(self) -> str:
        """Of the broker."""
        return _address(self.broker)[0]

    @property
    def port(self) -> int:
        """Likewise."""
        return _address(self.broker)[1]

    def __repr__(self) -> str:
        return f"Answers({self.room!r}, {self.broker!r}, {self.language!r})"


def ask(
    given: Mapping[str, str | None],
    *,
    sound: bool,
    may_ask: bool,
    read: Read = input,
    read_hidden: Read = getpass.getpass,
) -> Answers:
    """What was ``given`` (room, broker, language, user), else what a person says, else the defaults.

    Raises CannotGoOn.
    """

    def answer(name: str, question: str, default: str) -> str:
        return given.get(name) or (_said(read, f"{question} [{default}]: ") if may_ask else "") or default

    room = answer("room", "Which room is this assistant in", "Living Room")
    broker = answer("broker", "Address of your MQTT broker", "localhost")
    user, password = given.get("user") or "", ""
    if may_ask and not user:
        user, password = _known_at(broker, read, read_hidden)
    question, usual = f"Language ({', '.join(LANGUAGES)})", language_of(os.environ)
    while (language := answer("language", question, usual).lower()) not in LANGUAGES:
        print(f"hearth: it does not speak {language!r}", file=sys.stderr)
    return Answers(room, broker, language, sound, user, password)


def agrees(question: str, read: Read = input) -> bool:
    """Whether somebody says yes to it."""
    return _said(read, f"{question} [y/N]: ").lower() in ("y", "yes")


def _known_at(broker: str, read: Read, read_hidden: Read) -> tuple[str, str]:
    """Name and password at the broker, where it wants any."""
    host, port = _address(broker)
    welcome = greeted(host, port)
    for _ in range(_TRIES):
        if welcome is not Welcome.WANTS_A_NAME:
            break
        user = _said(read, "Your broker asks who is there. Name: ")
        if not user:
            break
        password = _said(read_hidden, "Password (it is not shown): ")
        welcome = greeted(host, port, user, password)
        if welcome is Welcome.LETS_IN:
            return user, password
        print("hearth: the broker does not take that", file=sys.stderr)
    if welcome is Welcome.AWAY:
        print(f"hearth: no broker answers at {broker} now — it is tried again for ever", file=sys.stderr)
    elif welcome is Welcome.WANTS_A_NAME:
        print("hearth: so it hears of no device — docs/install.md says how a name is given later", file=sys.stderr)
    return "", ""


def _address(broker: str) -> tuple[str, int]:
    """Host and port of what somebody calls an address."""
    plain = re.sub(r"^\w+://", "", broker.strip()).rstrip("/")
    found = re.fullmatch(r"(\[[^\]]+\]|[^:]+):(\d{1,5})", plain)
    host, port = (found[1], int(found[2])) if found else (plain, PORT)
    return host.strip("[]"), port


def _said(read: Read, question: str) -> str:
    try:
        return read(question).strip()
    except EOFError:
        print()
        raise CannotGoOn("no answer came — with --yes nothing is asked") from None


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
        f"host = {_string(answers.host)}",
        *([f"port = {answers.port}"] if answers.port != PORT else []),
        *(["tls = true"] if answers.port == TLS_PORT else []),
        *([f"username = {_string(answers.user)}"] if answers.user else []),
        "",
        "[understand]",
        f"language = {_string(answers.language)}",
    ]
    if answers.language != "en":
        # The usual voice speaks English alone, whatever it is given to read; espeak-ng takes the language above.
        lines += ["", "[speak]", 'engine = "espeak"']
    if not answers.sound:
        lines += ["", "[audio]", 'input = "none"', 'output = "none"']
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    """A basic string of TOML, https://toml.io/en/v1.0.0#string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda control: f"\\u{ord(control[0]):04x}", escaped) + '"'
