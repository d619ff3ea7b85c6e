"""What is not believed: each attack on the repository, seen by who fetches it, and by root's part, which fetches nothing.

The threats are those of https://theupdateframework.github.io/specification/latest/#goals-to-protect-against-specific-attacks.
"""

import datetime
import json
import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Targets, Timestamp

from edge.updates import laying
from edge.updates.errors import UpdateError, UpdateRefused
from edge.updates.looking import Source, fetch
from edge.updates.release import number, pack_path, python, written
from models.store import Store
from scripts.publishing.keys import Keys
from scripts.publishing.repository import NotPublished, Repository
from tests.unit.models.served import Server
from tests.unit.updates.publisher import Board, Publisher, carried

pytestmark = pytest.mark.anyio

DESCRIPTION = f"stable/{platform.machine()}-{python()}.json"
Attack = Callable[[Publisher], None]


def newest(publisher: Publisher, role: str) -> Path:
    metadata = publisher.public / "metadata"
    if role == "timestamp":
        return metadata / "timestamp.json"
    return max(metadata.glob(f"*.{role}.json"), key=lambda path: int(path.name.partition(".")[0]))


def changed(path: Path, change: Callable[[dict], None]) -> None:  # type: ignore[type-arg]
    document = json.loads(path.read_text("utf-8"))
    change(document["signed"])
    path.write_text(json.dumps(document), "utf-8")


def a_pack_was_changed(publisher: Publisher) -> None:
    for path in (publisher.public / "targets/packs").rglob("*"):
        if path.is_file():
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)


def a_pack_is_another(publisher: Publisher) -> None:
    """As a server that confuses two of them would give it out."""
    paths = [path for path in (publisher.public / "targets/packs").rglob("*") if path.is_file()]
    contents = [path.read_bytes() for path in paths]
    for path, content in zip(paths, contents[1:] + contents[:1], strict=True):
        path.write_bytes(content)


def the_description_was_changed(publisher: Publisher) -> None:
    path = publisher.public / "targets" / DESCRIPTION
    path.write_bytes(path.read_bytes().replace(b"x86_64", b"x86_65").replace(b"aarch64", b"aarch65"))


def the_targets_were_changed(publisher: Publisher) -> None:
    changed(newest(publisher, "targets"), lambda signed: signed["targets"][DESCRIPTION]["custom"].update(rollout=1))


def the_timestamp_was_changed(publisher: Publisher) -> None:
    changed(newest(publisher, "timestamp"), lambda signed: signed.update(version=signed["version"] + 5))


def somebody_else_signs(publisher: Publisher) -> None:
    """A whole repository with keys of its own, in the place of ours."""
    shutil.rmtree(publisher.public)
    other = Repository(publisher.public, Keys(publisher.folder / "other"))
    other.init()
    other.add(publisher.made("9.0.0"), "stable")


def the_root_changes_hands_unasked(publisher: Publisher) -> None:
    """A newer root that only its own new key has signed."""
    root = Metadata[Root].from_file(str(newest(publisher, "root")))
    key = Keys(publisher.folder / "other").make("root")
    for old in list(root.signed.roles["root"].keyids):
        root.signed.revoke_key(old, "root")
    root.signed.add_key(key.public_key, "root")
    root.signed.version += 1
    root.sign(key)
    root.to_file(str(publisher.public / "metadata" / f"{root.signed.version}.root.json"))


def the_old_key_signs_after_it_was_changed(publisher: Publisher) -> None:
    """Whoever has stolen the key of the targets, which were given another one since."""
    stolen = publisher.keys.signer("targets")
    publisher.repository.rotate("targets")
    targets = Metadata[Targets].from_file(str(newest(publisher, "targets")))
    targets.signed.version += 1
    targets.sign(stolen)
    targets.to_file(str(publisher.public / "metadata" / f"{targets.signed.version}.targets.json"))
    publisher.repository.refresh()


def time_stands_still(publisher: Publisher) -> None:
    """What is newer is held back: the last word is from a month ago."""
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=30)
    Repository(publisher.public, publisher.keys, then).refresh()


def parts_do_not_belong_together(publisher: Publisher) -> None:
    """The newest snapshot, and in place of the targets that it names those of before, which are signed, too."""
    before = newest(publisher, "targets").read_bytes()
    publisher.repository.rollout("stable", 50)
    newest(publisher, "targets").write_bytes(before)


def the_timestamp_never_ends(publisher: Publisher) -> None:
    path = newest(publisher, "timestamp")
    path.write_bytes(path.read_bytes() + b" " * 20_000)


def the_root_never_ends(publisher: Publisher) -> None:
    (publisher.public / "metadata/2.root.json").write_bytes(b"{" + b" " * 100_000)


