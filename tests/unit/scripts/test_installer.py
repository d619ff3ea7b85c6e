"""Installing, as far as it can be seen without being root: what is asked, what is laid where, what is taken away."""

import os
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge.settings import load
from scripts.debian import control
from scripts.debian.control import Package
from scripts.installer import answers, release, secrets, services
from scripts.installer.__main__ import main
from scripts.installer.answers import Answers, ask, language_of, write_settings
from scripts.installer.places import PROGRAMS, Places
from scripts.installer.reach import hints
from scripts.prepare.environment import ROOT

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
