"""The systemd units: valid, as confined as they claim, and of one mind with the installer."""

import ipaddress
import re
import subprocess
from pathlib import Path

import pytest

from edge.api.web.bounded_socket import ELSEWHERE, MOST_SOCKETS, NEAR
from edge.updates import places as updates
from edge.updates.units import UNITS
from scripts.installer.places import ENABLED, EXCHANGING, SECRETS, Places
from scripts.installer.reach import HOUSE
from scripts.installer.services import SYSTEMD

SERVICES = sorted(SYSTEMD.glob("*.service"))
TIMERS = sorted([*SYSTEMD.glob("*.timer"), *SYSTEMD.glob("*.path")])
ROOT_S = "hearthside-update.service"
"""Writes the programs, so it is root, without anything else of root's."""
_MOST = 20
"""In tenths: 2.0."""
_ALWAYS = {
    "NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes",
    "PrivateUsers=yes", "ProtectProc=invisible", "ProtectKernelModules=yes", "ProtectKernelTunables=yes",
    "RestrictNamespaces=yes", "RestrictSUIDSGID=yes", "SystemCallFilter=@system-service", "UMask=0077", "LimitCORE=0",
    "StateDirectoryMode=0700",
}  # fmt: skip


def lines(unit: Path) -> list[str]:
    return [line for line in unit.read_text("utf-8").splitlines() if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def runnable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All units, with a program that is there in place of ours."""
    folder = tmp_path_factory.mktemp("units")
    for unit in (*SERVICES, *TIMERS):
        text = re.sub(r"/opt/hearthside/(current|proven)/bin/\S+", "/bin/true", unit.read_text("utf-8"))
        (folder / unit.name).write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("name", [unit.name for unit in (*SERVICES, *TIMERS)])
def test_systemd_finds_nothing_wrong(name: str, runnable: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", runnable / name], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "hearthside" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_little_is_left_that_it_could_do(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={_MOST}", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "Overall exposure level" in done.stdout


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_what_holds_for_all(unit: Path) -> None:
    said = lines(unit)
    assert set(said) >= _ALWAYS - ({"StateDirectoryMode=0700"} if unit.name == ROOT_S else set())
    users = [line for line in said if line.startswith(("User=", "DynamicUser="))]
    assert users in (["User=root"],) if unit.name == ROOT_S else users in (["User=hearthside"], ["DynamicUser=yes"])
    assert not any(re.match(r"Environment=.*(PASSWORD|TOKEN|KEY|SECRET|PIN)", line) for line in said)


@pytest.mark.parametrize(
    "unit", [unit for unit in SERVICES if "Type=notify" in lines(unit)], ids=lambda path: path.name
)
def test_what_stays_is_watched_and_comes_back(unit: Path) -> None:
    said = dict(line.split("=", 1) for line in lines(unit) if "=" in line)
    assert int(said["WatchdogSec"]) > 0
    assert said["Restart"] in ("always", "on-failure")
    assert said["StartLimitIntervalSec"] == "0"
    assert "network-online.target" not in said["After"]


def test_only_the_process_that_hears_opens_devices_and_it_reaches_the_house_alone() -> None:
    for unit in SERVICES:
        said = lines(unit)
        assert ("PrivateDevices=yes" in said) is (unit.name != "hearthside.service")
    assistant = lines(SYSTEMD / "hearthside.service")
    assert {"IPAddressDeny=any", "MemorySwapMax=0", "LimitCORE=0"} <= set(assistant)
    (allowed,) = (line.partition("=")[2].split() for line in assistant if line.startswith("IPAddressAllow="))
    assert {each for each in allowed if "/" in each} <= set(HOUSE)
    nets = [ipaddress.ip_network(each) for each in allowed if each not in ("localhost", "link-local", "multicast")]
    assert all(net.is_private for net in nets)


def test_as_many_files_may_be_open_as_connections_are_let_in_and_as_many_again() -> None:
    """At the usual 1,024, programs of the same machine could fill it, and it would open no file of its own any more."""
    (said,) = (line.partition("=")[2] for line in lines(SYSTEMD / "hearthside.service") if "LimitNOFILE=" in line)
    assert int(said) > 2 * MOST_SOCKETS * (NEAR + ELSEWHERE)


def test_the_secrets_are_those_that_the_installer_removes() -> None:
    loaded = [line.partition(":")[2] for unit in SERVICES for line in lines(unit) if line.startswith("LoadCredential=")]
    assert sorted(loaded) == sorted(SECRETS)


def test_what_starts_with_the_board_is_there() -> None:
    names = {unit.name for unit in (*SERVICES, *TIMERS)}
    assert {*ENABLED, *EXCHANGING} <= names
    for name in (*ENABLED, *EXCHANGING):
        assert any(line.startswith("WantedBy=") for line in lines(SYSTEMD / name))


def test_root_s_part_writes_the_programs_and_reaches_nobody() -> None:
    said = lines(SYSTEMD / ROOT_S)
    places, spool = updates.Places(), updates.Spool.of(Places().state)
    assert {"PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX", "PrivateDevices=yes", "ProcSubset=pid"} <= set(
        said
    )
    writes = [line.partition("=")[2].split() for line in said if line.startswith("ReadWritePaths=")]
    assert writes == [[str(places.opt), str(UNITS)]]
    assert f"BindReadOnlyPaths=-{spool.folder}:/run/hearthside-update" in said
    # systemd would close that folder to the group at each start of whoever has it as its own.
    assert not any(
        "hearthside/update" in line for unit in SERVICES for line in lines(unit) if "StateDirectory=" in line
    )
    # Never by what is on trial.
    (starts,) = (line for line in said if line.startswith("ExecStart="))
    assert starts.startswith(f"ExecStart={places.proven}/bin/python3 -I ")
    assert f"PathChanged={spool.request}" in lines(SYSTEMD / "hearthside-update.path")


def test_who_asks_often_is_heard_again() -> None:
    for unit in (SYSTEMD / "hearthside-update-fetch.service", SYSTEMD / ROOT_S):
        assert "StartLimitIntervalSec=0" in lines(unit)


def test_the_units_and_the_installer_know_the_same_places() -> None:
    unit = (SYSTEMD / "hearthside.service").read_text("utf-8")
    places = Places()
    assert f"ExecStart={places.current}/bin/hearth run\n" in unit
    assert f"ReadWritePaths=-{places.etc}\n" in unit
    models = (SYSTEMD / "hearthside-models.service").read_text("utf-8")
    assert f"ConditionPathExists=!{places.complete}\n" in models
