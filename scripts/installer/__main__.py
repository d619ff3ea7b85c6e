"""``python3 -m scripts.installer``; called by ``scripts/install``."""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from scripts.installer import answers, reach, release, secrets, services
from scripts.installer.places import SECRETS, Places
from scripts.prepare.ending import CannotGoOn, check_machine, exit_code
from scripts.prepare.system import by_hand

_LOCK: Final = Path("/run/hearthside-install.lock")
_ERASED: Final = "All that it knows, in {}, is erased with it; --keep-data keeps that. Go on"


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    asked = _parser().parse_args(arguments)
    os.environ.pop("PYTHONPATH", None)
    return exit_code(lambda: _done(asked), interrupted="nothing that ran was changed; run it again")


def _done(asked: argparse.Namespace) -> int:
    """Returns the exit code. Raises CannotGoOn, StepFailed, CalledProcessError, OSError."""
    if os.geteuid() != 0:
        raise CannotGoOn("this needs root — sudo ./scripts/install")
    with _alone():
        if asked.packaged:
            set_up(Places(packaged=True), asked)
        elif asked.uninstall:
            uninstall(Places(), asked)
        else:
            check_machine()
            install(Places(), asked)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/install", description="Install Hearthside as a service, or update it.")
    parser.add_argument("--yes", "-y", action="store_true", help="ask nothing: take what is given, else the defaults")
    parser.add_argument("--room", help='name of the room, as in "turn on the light" here')
    parser.add_argument("--broker", help="address of the MQTT broker: HOST or HOST:PORT")
    parser.add_argument("--language", choices=answers.LANGUAGES)
    parser.add_argument("--no-sound", action="store_true", help="neither microphone nor loudspeaker: asked in writing")
    parser.add_argument("--mqtt-user", metavar="NAME", help="its name at the broker, where that asks for one")
    parser.add_argument(
        "--mqtt-password-file", type=Path, metavar="FILE", help="keep the password of this file as a secret"
    )
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="all packages, where there is no network")
    parser.add_argument("--models", type=Path, metavar="DIR", help="the models, where there is no network")
    parser.add_argument(
        "--update-root", type=Path, metavar="FILE", help="whose releases it may take by itself: docs/updates.md"
    )
    parser.add_argument("--bridge", action="store_true", help="also what `hearth-cloud` needs")
    parser.add_argument("--uninstall", action="store_true", help="remove all of it")
    parser.add_argument("--packaged", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--keep-data", action="store_true", help="with --uninstall: settings and data stay")
    return parser


@contextmanager
def _alone() -> Iterator[None]:
    """A connection may have been lost, and its installation gone on. Raises CannotGoOn."""
    with _LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotGoOn("another installation is still going on — wait for its end, and run it again") from None
        yield


def install(places: Places, asked: argparse.Namespace) -> None:
    """Everything, or what has changed since. Raises CannotGoOn, StepFailed."""
    begun = time.monotonic()
    before, ran = release.installed(places), services.is_active()
    release.check_room(places, bridge=asked.bridge or release.has_bridge(places))
    said = _answers(places, asked)
    if still := release.system_packages(places.log):
        raise CannotGoOn(f"{', '.join(still)} missing — {by_hand(still)}")
    wanted = release.Wanted(_folder(asked.wheels), asked.bridge or release.has_bridge(places))
    made = release.make(places, wanted)
    services.lay(places, services.systemd_version())
    services.make_user(places)
    _settle(places, said, asked)
    _fetch_models(places, places.releases / made, _folder(asked.models))
    release.switch(places, made)
    _anchor(places, asked.update_root)
    services.enable()
    _start(places, made, before, ran=ran)
    release.prove(places)
    release.remove_others(places)
    shutil.rmtree(places.packages, ignore_errors=True)
    services.attend_updates()
    print(f"{_told(before, made)} in {time.monotonic() - begun:.0f} s")
    _check(places)


def set_up(places: Places, asked: argparse.Namespace) -> None:
    """What a Debian package can't do while it is installed: ask, and fetch the models. Raises CannotGoOn."""
    said = _answers(places, asked)
    _settle(places, said, asked)
    _fetch_models(places, places.current, _folder(asked.models))
    _start(places, "", None, ran=False)
    _check(places)


def _answers(places: Places, asked: argparse.Namespace) -> answers.Answers:
    may_ask = not asked.yes and sys.stdin.isatty() and not places.settings.exists()
    given = {"room": asked.room, "broker": asked.broker, "language": asked.language, "user": asked.mqtt_user}
    return answers.ask(given, sound=not asked.no_sound, may_ask=may_ask)


def _anchor(places: Places, root: Path | None) -> None:
    """Only root may say whose releases are believed: the settings are the assistant's to write."""
    if root is None:
        return
    places.anchor.parent.mkdir(parents=True, exist_ok=True)
    # What was believed by the keys of another one is not believed any more.
    shutil.rmtree(places.anchor.parent / "trusted", ignore_errors=True)
    shutil.copyfile(root, places.anchor)
    places.anchor.chmod(0o644)


def _settle(places: Places, said: answers.Answers, asked: argparse.Namespace) -> None:
    """Settings and secrets."""
    if answers.write_settings(places.settings, said):
        print(f"settings: {places.settings}")
        for hint in reach.hints(said.host):
            print(f"hearth: {hint}", file=sys.stderr)
    if said.password:
        secrets.keep(places.credentials, SECRETS[0], said.password)
    if asked.mqtt_password_file:
        secrets.keep(places.credentials, SECRETS[0], asked.mqtt_password_file.read_text("utf-8").strip())
    services.own(places)


def _check(places: Places) -> None:
    if services.runs():
        subprocess.run([places.programs / "hearth", "check"], check=False)


def uninstall(places: Places, asked: argparse.Namespace) -> None:
    """Nothing is left, or only settings and data, of which the user stays the owner."""
    if not (asked.keep_data or asked.yes) and sys.stdin.isatty() and not answers.agrees(_ERASED.format(places.state)):
        raise CannotGoOn("nothing was removed")
    services.stop()
    services.remove(places)
    shutil.rmtree(places.opt, ignore_errors=True)
    shutil.rmtree(places.log, ignore_errors=True)
    shutil.rmtree(places.cache, ignore_errors=True)
    if asked.keep_data:
        print(f"removed; settings and data are kept in {places.etc} and {places.state}")
        return
    for folder in (places.state, *places.bridge_state):
        if folder.is_symlink():
            folder.unlink()
        shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(places.etc, ignore_errors=True)
    for name in SECRETS:
        (places.credentials / name).unlink(missing_ok=True)
    if not services.is_of_a_package(places.credentials):  # of systemd's own, in Debian 13
        with suppress(OSError):  # other programs keep theirs there, too
            places.credentials.rmdir()
    services.remove_user()
    print("removed, and nothing is left of it")


def _fetch_models(places: Places, programs: Path, mirror: Path | None) -> None:
    """As root, since a folder that was given may be root's; then they belong to the user. Raises CannotGoOn."""
    environ = {**os.environ, "HEARTH_DATA_DIR": str(places.state), "HEARTH_MODELS_DIR": str(places.models)}
    if mirror is not None:
        environ["HEARTH_MODELS__MIRROR"] = str(mirror)
    # It shows its own progress, and says in one line what is wrong.
    line = [str(programs / "bin/hearth"), "models", "fetch", "--needed"]
    if subprocess.run(line, env=environ, check=False).returncode:
        raise CannotGoOn("not all models are there — run it again, it goes on where it stopped")
    places.complete.touch()
    services.own(places)


def _start(places: Places, made: str, before: str | None, *, ran: bool) -> None:
    """Start what was installed; where the version before ran and this one does not, go back. Raises CannotGoOn."""
    if not services.runs():
        print("systemd does not run here: it starts with the machine")
        return
    print("starting", file=sys.stderr)
    if services.restart():
        return
    if not ran or before is None or before == made or not (places.releases / before).exists():
        print("hearth: it does not start yet, and is tried again — journalctl -u hearthside", file=sys.stderr)
        return
    release.switch(places, before)
    services.restart()
    shutil.rmtree(places.releases / made, ignore_errors=True)
    what = f"{release.version(made)} does not start, so {release.version(before)} runs again"
    raise CannotGoOn(f"{what} — journalctl -u hearthside says why")


def _told(before: str | None, made: str) -> str:
    new = release.version(made)
    if before is None:
        return f"Hearthside {new} is installed"
    if before == made:
        return f"Hearthside {new} was installed already, and is complete"
    return f"Hearthside {release.version(before)} is now {new}" + (
        " (another build)" if before[:-8] == made[:-8] else ""
    )


def _folder(path: Path | None) -> Path | None:
    if path is not None and not path.is_dir():
        raise CannotGoOn(f"{path} is no folder")
    return path.resolve() if path is not None else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
