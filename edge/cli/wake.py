"""``hearth wake``: a wake word of one's own."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.cli.options import Config, print_json, settings_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edge.settings import Settings
    from edge.wake.training.collect import Budget
    from edge.wake.training.speaking import Speaker
    from edge.wake.training.train import Progress, Trained

app = typer.Typer(help="A wake word of your own.", no_args_is_help=True)

_SUFFIXES = frozenset({".wav", ".flac", ".ogg"})
_MOST_RECORDINGS = 10
_SEED = 1


@app.callback()
def wake() -> None:
    """A wake word of your own."""


@app.command(epilog='Example: `hearth wake train "hey lantern" --recordings my-clips/ --plot curve.svg`')
def train(
    phrase: Annotated[str, typer.Argument(help="What you will say.", show_default=False)],
    recordings: Annotated[
        Path | None,
        typer.Option(help="Folder of up to ten recordings of you saying it, one in each.", show_default=False),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the model goes.", show_default=False)] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Picture of its curve, such as curve.svg.", show_default=False)
    ] = None,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="Progress and result as JSON lines.")] = False,
) -> None:
    """Train a model for a wake word from its phrase alone, or better with a few recordings. Takes some minutes."""
    from edge.wake.training import export
    from edge.wake.training.collect import Budget
    from edge.wake.training.plot import draw

    settings = settings_of(config)
    path = (out or settings.data_dir / "wake" / f"{_file_name(phrase)}.onnx").absolute()
    sounds = read_recordings(recordings) if recordings else []
    check_installed(plot is not None)
    if as_json:
        trained = train_word(settings, phrase, sounds, Budget(), _SEED, _print_progress)
    else:
        trained = _with_progress(settings, phrase, sounds, Budget())
    export.write_trained(trained, path)
    if plot is not None:
        draw(trained, plot)
    if as_json:
        _print_trained(trained, path)
    else:
        _tell(trained, path, plot)


def read_recordings(folder: Path) -> "list[npt.NDArray[np.float32]]":
    """The first ten recordings in ``folder``, by name: float32, 16 kHz, ±1. Raises TrainingError, AudioError."""
    import numpy as np

    from edge.audio.wavfile import read_recording
    from edge.wake.training.errors import TrainingError

    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES) if folder.is_dir() else []
    if not files:
        raise TrainingError(f"{folder} has no recordings", "put WAV, FLAC or OGG files there, one word in each")
    return [read_recording(file).astype(np.float32) / np.float32(32768) for file in files[:_MOST_RECORDINGS]]


def check_installed(plot: bool) -> None:
    """Raises TrainingError for what is missing, before minutes are spent."""
    import importlib.util

    from edge.wake.training.errors import TrainingError

    needed = {"sklearn": "scikit-learn", "onnx": "onnx"} | ({"matplotlib": "matplotlib"} if plot else {})
    missing = [package for module, package in needed.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise TrainingError(f"training needs {', '.join(missing)}", "pip install 'hearthside[train]'")


def train_word(
    settings: "Settings",
    phrase: str,
    recordings: "list[npt.NDArray[np.float32]]",
    budget: "Budget",
    seed: int,
    progress: "Progress",
) -> "Trained":
    """With the installed voices. Raises TrainingError, ModelError."""
    from edge.wake import embedding
    from edge.wake.training.train import train as train_model
    from models.store import Store

    store = Store(settings.models_dir)
    speech = embedding.build(store.require("speech-embedding"))
    voice = next(store.require(settings.speak.voice).glob("*.onnx"))
    return train_model(phrase, speaker(voice), recordings, speech, budget, seed, progress)


def speaker(voice: Path) -> "Speaker":
    """The Piper voice in the file ``voice``, and espeak-ng's many where that program is installed."""
    from edge.speak import espeak_voices, piper_varied
    from edge.wake.training.speaking import Choir

    piper = piper_varied.build(voice)
    many = espeak_voices.installed()
    # Piper is the more natural, espeak-ng has the more throats and is ten times as quick.
    return Choir([(piper, 0.3), (many, 0.7)]) if many else piper


def _with_progress(
    settings: "Settings", phrase: str, recordings: "list[npt.NDArray[np.float32]]", budget: "Budget"
) -> "Trained":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {stage: bars.add_task(stage, total=None) for stage in ("speaking", "listening", "learning")}

        def show(stage: str, done: int, total: int) -> None:
            bars.update(tasks[stage], completed=done, total=total)

        return train_word(settings, phrase, recordings, budget, _SEED, show)


def _print_progress(stage: str, done: int, total: int) -> None:
    print_json({"type": "progress", "stage": stage, "done": done, "total": total})


def _print_trained(trained: "Trained", path: Path) -> None:
    from dataclasses import asdict

    held_back = asdict(trained.held_back)
    print_json({"type": "trained", "model": str(path), "words": trained.words, "hours": trained.hours, **held_back})


def _tell(trained: "Trained", path: Path, plot: Path | None) -> None:
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    measure = trained.held_back
    console.print(
        f"On {trained.words} held-back examples it wakes for {measure.recall:.0%}, and {trained.hours * 60:.0f} min of"
        f" other speech, near misses above all, wake it {measure.false_accepts_per_hour:.1f} times an hour."
    )
    if plot is not None:
        console.print(f"Its curve is in {plot}.")
    console.print("To use it, put into the settings under \\[wake]:")
    print(f'engine = "openwakeword"\nwords = ["{path}"]')


def _file_name(phrase: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", phrase.lower()).strip("_") or "wake_word"
