"""Installing, as far as it can be seen without being root: what is asked, what is laid where, what is taken away."""

import errno
import fcntl
import os
import platform
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.settings import load
from scripts.debian import control
from scripts.debian.control import Package
from scripts.installer import __main__ as installer
from scripts.installer import answers, release, secrets, services
from scripts.installer.__main__ import main
from scripts.installer.answers import Answers, agrees, ask, language_of, write_settings
from scripts.installer.places import PROGRAMS, Places
from scripts.installer.reach import hints
from scripts.prepare.ending import CannotGoOn, check_machine, exit_code
from scripts.prepare.environment import ROOT
from tests.brokers import Mosquitto, free_port

# -- what is asked -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "typed", "expected"),
    [
        ({}, None, ("Living Room", "localhost", "fr")),
        ({}, ["", "", ""], ("Living Room", "localhost", "fr")),
        ({}, ["Kitchen", " 127.0.0.9 ", "de"], ("Kitchen", "127.0.0.9", "de")),
        ({"room": "Attic", "language": "nl"}, ["127.0.0.9"], ("Attic", "127.0.0.9", "nl")),
        ({"room": "Attic", "broker": "broker.lan", "language": "nl"}, None, ("Attic", "broker.lan", "nl")),
    ],
)
def test_what_is_given_is_not_asked_and_an_empty_answer_is_the_default(
    given: Mapping[str, str],
    typed: list[str] | None,
    expected: tuple[str, str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    lines = iter(typed or [])
    said = ask(given, sound=True, may_ask=typed is not None, read=lambda _: next(lines))
    assert (said.room, said.broker, said.language) == expected
    assert list(lines) == []


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker that lets in nobody but "board"."""
    folder, port = tmp_path_factory.mktemp("broker"), free_port()
    folder.joinpath("passwords").touch(0o600)
    made = ["mosquitto_passwd", "-b", folder / "passwords", "board", "secret"]
    subprocess.run(made, check=True, capture_output=True)
    listener = f"user root\nlistener {port} 127.0.0.1\nallow_anonymous false\npassword_file {folder}/passwords\n"
    (folder / "broker.conf").write_text(listener, "utf-8")
    broker = Mosquitto(port, "-c", str(folder / "broker.conf"))
    broker.start()
    yield f"127.0.0.1:{port}"
    broker.stop()


@pytest.mark.parametrize(
    ("typed", "hidden", "known", "says"),
    [
        (["board"], ["secret"], ("board", "secret"), ""),
        (["board", "board"], ["wrong", "secret"], ("board", "secret"), "does not take that"),
        (["board"] * 3, ["wrong"] * 3, ("", ""), "hears of no device"),
        ([""], [], ("", ""), "hears of no device"),
    ],
)
def test_a_broker_that_asks_who_is_there_is_answered_at_once(
    typed: list[str],
    hidden: list[str],
    known: tuple[str, str],
    says: str,
    guarded: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines, secret_lines = iter(["", f"mqtt://{guarded}/", *typed, ""]), iter(hidden)
    said = ask({}, sound=True, may_ask=True, read=lambda _: next(lines), read_hidden=lambda _: next(secret_lines))
    assert (said.user, said.password) == known
    assert [*lines, *secret_lines] == []
    assert says in capsys.readouterr().err
    assert "secret" not in repr(said)
    write_settings(tmp_path / "hearthside.toml", said)
    assert "secret" not in (tmp_path / "hearthside.toml").read_text("utf-8")
    mqtt = load(tmp_path / "hearthside.toml").mqtt
    assert (f"{mqtt.host}:{mqtt.port}", mqtt.username or "", mqtt.tls) == (guarded, known[0], False)


@pytest.mark.parametrize(
    ("broker", "host", "port", "tls"),
    [
        ("broker.lan", "broker.lan", 1883, False),
        ("broker.lan:8883", "broker.lan", 8883, True),
        ("mqtts://10.0.0.2:8883", "10.0.0.2", 8883, True),
        ("[fd00::7]:1884", "fd00::7", 1884, False),
        ("fd00::7", "fd00::7", 1883, False),
    ],
)
def test_the_address_of_a_broker(broker: str, host: str, port: int, tls: bool, tmp_path: Path) -> None:
    write_settings(tmp_path / "hearthside.toml", Answers("Hall", broker, "en"))
    mqtt = load(tmp_path / "hearthside.toml").mqtt
    assert (mqtt.host, mqtt.port, mqtt.tls) == (host, port, tls)


def test_a_language_that_it_does_not_speak_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    lines = iter(["", "127.0.0.9", "Klingon", "DE"])
    assert ask({}, sound=True, may_ask=True, read=lambda _: next(lines)).language == "de"
    assert "does not speak 'klingon'" in capsys.readouterr().err


def test_nobody_who_answers_is_said_in_one_line() -> None:
    def gone(_: str) -> str:
        raise EOFError

    with pytest.raises(CannotGoOn, match="--yes"):
        ask({}, sound=True, may_ask=True, read=gone)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "pl_PL.UTF-8"}, "en"),
        ({"LANG": "de_DE", "LC_ALL": "it_IT"}, "it"),
        ({}, "en"),
    ],
)
def test_the_language_of_the_system(environ: Mapping[str, str], language: str) -> None:
    assert language_of(environ) == language


@pytest.mark.parametrize("room", ["Kitchen", 'The "Den"', "C:\\attic", "Küche 🍳", "two\nlines", "tab\there", "\x7f"])
def test_the_settings_are_what_the_assistant_reads(room: str, tmp_path: Path) -> None:
    file = tmp_path / "etc/hearthside/hearthside.toml"
    assert write_settings(file, Answers(room, "192.168.1.10", "de", sound=False))
    settings = load(file)
    assert (settings.area, settings.mqtt.host, settings.understand.language) == (room, "192.168.1.10", "de")
    assert (settings.audio.input, settings.audio.output) == ("none", "none")


def test_settings_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "hearthside.toml"
    file.write_text("# mine\n", "utf-8")
    assert not write_settings(file, Answers("Kitchen", "localhost", "en"))
    assert file.read_text("utf-8") == "# mine\n"


def test_it_is_spoken_to_where_nothing_else_is_said(tmp_path: Path) -> None:
    write_settings(tmp_path / "hearthside.toml", Answers("Kitchen", "localhost", "en"))
    assert load(tmp_path / "hearthside.toml").audio.input != "none"


@pytest.mark.parametrize(
    ("broker", "nameserver", "addresses", "beyond"),
    [
        ("localhost", "8.8.8.8", ["127.0.0.1"], []),
        ("192.168.1.10", "8.8.8.8", [], []),
        ("fd12::5", "8.8.8.8", [], []),
        ("homeassistant.local", "8.8.8.8", ["192.168.1.10"], []),
        ("broker", "192.168.1.1", ["192.168.1.10"], []),
        ("broker", "127.0.0.53", [], []),
        ("broker", "fe80::1%eth0", ["10.0.0.2"], []),
        ("broker", "", ["10.0.0.2"], []),
        ("broker", "8.8.8.8", ["192.168.1.10"], ["names are asked at 8.8.8.8"]),
        ("mqtt.example.org", "192.168.1.1", ["203.0.113.7", "192.168.1.10"], []),
        ("mqtt.example.org", "192.168.1.1", ["93.184.216.34"], ["the broker is at 93.184.216.34"]),
        ("93.184.216.34", "8.8.8.8", [], ["the broker is at 93.184.216.34"]),
        (
            "mqtt.example.org",
            "1.1.1.1",
            ["93.184.216.34"],
            ["names are asked at 1.1.1.1", "the broker is at 93.184.216.34"],
        ),
    ],
)
def test_what_the_unit_would_keep_it_from_is_told(
    broker: str, nameserver: str, addresses: list[str], beyond: list[str], tmp_path: Path
) -> None:
    resolv = tmp_path / "resolv.conf"
    if nameserver:
        resolv.write_text(f"# by the network\nnameserver {nameserver}\n", "utf-8")
    told = list(hints(broker, resolv, lambda _: addresses))
    assert [hint.partition(",")[0] for hint in told] == beyond
    assert all("IPAddressAllow=" in hint for hint in told)


# -- what is laid, and taken away --------------------------------------------------------------------------------------


def everything(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("systemd", "backs_off"), [(252, False), (254, True), (257, True)])
def test_what_is_laid_is_taken_away_to_the_last_file(systemd: int, backs_off: bool, tmp_path: Path) -> None:
    places = Places(tmp_path)
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/system/other.service").write_text("[Service]\n", "utf-8")
    before = everything(tmp_path)
    services.lay(places, systemd)
    laid = everything(tmp_path) - before
    assert {"etc/systemd/system/hearthside.service", "usr/local/bin/hearth"} <= laid
    assert ("etc/systemd/system/hearthside.service.d/backoff.conf" in laid) is backs_off
    services.remove(places)
    assert everything(tmp_path) == before


def test_a_board_whose_systemd_went_back_loses_what_that_does_not_know(tmp_path: Path) -> None:
    services.lay(Places(tmp_path), 257)
    services.lay(Places(tmp_path), 252)
    assert not any("backoff" in path for path in everything(tmp_path))


def test_a_command_of_that_name_that_is_somebody_else_s_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = Places(tmp_path)
    places.programs.mkdir(parents=True)
    (places.programs / "hearth").write_text("#!/bin/sh\necho a fireplace\n", "utf-8")
    services.lay(places, 252)
    services.remove(places)
    assert everything(tmp_path) == {"usr/local/bin/hearth"}
    assert "is not ours and stays" in capsys.readouterr().out


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_commands_are_shell(program: str) -> None:
    script = services.wrapper(program, "/opt/hearthside/current/bin")
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0
    assert f"exec /opt/hearthside/current/bin/{program} " in script


# -- versions ----------------------------------------------------------------------------------------------------------


def complete(places: Places, name: str) -> None:
    (places.releases / name).mkdir(parents=True)
    (places.releases / name / ".installed").touch()


def test_a_version_is_taken_over_at_once_and_the_one_before_goes(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert release.installed(places) is None
    complete(places, "0.1.0-aaaaaaaa")
    complete(places, "0.2.0-bbbbbbbb")
    release.switch(places, "0.1.0-aaaaaaaa")
    assert release.installed(places) == "0.1.0-aaaaaaaa"
    (places.opt / "current.new").symlink_to("/nowhere")  # a power cut at the last try
    release.switch(places, "0.2.0-bbbbbbbb")
    assert release.installed(places) == "0.2.0-bbbbbbbb"
    release.remove_others(places)
    assert [path.name for path in places.releases.iterdir()] == ["0.2.0-bbbbbbbb"]
    assert release.version("0.2.0-bbbbbbbb") == "0.2.0"


def test_one_that_was_not_completed_is_none(tmp_path: Path) -> None:
    places = Places(tmp_path)
    (places.releases / "0.1.0-aaaaaaaa").mkdir(parents=True)
    release.switch(places, "0.1.0-aaaaaaaa")
    assert release.installed(places) is None


def test_the_name_is_of_what_is_in_it() -> None:
    assert release.name() == release.name()
    assert release.name() != release.name(bridge=True)
    assert release.version(release.name()) == release.version(release.name(bridge=True))


# -- secrets, and who may ----------------------------------------------------------------------------------------------


def test_a_secret_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        for value in ("one", "another"):
            secrets.keep(tmp_path / "credstore", "hearthside.mqtt__password", value)
    finally:
        os.umask(old)
    kept = tmp_path / "credstore/hearthside.mqtt__password"
    assert kept.read_text("utf-8") == "another"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["--yes"]) == 1
    assert capsys.readouterr().err == "hearth: this needs root — sudo ./scripts/install\n"


def _disk(_: Path) -> SimpleNamespace:
    return SimpleNamespace(free=900_000_000)


@pytest.mark.parametrize(
    ("there", "says"),
    [((), "1.4 GB"), (("models",), "1.1 GB"), (("release",), ""), (("models", "release"), "")],
)
def test_a_disk_without_room_is_told_before_anything_comes(
    there: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", _disk)
    places = Places(tmp_path)
    if "models" in there:
        places.models.mkdir(parents=True)
        places.complete.touch()
    if "release" in there:
        (places.releases / release.name()).mkdir(parents=True)
        (places.releases / release.name() / ".installed").touch()
    with pytest.raises(CannotGoOn, match=says) if says else nullcontext():
        release.check_room(places, bridge=False)


@pytest.mark.parametrize(
    ("machine", "most", "says"),
    [
        ("armv7l", 2**31 - 1, "armv7l is not supported"),
        ("aarch64", 2**31 - 1, "put the 64-bit edition"),
        ("aarch64", 2**63 - 1, ""),
    ],
)
def test_a_system_of_32_bits_is_told(machine: str, most: int, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pi 4 whose processor and kernel have 64 bits may have programs of 32."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(sys, "maxsize", most)
    with pytest.raises(CannotGoOn, match=says) if says else nullcontext():
        check_machine()


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "interrupted — run it again"),
        (CannotGoOn("no"), 1, "hearth: no"),
        (OSError(errno.ENOSPC, "No space left on device", "/opt"), 1, "the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "/opt"), 1, "/opt can't be written to"),
        (OSError(errno.EROFS, "Read-only file system", "/opt"), 1, "Read-only file system: /opt"),
        (subprocess.CalledProcessError(1, ["userdel"], stderr="x\nnobody\n"), 1, "userdel failed: nobody"),
    ],
)
def test_what_went_wrong_is_one_line(
    error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> int:
        raise error

    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    try:
        assert exit_code(work, interrupted="run it again") == code
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGHUP), before, strict=True):
            signal.signal(number, handler)
    told = capsys.readouterr().err.strip()
    assert says in told
    assert "\n" not in told


@pytest.mark.parametrize(("answer", "erased"), [("y", True), ("", False), ("no", False)])
def test_what_it_knows_is_erased_by_who_says_so(answer: str, erased: bool) -> None:
    assert agrees("All is erased", lambda _: answer) is erased


def test_two_do_not_install_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installer, "_LOCK", tmp_path / "lock")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with (tmp_path / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert main(["--yes"]) == 1
    assert "another installation is still going on" in capsys.readouterr().err


def test_the_languages_are_those_that_it_answers_in() -> None:
    assert set(answers.LANGUAGES) == {path.stem for path in (ROOT / "edge/speak/phrases").glob("*.jinja")}


# -- the Debian package ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [control.postinst(), control.prerm(), control.postrm(), control.SETUP])
def test_what_dpkg_runs_is_shell(script: str) -> None:
    assert script.startswith("#!/bin/sh\n")
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0


def test_the_package_wants_the_python_that_it_was_made_for() -> None:
    fields = Package("0.1.0~deb12", "arm64", (3, 11), 700_000).control()
    assert "Depends: python3 (>= 3.11), python3 (<< 3.12), " in fields
    assert "\nArchitecture: arm64\n" in fields
    assert all(line.startswith(" ") or ": " in line for line in fields.splitlines())


def test_all_scripts_are_shell_too() -> None:
    for name in ("install", "build_deb", "check_install", "prepare.sh"):
        assert subprocess.run(["bash", "-n", ROOT / "scripts" / name], check=False).returncode == 0