def the_description_never_ends(publisher: Publisher) -> None:
    path = publisher.public / "targets" / DESCRIPTION
    path.write_bytes(path.read_bytes() + b" " * 100_000)


def the_packs_never_end(publisher: Publisher) -> None:
    for path in (publisher.public / "targets/packs").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes() + bytes(3_000_000))


def it_is_no_metadata(publisher: Publisher) -> None:
    newest(publisher, "timestamp").write_bytes(b"<html>Welcome to this hotel</html>")


def it_is_for_another_machine(publisher: Publisher) -> None:
    """Signed, but by mistake under the name of this one's."""
    _sign(publisher, lambda made: made.__class__(**{**_fields(made), "machine": "pdp11"}))


def it_writes_elsewhere(publisher: Publisher) -> None:
    def outside(made):  # type: ignore[no-untyped-def]
        pack = made.packs[0]
        file = pack.files[0].__class__(**{**_fields(pack.files[0]), "path": "lib/../../../etc/passwd"})
        return made.__class__(**{**_fields(made), "packs": (pack.__class__(**{**_fields(pack), "files": (file,)}),)})

    _sign(publisher, outside)


def _fields(struct: object) -> dict[str, object]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}  # type: ignore[attr-defined]


def _sign(publisher: Publisher, change: Callable) -> None:  # type: ignore[type-arg]
    path = publisher.public / "targets" / DESCRIPTION
    path.write_bytes(written(change(publisher.made("0.3.0"))))
    targets = publisher.repository
    targets._edit({DESCRIPTION: targets._target(DESCRIPTION, {"rollout": 100})})


ATTACKS: dict[Attack, str] = {
    a_pack_was_changed: "is not (what was signed|the file it should be)",
    a_pack_is_another: "is not what was signed|the download stopped|is not the file it should be",
    the_description_was_changed: "is not what was signed",
    the_targets_were_changed: "more than it may|do not belong together",
    the_timestamp_was_changed: "not signed by whom it should be: timestamp",
    somebody_else_signs: "not signed by whom it should be: timestamp",
    the_root_changes_hands_unasked: "not signed by whom it should be: root",
    the_old_key_signs_after_it_was_changed: "not signed by whom it should be: targets",
    time_stands_still: "out of date",
    parts_do_not_belong_together: "more than it may|do not belong together",
    the_timestamp_never_ends: "more than it may",
    the_root_never_ends: "more than it may",
    the_description_never_ends: "is not what was signed",
    the_packs_never_end: "is not (what was signed|the file it should be)",
    it_is_no_metadata: "is not believed",
    it_is_for_another_machine: "is for pdp11",
    it_writes_elsewhere: "no proper list of files",
}
"""And what is said of it."""
named = pytest.mark.parametrize(("attack", "says"), ATTACKS.items(), ids=[attack.__name__ for attack in ATTACKS])


@named
async def test_who_fetches_does_not_take_it(
    attack: Attack, says: str, publisher: Publisher, board: Board, source: Source, models: Store
) -> None:
    before = board.install(publisher, "0.1.0")
    publisher.publish("0.2.0", files={"lib/new": b"new" * 1000})
    attack(publisher)
    publisher.serve()
    with pytest.raises(UpdateError, match=says):
        await fetch(source, board.places, board.spool, models, lambda _: None, by_person=True)
    assert board.current.name == before
    # However much it was sent: no more than was signed for is kept.
    kept = sum(path.stat().st_size for path in board.spool.folder.rglob("*") if path.is_file())
    assert kept < 500_000


@named
def test_root_s_part_does_not_lay_it(attack: Attack, says: str, publisher: Publisher, board: Board) -> None:
    before = board.install(publisher, "0.1.0")
    publisher.publish("0.2.0", files={"lib/new": b"new" * 1000})
    attack(publisher)
    carried(publisher, board.spool)
    with pytest.raises(UpdateRefused, match=says):
        laying.lay(laying.verified("stable", board.places, board.spool), board.places, board.spool)
    assert board.current.name == before
    assert [folder.name for folder in board.places.releases.iterdir()] == [before]


def test_what_is_not_attacked_is_laid(publisher: Publisher, board: Board) -> None:
    """So that the tests above can fail."""
    board.install(publisher, "0.1.0")
    made = publisher.publish("0.2.0", files={"lib/new": b"new" * 1000})
    carried(publisher, board.spool)
    laying.lay(laying.verified("stable", board.places, board.spool), board.places, board.spool)
    assert (board.places.releases / made.name / "lib/new").read_bytes() == b"new" * 1000


