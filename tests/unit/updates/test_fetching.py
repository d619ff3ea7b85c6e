"""Fetching and laying: no more than has changed, gone on with where it stopped, for whom it is."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.sections import UpdateSettings
from edge.settings import Settings
from edge.updates import attending, laying, packs, rollout, versions, word
from edge.updates.errors import UpdateError
from edge.updates.looking import Source, fetch, look
from edge.updates.release import Release, pack_path
from edge.updates.story import Stage, story
from edge.updates.word import Found, Wish
from models.manifest import Manifest, load
from models.store import Condition, Store
from tests.unit.models.served import WEIGHTS, Server, sha
from tests.unit.updates.publisher import SITE, Board, Publisher, carried

pytestmark = pytest.mark.anyio

BIG = os.urandom(300_000)


def asked_packs(server: Server) -> list[str]:
    return [path.rpartition("/")[2] for path, _ in server.asked if path.startswith("/targets/packs/")]


def named(release: Release, *hashes: str) -> set[str]:
    return {pack.name for pack in release.packs if pack.sha256 in hashes}


async def test_only_packages_that_changed_are_fetched(
    publisher: Publisher, board: Board, source: Source, models: Store, server: Server
) -> None:
    board.install(publisher, "0.1.0")
    made = publisher.publish("0.2.0")
    told: list[Found] = []
    looked = await fetch(source, board.places, board.spool, models, told.append, "a request", by_person=False)
    assert looked.release == made
    assert named(made, *asked_packs(server)) == {"hearthside", "rest"}
    found = word.taken(board.spool.found, Found)
    assert found is not None
    assert (found.fetched, found.done, found.release, found.answers) == (True, found.size, made.name, "a request")
    assert found.size == sum(pack.size for pack in made.packs if pack.name in ("hearthside", "rest"))
    assert told[-1] == found
    # Once more: all is there.
    server.asked.clear()
    await fetch(source, board.places, board.spool, models, told.append, by_person=False)
    assert asked_packs(server) == []


async def test_a_fetch_that_was_cut_goes_on_and_fills_no_disk(
    publisher: Publisher, board: Board, source: Source, models: Store, server: Server
) -> None:
    board.install(publisher, "0.1.0")
    made = publisher.publish("0.2.0", files={"lib/big": BIG})
    (big,) = (pack for pack in made.packs if pack.name == "rest: big")
    path = f"/targets/{pack_path(big)}"
    await look(source, board.places, board.spool)
    whole = 10**9
    server.cuts = [whole, whole, whole, 100_000, 1, 1, 1]  # the timestamp, two packs, this one's four attempts
    with pytest.raises(UpdateError, match="goes on where it stopped"):
        await fetch(source, board.places, board.spool, models, lambda _: None, by_person=False)
    assert word.taken(board.spool.found, Found) is not None
    server.asked.clear()
    await fetch(source, board.places, board.spool, models, lambda _: None, by_person=False)
    assert [headers["Range"] for headers in server.asked_for(path)] == ["bytes=100003-"]
    assert sum(file.stat().st_size for file in board.spool.packs.iterdir()) < 400_000
    # What belongs to a release that is not wanted any more goes before another one comes.
    publisher.publish("0.3.0")
    await fetch(source, board.places, board.spool, models, lambda _: None, by_person=False)
    assert sum(file.stat().st_size for file in board.spool.packs.iterdir()) < 100_000


async def test_a_request_whose_fetch_was_cut_off_is_gone_on_with(
    publisher: Publisher, board: Board, source: Source, models: Store
) -> None:
    board.install(publisher, "0.1.0")
    publisher.publish("0.2.0")
    settings = Settings(
        data_dir=board.spool.folder.parent, models_dir=models.root, update=UpdateSettings(url=source.url)
    )
    asked = word.ask(board.spool, Wish.APPLY, by_person=True)
    word.leave(board.spool.found, Found(at=0, size=9, done=3, answers=asked.ident))
    await attending.attend(settings, board.places, board.spool)
    found = word.taken(board.spool.found, Found)
    assert found is not None
    assert (found.fetched, found.answers) == (True, asked.ident)
    assert story(board.places, board.spool).stage is Stage.LAYING


async def test_a_pack_that_rotted_comes_anew(
    publisher: Publisher, board: Board, source: Source, models: Store, server: Server
) -> None:
    board.install(publisher, "0.1.0")
    made = publisher.publish("0.2.0")
    await fetch(source, board.places, board.spool, models, lambda _: None, by_person=False)
    (rest,) = (pack for pack in made.packs if pack.name == "rest")
    (board.spool.packs / rest.sha256).write_bytes(bytes(rest.size))
    server.asked.clear()
    await fetch(source, board.places, board.spool, models, lambda _: None, by_person=False)
    assert asked_packs(server) == [rest.sha256]
    found = laying.verified("stable", board.places, board.spool)
    laying.lay(found, board.places, board.spool)


async def test_a_disk_without_room_is_told_before_anything_comes(
    publisher: Publisher, board: Board, source: Source, models: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.install(publisher, "0.1.0")
    publisher.publish("0.2.0", files={"lib/big": BIG})
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100_100_000))
    with pytest.raises(UpdateError, match=r"needs 0 MB .* free some space"):
        await fetch(source, board.places, board.spool, models, lambda _: None, by_person=False)
    assert asked_packs(server) == []


async def test_what_stays_is_shared_and_what_rotted_comes_anew(
    publisher: Publisher, board: Board, source: Source, models: Store, server: Server
) -> None:
    board.install(publisher, "0.1.0")
    made = publisher.publish("0.2.0")
    await fetch(source, board.places, board.spool, models, lambda _: None, by_person=False)
    laying.lay(laying.verified("stable", board.places, board.spool), board.places, board.spool)
    library = f"{SITE}/sound/library.so"
    new = board.places.releases / made.name
    assert (new / library).stat().st_ino == (board.current / library).stat().st_ino
    assert (new / "bin/hearth").stat().st_mode & 0o777 == 0o755
    assert (new / f"{SITE}/edge/__init__.py").stat().st_mode & 0o777 == 0o644
    assert (new / f"{SITE}/edge/__pycache__").is_dir(), "it starts quickly the first time"
    assert packs.needed(made, new) == []
    # A bit flips on the card, and another version comes.
    data = bytearray((board.current / library).read_bytes())
    data[7] ^= 1
    (board.current / library).write_bytes(data)
    made = publisher.publish("0.3.0")
    server.asked.clear()
    await fetch(source, board.places, board.spool, models, lambda _: None, by_person=False)
    assert named(made, *asked_packs(server)) == {"hearthside", "rest", "sound"}


def test_it_is_on_the_disk_before_it_counts(
    publisher: Publisher, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose bytes were not on the disk would be empty after a power cut, and the release would look whole."""
    board.install(publisher, "0.1.0")
    made = publisher.publish("0.2.0")
    carried(publisher, board.spool)
    found = laying.verified("stable", board.places, board.spool)
    synced: list[str] = []
    marked: list[int] = []
    fsync, touch = os.fsync, Path.touch

    def follow(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def mark(path: Path) -> None:
        marked.append(len(synced))
        touch(path)

    monkeypatch.setattr(os, "fsync", follow)
    monkeypatch.setattr(Path, "touch", mark)
    laying.lay(found, board.places, board.spool)
    folder, (before,) = board.places.releases / made.name, marked
    for pack in made.packs:
        for file in pack.files if pack.name != "sound" else ():
            assert str(folder / file.path) in synced[:before]
    assert {str(path) for path in folder.rglob("*") if path.is_dir()} <= set(synced[:before])
    assert {str(folder), str(board.places.releases)} <= set(synced[before:])
    del synced[:]
    versions.point(board.places.current, folder)
    assert synced == [str(board.places.opt)]


# -- models ------------------------------------------------------------------------------------------------------------


def manifest_of(*models: str, size: int = len(WEIGHTS), digest: str = sha(WEIGHTS)) -> str:
    return "".join(
        f"""
[[models]]
id = "{name}"
kind = "tts"
languages = ["en"]
licence = "MIT"
ram_mb = 1
description = "speaks"
default = {"true" if name == "voice" else "false"}
[[models.files]]
name = "voice.onnx"
size = {size}
sha256 = "{digest}"
https = "http://nowhere.invalid/{name}"
"""
        for name in models
    )


async def test_models_come_only_where_the_new_version_needs_others(
    publisher: Publisher, board: Board, source: Source, models: Store, server: Server, tmp_path: Path
) -> None:
    board.install(publisher, "0.1.0")
    (tmp_path / "manifest.toml").write_text(manifest_of("voice", "other"))
    (tmp_path / "models/voice").mkdir(parents=True)
    (tmp_path / "models/voice/voice.onnx").write_bytes(WEIGHTS)
    publisher.repository.add_models(tmp_path / "models", [load(tmp_path / "manifest.toml").model("voice")])
    (tmp_path / "models/voice/voice.onnx").unlink()
    made = publisher.publish("0.2.0", models=manifest_of("voice", "other"))
    found = (await fetch(source, board.places, board.spool, models, lambda _: None, by_person=False)).found
    store = Store(models.root, load(tmp_path / "manifest.toml"))
    assert store.verify(store.manifest.model("voice"))[0] is Condition.OK
    assert store.inspect(store.manifest.model("other"))[0] is Condition.MISSING, "nobody uses it"
    assert (found.fetched, found.done == found.size > len(WEIGHTS)) == (True, True)
    # The version after it has the same models: nobody asks for any.
    carried(publisher, board.spool)
    laying.lay(laying.verified("stable", board.places, board.spool), board.places, board.spool)
    versions.point(board.places.current, board.places.releases / made.name)
    publisher.publish("0.3.0", models=manifest_of("voice", "other"))
    server.asked.clear()
    await fetch(source, board.places, board.spool, store, lambda _: None, by_person=False)
    assert not [path for path, _ in server.asked if "/models/" in path]


async def test_what_a_board_does_without_does_not_come_with_a_version(
    publisher: Publisher, board: Board, source: Source, server: Server, tmp_path: Path
) -> None:
    """A German one has no English voice, though that is there by default."""
    board.install(publisher, "0.1.0")
    (tmp_path / "manifest.toml").write_text(manifest_of("voice"))
    store = Store(tmp_path / "models", load(tmp_path / "manifest.toml"))
    publisher.publish("0.2.0", models=manifest_of("voice", "other"))
    assert (await fetch(source, board.places, board.spool, store, lambda _: None, by_person=False)).found.fetched
    assert not [path for path, _ in server.asked if "/models/" in path]


async def test_a_version_whose_models_cannot_be_had_is_not_taken(
    publisher: Publisher, board: Board, source: Source, models: Store
) -> None:
    board.install(publisher, "0.1.0")
    publisher.publish("0.2.0", models=manifest_of("voice"))
    with pytest.raises(UpdateError, match=r"voice\.onnx"):
        await fetch(source, board.places, board.spool, models, lambda _: None, by_person=False)
    found = word.taken(board.spool.found, Found)
    assert found is None or not found.fetched


def test_a_model_that_changes_needs_another_id(publisher: Publisher, tmp_path: Path) -> None:
    """Else the version that is come back to would find one that is not its own."""
    for content in (b"one", b"two"):
        (tmp_path / "voice").mkdir(exist_ok=True)
        (tmp_path / "voice/voice.onnx").write_bytes(content)
        (tmp_path / "manifest.toml").write_text(manifest_of("voice", size=3, digest=sha(content)))
        model = load(tmp_path / "manifest.toml").model("voice")
        if content == b"one":
            assert publisher.repository.add_models(tmp_path, [model]) == ["models/voice/voice.onnx"]
        else:
            with pytest.raises(Exception, match="another id"):
                publisher.repository.add_models(tmp_path, [model])


# -- for whom ----------------------------------------------------------------------------------------------------------


def test_each_device_draws_its_own_lot_evenly_and_always_the_same() -> None:
    devices = [f"device {number}" for number in range(4000)]
    for percent in (0.0, 1.0, 10.0, 50.0, 100.0):
        share = 100 * sum(rollout.drawn(device, "0.2.0-00000000", percent) for device in devices) / len(devices)
        assert share == pytest.approx(percent, abs=2.5)
    few = {device for device in devices if rollout.drawn(device, "0.2.0-00000000", 10)}
    assert few <= {device for device in devices if rollout.drawn(device, "0.2.0-00000000", 20)}, "nobody loses it again"
    others = {device for device in devices if rollout.drawn(device, "0.3.0-00000000", 10)}
    assert len(few & others) < len(few) / 2, "it is not always the same ones who go first"


@pytest.mark.parametrize(
    ("signed", "cap", "mine"), [(100, 100, True), (0, 100, False), (100, 0, False), (0, 0, False), (50, 100, None)]
)
async def test_a_rollout_is_as_far_as_both_say(
    signed: float, cap: float, mine: bool | None, publisher: Publisher, board: Board, server: Server, models: Store
) -> None:
    """Who publishes it, signed, and the house's bridge, which can only hold back."""
    board.install(publisher, "0.1.0")
    made = publisher.publish("0.2.0", rollout=signed)
    source = Source(server.address, "stable", "a board", cap)
    looked = await look(source, board.places, board.spool)
    assert looked.mine is (rollout.drawn("a board", made.name, 50) if mine is None else mine)
    assert looked.found.rollout == min(signed, cap)
    fetched = await fetch(source, board.places, board.spool, models, lambda _: None, by_person=False)
    assert fetched.found.fetched is looked.mine
    # A person decides for themselves; what was not well here does not come again by itself.
    asked = await fetch(source, board.places, board.spool, models, lambda _: None, by_person=True)
    assert asked.found.fetched
    wide = Source(server.address, "stable", "a board")
    refused = await fetch(wide, board.places, board.spool, models, lambda _: None, by_person=False, refused={made.name})
    assert not refused.found.fetched


async def test_a_rollout_grows(publisher: Publisher, board: Board, source: Source) -> None:
    board.install(publisher, "0.1.0")
    made = publisher.publish("0.2.0", rollout=0)
    assert not (await look(source, board.places, board.spool)).mine
    assert publisher.repository.rollout("stable", 100) == [made.name]
    publisher.serve()
    assert (await look(source, board.places, board.spool)).mine


async def test_what_is_missing_is_said_in_one_line(
    publisher: Publisher, board: Board, source: Source, models: Store, server: Server
) -> None:
    with pytest.raises(UpdateError, match=r"can't be updated by itself — docs/install\.md"):
        await look(source, board.places, board.spool)
    board.install(publisher, "0.1.0")
    anchor = board.places.anchor.read_bytes()
    board.places.anchor.unlink()
    with pytest.raises(UpdateError, match=r"no root of trust at .* — docs/updates\.md"):
        await look(source, board.places, board.spool)
    board.places.anchor.write_bytes(anchor)
    with pytest.raises(UpdateError, match="can't be reached"):
        await look(source, board.places, board.spool)
    publisher.publish("0.2.0")
    with pytest.raises(UpdateError, match="the channel beta has nothing for"):
        await look(Source(server.address, "beta", "a board"), board.places, board.spool)
    assert models.manifest == Manifest(models=())
