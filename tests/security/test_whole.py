"""Assistant, link and bridge as they run in a house: where their secrets are, and who can reach what of them."""

import base64
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.security.sockets import Listener
from tests.security.whole import PRIVATE, Seen, life

ALLOWED: Mapping[str, frozenset[tuple[str, str, str]]] = {
    # Before anybody has set a password, nobody but this machine reaches anything.
    "hearth": frozenset(
        {
            ("tcp", "127.0.0.1", "api.port"),
            ("tcp6", "::1", "api.port"),
            ("unix", "hearth.sock", ""),
        }
    ),
    # Then the network does by HTTPS; the plain port only tells browsers where that is.
    "hearth, open": frozenset(
        {
            ("tcp", "0.0.0.0", "api.port"),
            ("tcp6", "::", "api.port"),
            ("tcp", "0.0.0.0", "api.tls_port"),
            ("tcp6", "::", "api.tls_port"),
            ("unix", "hearth.sock", ""),
        }
    ),
    "hearth-sync": frozenset({("unix", "sync.sock", "")}),
    "hearth-cloud": frozenset({("tcp", "0.0.0.0", "port")}),
}
"""All that is listened on, by program; docs/threats.md shows it."""

PLACES: Mapping[str, frozenset[str]] = {
    "password of the broker": frozenset({"credentials/mqtt__password"}),
    "key of the larger model": frozenset({"model.key"}),
    "passphrase of the backup": frozenset({"passphrase"}),
}
"""The files that a secret may be in; those that are not named here may be in none."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return life(tmp_path_factory.mktemp("house"), tmp_path_factory.getbasetemp() / "cache")


def written(secret: str) -> Iterator[bytes]:
    """The ways in which it could stand somewhere."""
    raw = secret.encode()
    yield from (raw, raw.hex().encode(), urllib.parse.quote(secret, safe="").encode())
    # In Base64 it depends on what stands before it.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        yield encoded[-(-8 * shift // 6) : len(encoded) // 4 * 4 - 4]


def told_in(secret: str, content: bytes) -> bool:
    return any(way in content for way in written(secret))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_secret_is_found_however_it_is_written() -> None:
    for content in (
        b"x canary-1234567890 y",
        base64.b64encode(b"user:canary-1234567890"),
        base64.b64encode(b"hearth1:canary-1234567890 and more"),
        b"63616e6172792d31323334353637383930",
    ):
        assert told_in("canary-1234567890", content), content
    assert not told_in("canary-1234567890", b"canary-1234567891")


def test_no_secret_is_in_any_file_but_its_own(seen: Seen) -> None:
    there = files(seen.folder) | files(seen.cache)
    assert {"board/hearthside.db", "bridge/cloud.db", "logs/hearth", "export.json", "all.backup"} <= there.keys()
    assert {"mosquitto/passwords"} <= there.keys()
    found = {
        what: {name for name, content in there.items() if told_in(secret, content)}
        for what, secret in seen.secrets.items()
    }
    keys = {what: {what.removeprefix(PRIVATE)} for what in seen.secrets if what.startswith(PRIVATE)}
    assert len(keys) > 3
    assert found == {what: set(PLACES.get(what, ())) for what in seen.secrets} | keys


def test_no_secret_is_in_the_environment_of_what_is_started_nor_in_any_command_line(seen: Seen) -> None:
    hearth = seen.processes["hearth"]
    assert any("sleep 600" in line for line in hearth.commands)
    assert hearth.environments, "the tool server has one"
    assert told_in(seen.secrets["PIN"], hearth.own.encode()), "where somebody has put it"
    for process in seen.processes.values():
        shown = "\n".join([*process.environments, *process.commands]).encode()
        assert [what for what, secret in seen.secrets.items() if told_in(secret, shown)] == []


def test_no_secret_is_told_to_logs_pages_brokers_or_systemd(seen: Seen) -> None:
    assert {"hearth", "hearth-sync", "hearth-cloud", "broker", "systemd", "hearth check"} <= seen.told.keys()
    assert "Fatal Python error: Aborted" in seen.told["hearth"], "the crash has left its stacks"
    assert "hearthside/home/availability" in seen.told["broker"]
    assert "/v1/settings" in "".join(seen.told)
    leaks = {
        where: [what for what, each in seen.secrets.items() if told_in(each, said.encode())]
        for where, said in seen.told.items()
    }
    assert {where: found for where, found in leaks.items() if found} == {}


def test_nobody_else_may_read_what_is_kept(seen: Seen) -> None:
    for kept in ("board", "bridge"):
        assert (seen.folder / kept).stat().st_mode & 0o077 == 0, kept
    made = [seen.folder / "all.backup", seen.folder / "export.json", *(seen.folder / "board").rglob("hearthside.db*")]
    assert [path.name for path in made if path.stat().st_mode & 0o077] == []


def test_a_crash_leaves_no_memory_behind(seen: Seen) -> None:
    assert {program: process.core for program, process in seen.processes.items()} == {
        "hearth": 0,
        "hearth-sync": 0,
        "hearth-cloud": 0,
    }
    assert [name for name in files(seen.folder) if "core" in Path(name).name] == []


@pytest.mark.parametrize("program", ALLOWED)
def test_what_is_listened_on_is_what_the_list_says(program: str, seen: Seen) -> None:
    def named(each: Listener) -> tuple[str, str, str]:
        if each.kind == "unix":
            return each.kind, Path(each.address).name, ""
        return each.kind, each.address, seen.ports.get(each.port, str(each.port))

    assert {named(each) for each in seen.listeners[program]} == ALLOWED[program]


def test_whoever_comes_from_the_network_has_to_say_who_they_are(seen: Seen) -> None:
    answered = dict(seen.strangers)
    assert {status for door, status in answered.items() if door.startswith("page /v1")} == {401}
    assert {status for door, status in answered.items() if door.startswith("bridge /v1")} == {401}
    assert {status for door, status in answered.items() if door.startswith("http ")} <= {307, 400, 403, 421}
