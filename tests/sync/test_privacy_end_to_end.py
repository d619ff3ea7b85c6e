"""From the first code to the last receipt: an assistant, its hearth-sync, and a bridge over TLS."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from cloud_sync.server.certificate import self_made
from edge.events import Reply, Timings, TurnEnded
from edge.intents import OutcomeKind
from edge.memory.episodes import Episodes
from edge.memory.facts import Facts
from tests.enrolled import Home, home, until

__all__ = ["home"]

pytestmark = pytest.mark.anyio

SECRET = "zyzzyva"


def turn(ident: str, text: str) -> TurnEnded:
    """One that was answered."""
    return TurnEnded(
        turn=ident,
        at=0.0,
        text=text,
        language="en",
        intent=None,
        tier=None,
        confidence=0.0,
        outcome=OutcomeKind.DONE,
        actions=(),
        reply=Reply(text="Yes."),
        timings=Timings(),
        session="s",
    )


async def test_nothing_leaves_until_it_is_allowed_and_then_masked(home: Home) -> None:
    async with home.assistant() as (database, end), home.syncing():
        episodes = Episodes(database, 30.0, outbox=end.outbox)
        await Facts(database).remember("Ottilie", "name")
        await episodes.write(turn("00", f"{SECRET} before"))
        await home.hearth("privacy", "allow", "history")
        await episodes.write(turn("01", "is Ottilie home, her number is 020 7946 0958"))
        await until(lambda: b"[phone 1]" in home.on_the_bridge())
        kept = home.on_the_bridge()
        assert b"is [name 1] home" in kept
        assert SECRET.encode() not in kept
        assert b"Ottilie" not in kept
        assert b"7946" not in kept
        await home.hearth("privacy", "deny", "history")
        await episodes.write(turn("02", f"{SECRET} after"))
        said = json.loads((await home.hearth("privacy", "show", "--json")).stdout)["allowed"]
        assert [(each["purpose"], each["allowed"], each["how"]) for each in said][:2] == [
            ("answers", False, ""),
            ("history", False, "cli"),
        ]
    assert SECRET.encode() not in home.on_the_bridge()


async def test_what_is_forgotten_is_gone_everywhere_and_the_bridge_signs_that_it_is(home: Home) -> None:
    await home.hearth("privacy", "allow", "history", "memory")
    async with home.assistant() as (database, end), home.syncing():
        episodes, facts = Episodes(database, 30.0, outbox=end.outbox), Facts(database)
        await episodes.write(turn("01", f"where is the {SECRET}"))
        await facts.remember(f"the {SECRET} is in the shed")
        await facts.remember("the ladder is in the garage")
        await until(lambda: home.on_the_bridge().count(SECRET.encode()) >= 2)
        await until(lambda: b"ladder" in home.on_the_bridge())
        told = (await home.hearth("privacy", "forget", "--about", SECRET, "--yes")).stdout
        assert told.startswith("2 entries erased\n")
        found: list[dict[str, Any]] = []
        with anyio.fail_after(90):
            while not found or not all(each["done"] for each in found):
                await anyio.sleep(0.1)
                lines = (await home.hearth("privacy", "receipts", "--json")).stdout.splitlines()
                found = [json.loads(line) for line in lines]
        assert all(each["genuine"] for each in found)
        assert sum(each["statement"]["turns"] for each in found) == 1
        assert sum(each["statement"]["records"] for each in found) == 1
        assert sum(each["statement"]["erased"]["events"] for each in found) >= 2
        await until(lambda: SECRET.encode() not in home.on_the_bridge())
    assert SECRET.encode() not in home.on_the_board()
    assert b"ladder" in home.on_the_bridge()


async def test_what_was_never_sent_is_forgotten_before_it_is(home: Home) -> None:
    await home.hearth("privacy", "allow", "history", "memory")
    async with home.assistant() as (database, end):
        await Episodes(database, 30.0, outbox=end.outbox).write(turn("01", f"where is the {SECRET}"))
        await Facts(database).remember(f"the {SECRET} is in the shed")
    await home.hearth("privacy", "forget", "--everything", "--yes")
    assert SECRET.encode() not in home.on_the_board()
    lines = (await home.hearth("privacy", "receipts")).stdout
    assert "waits for a link" in lines
    async with home.syncing():
        with anyio.fail_after(90):
            while "signed" not in (await home.hearth("privacy", "receipts")).stdout:
                await anyio.sleep(0.1)
    assert SECRET.encode() not in home.on_the_bridge()
    said = json.loads((await home.hearth("privacy", "show", "--json")).stdout)["allowed"]
    assert {each["purpose"] for each in said if each["allowed"]} == {"history", "memory"}


async def test_an_export_has_what_the_bridge_has_and_no_secret(home: Home, tmp_path: Path) -> None:
    await home.hearth("privacy", "allow", "history")
    async with home.assistant() as (database, end), home.syncing():
        await Episodes(database, 30.0, outbox=end.outbox).write(turn("01", "what is a quokka"))
        await until(lambda: b"quokka" in home.on_the_bridge())
    file = tmp_path / "me.json"
    await home.hearth("privacy", "export", str(file))
    bridge = json.loads(file.read_text())["bridge"]
    assert [row["raw"]["body"]["text"] for row in bridge if row["table"] == "event" and row["kind"] == "turn"] == [
        "what is a quokka"
    ]
    assert {"exported", "device.enrolled", "consent.given"} <= {row["action"] for row in bridge if "action" in row}
    assert not {"token", "enrolment"} & {row["table"] for row in bridge}
    await home.hearth("privacy", "export", str(file), "--local")
    assert "bridge" not in json.loads(file.read_text())


async def test_nothing_is_told_to_a_bridge_that_shows_another_certificate(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await home.hearth("privacy", "allow", "history")
    another = self_made(tmp_path / "another", ["localhost"]).authority
    assert another is not None
    kept = home.board / "bridge.json"
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"authority": another.read_text()}))
    async with home.assistant() as (database, end), home.syncing():
        await Episodes(database, 30.0, outbox=end.outbox).write(turn("01", SECRET))
        await until(lambda: "no link to the bridge: certificate" in caplog.text)
    assert SECRET.encode() not in home.on_the_bridge()
    assert SECRET.encode() in home.on_the_board()
