"""``hearth-cloud house|device|person|audit|erasures``, as the operator of a bridge uses them."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cloud_sync.server.certificate import self_made
from cloud_sync.server.cli import commands
from cloud_sync.server.settings import load
from tests.bridge import serving

RUNNER = CliRunner()


@pytest.fixture
def bridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a new bridge."""
    monkeypatch.setenv("HEARTH_CLOUD_DATA_DIR", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return RUNNER.invoke(commands(), arguments)


def test_the_first_device_needs_one_command(bridge: Path) -> None:
    told = run("device", "add", "--name", "kitchen")
    assert told.exit_code == 0, told.output
    assert re.search(r"hearth sync enrol https://HOST:8443 [0-9A-Z]{4}-[0-9A-Z]{4}\n$", told.stdout)
    assert run("house", "list").stdout == "home\n"
    self_made(bridge / "tls", ["localhost"])
    shown = run("device", "add").stdout
    assert re.search(r"https://localhost:8443 [0-9A-Z]{4}(-[0-9A-Z]{4}){5}\n$", shown)


@pytest.mark.anyio
async def test_it_names_the_port_that_the_bridge_was_served_at(bridge: Path) -> None:
    async with serving(load(overrides={"port": 0})) as port:
        told = await asyncio.to_thread(run, "device", "add")
    assert f"https://HOST:{port} " in told.stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("device", "add", "--house", "nowhere"), "there is no house nowhere"),
        (("device", "revoke", "nobody"), "house home has no device nobody"),
        (("house", "add", "Über"), "small letters"),
        (("house", "add", "home"), "there is a house home already"),
        (("person", "add", "Anna"), "somebody called Anna already"),
        (("person", "code", "Otto"), "nobody called Otto"),
        (("person", "revoke", "Otto"), "nobody called Otto"),
    ],
)
def test_what_can_not_be_is_refused_in_one_line(bridge: Path, arguments: tuple[str, ...], why: str) -> None:
    assert run("house", "add", "home").exit_code == 0
    assert run("person", "add", "Anna").exit_code == 0
    refused = run(*arguments)
    assert refused.exit_code == 1
    assert why in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_people_come_and_go_and_the_log_tells_of_it(bridge: Path) -> None:
    run("house", "add", "home")
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}\n", run("person", "add", "Anna", "--role", "owner").stdout)
    assert run("person", "list").stdout == "Anna  owner\n"
    assert run("person", "revoke", "Anna").exit_code == 0
    assert "revoked" in run("person", "list").stdout
    assert run("person", "add", "Otto", "--role", "device").exit_code == 2
    log = run("audit", "show").stdout.splitlines()
    assert [line.split("  ")[3] for line in log] == ["house.added", "person.added", "person.revoked"]
    assert run("audit", "verify").stdout == "3 lines, all whole\n"


def test_a_receipt_of_another_log_is_found_out(bridge: Path, tmp_path: Path) -> None:
    run("house", "add", "home")
    receipts = tmp_path / "receipts"
    receipts.write_text(json.dumps({"statement": {"audit": {"n": 1, "hash": "0" * 64}}}) + "\n")
    found = run("audit", "verify", "--receipt", str(receipts))
    assert found.exit_code == 1
    assert "not the one that a receipt tells of" in found.stderr
    receipts.write_text("{}\n")
    assert run("audit", "verify", "--receipt", str(receipts)).exit_code == 2


def test_there_is_nothing_to_forget_again(bridge: Path) -> None:
    assert run("erasures", "replay").exit_code == 1
    (bridge / "erasures.jsonl").write_text("")
    assert run("erasures", "replay").stdout == "0 erasures were missing, and are done\n"
    (bridge / "erasures.jsonl").write_text("nothing\n")
    assert "erasures.jsonl" in run("erasures", "replay").stderr
