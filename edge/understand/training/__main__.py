"""``python -m edge.understand.training``: make examples, train the local model on them, write its adapter."""

import dataclasses
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edge.understand.training.asking import Scenes
    from edge.understand.training.train import Progress

app = typer.Typer(help="Train the local model.", no_args_is_help=True)

_SEED = 1
_CHECKPOINT_S = 60.0
Data = Annotated[
    Path | None,
    typer.Option(help="Folder with crowd sentences; those that are for measuring are avoided.", show_default=False),
]


@app.command(epilog="Example: `python -m edge.understand.training generate --count 1000 --out out/samples.jsonl`")
def generate(
    count: int = 1000,
    out: Path = Path("out/samples.jsonl"),
    data: Data = None,
    seed: int = _SEED,
    unseen: Annotated[bool, typer.Option(help="In homes that are kept for measuring.")] = False,
) -> None:
    """Write examples as JSON lines."""
    from edge.understand.training.samples import samples

    scenes, measured = _crowd(data)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as file:
        for sample in samples(seed, count, measured, scenes, unseen=unseen):
            row = {"kind": sample.kind, "asked": sample.asked, "answer": sample.answer}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


@app.command(epilog="Example: `python -m edge.understand.training train base.gguf --data DIR --out out/lora`")
def train(
    base: Path,
    out: Path = Path("out/lora"),
    data: Data = None,
    count: int = 14_000,
    minutes: Annotated[float, typer.Option(help="Stop after so long.")] = 60.0,
    seed: int = _SEED,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; the latter where there is one.")] = None,
    begun: Annotated[
        Path | None, typer.Option(help="Adapter to go on with: a saved folder, or GGUF. Give another seed, too.")
    ] = None,
    half: Annotated[bool, typer.Option(help="Compute in bfloat16: twice as fast where the processor has it.")] = False,
    rate: Annotated[float, typer.Option(help="Learning rate at its highest.")] = 7e-4,
) -> None:
    """Train the adapter, saved every minute and at the end."""
    import torch

    from edge.understand.training.samples import samples
    from edge.understand.training.train import Recipe, Trainer

    scenes, measured = _crowd(data)
    processor = device or ("cuda" if torch.cuda.is_available() else "cpu")
    trainer = Trainer(base, Recipe(seed=seed, rate=rate), processor, begun, half=half)
    saved = time.monotonic()

    def tell(progress: "Progress") -> None:
        nonlocal saved
        line = dataclasses.asdict(progress)
        typer.echo(json.dumps({name: round(value, 4) for name, value in line.items()}))
        if time.monotonic() - saved > _CHECKPOINT_S:
            trainer.save(out)
            saved = time.monotonic()

    trainer.train(samples(seed, count, measured, scenes), count, minutes * 60, tell)
    trainer.save(out)


@app.command(epilog="Example: `python -m edge.understand.training export out/lora base.gguf models/adapters/new.gguf`")
def export(trained: Path, base: Path, out: Path) -> None:
    """Write the adapter as llama.cpp reads it."""
    from edge.understand.training.adapter import write

    write(trained, base, out)


@app.command(epilog="Example: `python -m edge.understand.training measure base.gguf --adapter new.gguf`")
def measure(
    base: Path,
    adapter: Path | None = None,
    count: int = 400,
    seed: Annotated[int, typer.Option(help="Another than that of the training.")] = 1000,
    wrong: Annotated[bool, typer.Option(help="Show what went wrong.")] = False,
    threads: int = 2,
) -> None:
    """Ask the model about homes of rooms and names that it has never seen."""
    from edge.understand.llm_llamacpp import build
    from edge.understand.llm_prompt import FIXED
    from edge.understand.training.measure import answered, table
    from edge.understand.training.samples import samples

    engine = build(base, threads, adapter)
    engine.prepare(FIXED, Path("out/llm"))
    answers = answered(engine, samples(seed, count, unseen=True))
    for answer in answers:
        if wrong and not answer.right:
            typer.echo(f"{answer.sample.kind}: {answer.sample.asked}\n  wanted {answer.sample.answer}")
            typer.echo(f"  got {answer.text} ({answer.probability:.3f})")
    typer.echo(table(answers, (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)))


def _crowd(folder: Path | None) -> "tuple[Scenes, frozenset[str]]":
    """Scenes of the crowd's training part, and the sentences to avoid."""
    from edge.understand.training import crowd
    from edge.understand.training.samples import folded

    if folder is None:
        return {}, frozenset()
    scenes, measured = crowd.read(folder)
    return scenes, frozenset(map(folded, measured))


if __name__ == "__main__":
    app()