# -- time does not go back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["fetches", "root"])
async def test_a_copy_of_before_is_not_believed(
    side: str, publisher: Publisher, board: Board, source: Source, models: Store, tmp_path: Path
) -> None:
    """All of it is properly signed, and was right once."""
    board.install(publisher, "0.1.0")
    publisher.publish("0.2.0")
    shutil.copytree(publisher.public, tmp_path / "before")
    publisher.publish("0.3.0")
    carried(publisher, board.spool)
    laying.verified("stable", board.places, board.spool)
    await fetch(source, board.places, board.spool, models, lambda _: None, by_person=True)
    shutil.rmtree(publisher.public)
    (tmp_path / "before").rename(publisher.public)
    publisher.serve()
    if side == "root":
        carried(publisher, board.spool)
        with pytest.raises(UpdateRefused, match="says less than before"):
            laying.verified("stable", board.places, board.spool)
    else:
        with pytest.raises(UpdateRefused, match="says less than before"):
            await fetch(source, board.places, board.spool, models, lambda _: None, by_person=True)


async def test_an_older_version_is_neither_published_nor_taken(
    publisher: Publisher, board: Board, source: Source, models: Store
) -> None:
    board.install(publisher, "0.2.0")
    publisher.publish("0.1.0")
    looked = await fetch(source, board.places, board.spool, models, lambda _: None, by_person=True)
    assert (looked.release, looked.found.release) == (None, "")
    carried(publisher, board.spool)
    with pytest.raises(UpdateRefused, match="no newer"):
        laying.verified("stable", board.places, board.spool)
    publisher.publish("0.3.0")
    with pytest.raises(NotPublished, match="no newer"):
        publisher.publish("0.2.9")


# -- keys change -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
async def test_another_key_is_taken_over_from_who_has_the_root_s(
    role: str, publisher: Publisher, board: Board, source: Source, models: Store
) -> None:
    board.install(publisher, "0.1.0")
    publisher.publish("0.2.0")
    await fetch(source, board.places, board.spool, models, lambda _: None, by_person=True)
    publisher.repository.rotate(role)
    made = publisher.publish("0.3.0")
    await fetch(source, board.places, board.spool, models, lambda _: None, by_person=True)
    assert laying.verified("stable", board.places, board.spool) == made


def test_keys_are_for_their_owner_alone_and_may_have_a_passphrase(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys", b"correct horse")
    made = keys.make("targets")
    assert keys.file("targets").stat().st_mode & 0o777 == 0o600
    assert isinstance(keys.signer("targets"), CryptoSigner)
    assert keys.signer("targets").public_key == made.public_key
    with pytest.raises(ValueError, match=r"[Ii]ncorrect|decrypt|password"):
        Keys(tmp_path / "keys", b"wrong").signer("targets")


# -- what lies in the spool is somebody else's --------------------------------------------------------------------------


def test_root_follows_no_link_out_of_the_spool(publisher: Publisher, board: Board, tmp_path: Path) -> None:
    board.install(publisher, "0.1.0")
    made = publisher.publish("0.2.0")
    carried(publisher, board.spool)
    (pack,) = (pack for pack in made.packs if pack.name == "hearthside")
    secret = tmp_path / "secret"
    (board.spool.packs / pack.sha256).rename(secret)
    (board.spool.packs / pack.sha256).symlink_to(secret)
    assert pack_path(pack).endswith(pack.sha256)
    with pytest.raises(UpdateError, match="was not fetched"):
        laying.lay(laying.verified("stable", board.places, board.spool), board.places, board.spool)


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json"])
def test_root_waits_for_no_pipe(name: str, publisher: Publisher, board: Board) -> None:
    board.install(publisher, "0.1.0")
    publisher.publish("0.2.0")
    carried(publisher, board.spool)
    (board.spool.metadata / name).unlink()
    os.mkfifo(board.spool.metadata / name)
    with pytest.raises(UpdateError):
        laying.verified("stable", board.places, board.spool)


def test_timestamps_expire_within_weeks(publisher: Publisher, server: Server) -> None:
    """So nobody can hold back a release for longer."""
    publisher.publish("0.2.0")
    timestamp = Metadata[Timestamp].from_file(str(newest(publisher, "timestamp")))
    assert timestamp.signed.expires - datetime.datetime.now(datetime.UTC) <= datetime.timedelta(days=14)
    assert "/metadata/timestamp.json" in server.files


@pytest.mark.parametrize(
    "name", [f"{'9' * 5000}.0.0-00000000", "\u0663.0.0-00000000", "1.0-00000000", "../1.0.0-00000000"], ids=range(4)
)
def test_a_name_is_a_version_and_no_more(name: str) -> None:
    assert number("10.20.30-0123abcd") == (10, 20, 30)
    with pytest.raises(UpdateRefused, match="no name of a release"):
        number(name)
