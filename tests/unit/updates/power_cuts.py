"""The whole exchange, cut at each operation on the file system: ``python power_cuts.py ENDING FOLDER EVERY``.

A child does the work and dies, as by kill -9, at its n-th operation, n by n or each EVERY-th (os.rename, os.link, open for writing and the like,
as CPython's audit events tell them); then others go on with what is on the disk, the first of which dies, too. Prints how
many cuts there were.
"""

import os
import shutil
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from msgspec.structs import replace

from edge.updates import __main__ as roots_part
from edge.updates import laying, versions, word
from edge.updates.exchange import Exchange, Rules
from edge.updates.word import Found, Health, Wish
from tests.unit.models.served import Server
from tests.unit.updates.publisher import Board, Publisher, board, carried
from tests.unit.updates.service import Service

RULES = Rules(look_s=0.0, well_s=0.0, failures=3, ready_s=60, patience_s=60)
CHANGES = frozenset(
    {"os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree"}
)
CUT, DONE = 9, 0
os.fsync = lambda _: None  # a process that dies loses nothing of it; what is synced when is another test's


class Cutter:
    """Ends the process before the n-th change; 0: never."""

    def __init__(self) -> None:
        self.left = 0
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.left == 0:
            return
        flags = arguments[2] if event == "open" and isinstance(arguments[2], int) else 0
        if event in CHANGES or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self.left -= 1
            if self.left == 0:
                os._exit(CUT)


CUTTER = Cutter()


def dies(work: Callable[[], None], at: int) -> bool:
    """Whether ``work``, in a child, came to its ``at``-th change. Raises AssertionError where it failed otherwise."""
    child = os.fork()
    if child == 0:
        CUTTER.left = at
        try:
            work()
        except BaseException:  # noqa: BLE001  # it ends here, whatever it was
            traceback.print_exc()
            os._exit(1)
        os._exit(DONE)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (CUT, DONE), code
    return code == CUT


def starts(made: Board, known: set[str]) -> str:
    """The board is switched on: what runs then. Raises AssertionError where nothing whole would."""
    for link in (made.places.current, made.places.proven):
        name = versions.led_to(link)
        assert name in known, f"{link.name} leads to {name!r}"
        folder = link.resolve()
        assert (folder / "bin/hearth").stat().st_mode & 0o111
        version = name.partition("-")[0]
        (module,) = folder.glob("lib/python3*/site-packages/edge/__init__.py")
        assert module.read_text() == f'VERSION = "{version}"\n', "it is half of one, half of another"
    return versions.led_to(made.places.current)


def goes_on(made: Board, sick: bool, new: str) -> None:
    """Root's part, after a start of the board, until there is nothing left to do."""
    service = Service(made.places, sick=frozenset({new} if sick else ()))
    service.start()

    def finds_itself() -> None:
        word.leave(
            made.spool.health,
            Health(release=service.runs, invocation=service.invocation, failing=(), at=0),
        )

    service.looked = finds_itself
    anyio.run(roots_part.work, made.places, made.spool, Exchange(made.places, made.spool, service, RULES, made.units))


def prepared(ending: str, folder: Path) -> tuple[Board, str, str]:
    """A board that is asked for what leads to that ``ending``; with the release that runs, and the other one."""
    publisher, made = Publisher(folder / "publisher", Server()), board(folder)
    old = made.install(publisher, "0.1.0")
    new = publisher.publish("0.2.0").name
    carried(publisher, made.spool)
    word.leave(made.spool.found, Found(at=0, release=new, fetched=True))
    found = laying.verified("stable", made.places, made.spool)
    laying.lay(found, made.places, made.spool)
    versions.keep(made.places, replace(versions.state(made.places), laid=new))
    word.ask(made.spool, Wish.SWITCH, release=new)
    if ending == "rolled back":
        goes_on(made, False, new)
        assert starts(made, {new}) == new
        word.ask(made.spool, Wish.ROLL_BACK)
    return made, old, new


def main(ending: str, root: Path, every: int) -> None:
    template, cuts = root / "template", 0
    _, old, new = prepared(ending, template)
    where = {"applied": {old, new}, "undone": {old}, "rolled back": {old, new}}[ending]
    at = 1
    while True:
        folder = root / "board"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template, folder, symlinks=True)
        for link in folder.glob("opt/*"):
            if link.is_symlink():
                target = folder / "opt/releases" / link.readlink().name
                link.unlink()
                link.symlink_to(target)
        here = board_at(folder)

        def work(here: Board = here) -> None:
            for _ in range(2):  # the second time removes what was left
                goes_on(here, ending == "undone", new)

        again = dies(work, at)
        starts(here, {old, new})
        if again:
            cuts += 1
            # The power comes back, and goes once more, a little later.
            cuts += dies(work, 1 + at % 7)
            starts(here, {old, new})
        work()
        assert starts(here, where) in where
        state = versions.state(here.places)
        assert state.trial is None, "nothing is left half done"
        assert not state.leaving
        assert versions.led_to(here.places.current) == versions.led_to(here.places.proven)
        if not again:
            assert starts(here, where) == (new if ending == "applied" else old), "and by itself it comes to its end"
            break
        at += every
    print(cuts)


def board_at(folder: Path) -> Board:
    from edge.updates.places import Places, Spool

    return Board(Places(folder / "opt"), Spool(folder / "data/update"), folder / "units")


if __name__ == "__main__":
    assert threading.active_count() == 1
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
