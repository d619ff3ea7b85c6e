"""``hearth update check · apply · rollback · status``."""

import time
from typing import TYPE_CHECKING, Final

import anyio
import typer

from edge.cli.options import Config, Json, print_json, settings_of

if TYPE_CHECKING:
    from edge.settings import Settings
    from edge.updates.story import Story
    from edge.updates.word import Last, Wish

_LOOK_S: Final = 0.5
_BEGIN_S: Final = 30.0
"""Within which the units must have begun: the programs that they start may take longer to tell, and to look."""

_STAGES: Final = {
    "nothing": "looking",
    "asked": "asking",
    "fetching": "fetching",
    "laying": "verifying, and laying it beside what runs",
    "waiting": "it lies ready, and waits until nobody talks to the assistant",
    "trial": "it runs, and shows for some minutes whether it is well",
}

app = typer.Typer(no_args_is_help=True, help="Newer versions: see, take, go back. See docs/updates.md.")


@app.command(epilog="Example: `hearth update check`")
def check(as_json: Json = False, config: Config = None) -> None:
    """See whether there is a newer version, by signed metadata alone. Nothing is changed."""
    from edge.service import run_async
    from edge.updates.attending import source
    from edge.updates.looking import look
    from edge.updates.places import Places, Spool

    settings = settings_of(config)
    looked = run_async(look, source(settings), Places(), Spool.of(settings.data_dir))
    found = looked.found
    if as_json:
        print_json({"release": found.release or None, "rollout": found.rollout, "mine": looked.mine})
    elif looked.release is None:
        print("there is no newer version")
    else:
        by_itself = (
            "" if looked.mine else f" (by itself it goes to {found.rollout:g} % of the devices, not to this one)"
        )
        print(f"{looked.release.version} is there{by_itself}; to take it: hearth update apply")


@app.command(epilog="Example: `hearth update apply`")
def apply(config: Config = None) -> None:
    """Take the newest version once nobody talks to the assistant; where it is not well, the old one comes back."""
    from edge.service import run_async
    from edge.updates.word import Wish

    run_async(_have_done, settings_of(config), Wish.APPLY)


@app.command(epilog="Example: `hearth update rollback`")
def rollback(config: Config = None) -> None:
    """Go back to the version that ran here before."""
    from edge.service import run_async
    from edge.updates.word import Wish

    run_async(_have_done, settings_of(config), Wish.ROLL_BACK)


@app.command(epilog="Example: `hearth update status`")
def status(as_json: Json = False, config: Config = None) -> None:
    """Say what runs, what there is, and how the last update ended."""
    from edge.updates.places import Places, Spool
    from edge.updates.story import story

    row = story(Places(), Spool.of(settings_of(config).data_dir)).as_json()
    if as_json:
        print_json(row)
        return
    for name, value in row.items():
        if value:
            print(f"{name.replace('_', ' ')}: {value}")


@app.command(hidden=True)
def attend(config: Config = None) -> None:
    """What `hearthside-update-fetch.service` does."""
    from edge.service import log_to_stderr, run_async
    from edge.updates import attending
    from edge.updates.places import Places, Spool

    settings = settings_of(config)
    log_to_stderr(settings.log_level, settings.log_format)
    run_async(attending.attend, settings, Places(), Spool.of(settings.data_dir))


async def _have_done(settings: "Settings", wish: "Wish") -> None:
    """Ask the units for it, and show how it goes on until it is over. Raises UpdateError."""
    from rich.console import Console

    from edge.updates import versions
    from edge.updates.attending import source
    from edge.updates.errors import UpdateError
    from edge.updates.places import Places, Spool
    from edge.updates.story import Stage, story
    from edge.updates.systemd import at_work
    from edge.updates.word import Result, Wish, ask

    places, spool = Places(), Spool.of(settings.data_dir)
    versions.installed(places)
    if wish is Wish.APPLY:
        source(settings)  # what is missing for it is said at once
    before = versions.state(places).last
    ask(spool, wish, settings.update.channel, by_person=True)
    asked, begun = time.monotonic(), False
    with Console(stderr=True).status("asking") as line:
        while True:
            await anyio.sleep(_LOOK_S)
            now = story(places, spool)
            line.update(_in_words(now))
            begun = begun or now.stage is not Stage.ASKED
            if not begun and time.monotonic() - asked > _BEGIN_S and not at_work():
                raise UpdateError("nothing works on it", "systemctl status hearthside-update.path")
            if now.stage is Stage.NOTHING or (now.last is not None and now.last != before):
                break
    if now.error:
        raise UpdateError(now.error, "")
    said = _outcome(now, before)
    if now.last is not None and now.last != before and now.last.result in (Result.UNDONE, Result.PUT_OFF):
        raise UpdateError(said, "the version before runs")
    print(said)


def _in_words(now: "Story") -> str:
    if now.size and now.stage.value == "fetching":
        return f"fetching {now.available}: {now.done / 1e6:.1f} of {now.size / 1e6:.1f} MB"
    return _STAGES[now.stage.value]


def _outcome(now: "Story", before: "Last | None") -> str:
    last = now.last
    if last is None or last == before:
        return "there is no newer version"
    why = f": {last.why}" if last.why else ""
    return f"{last.release.partition('-')[0]}: {last.result.value}{why}"
