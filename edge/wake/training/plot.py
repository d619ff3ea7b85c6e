"""The curve of a trained wake word as a picture."""

from pathlib import Path

from edge.wake.training.errors import TrainingError
from edge.wake.training.train import Trained


def draw(trained: Trained, path: Path) -> None:
    """Recall and false accepts an hour over the threshold; format by the name's suffix, such as ``.svg``.

    Raises TrainingError when matplotlib is not installed, or cannot write there.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise TrainingError("a plot needs matplotlib", "pip install 'hearthside[train]'") from None
    figure = Figure(figsize=(7, 4), layout="constrained")
    recall = figure.subplots()
    alarms = recall.twinx()
    thresholds = [point.threshold for point in trained.curve]
    recall.plot(thresholds, [100 * point.recall for point in trained.curve], color="tab:blue")
    alarms.step(thresholds, [point.false_accepts_per_hour for point in trained.curve], color="tab:red", where="post")
    recall.axvline(trained.threshold, color="grey", linestyle="--")
    recall.set(xlabel="threshold", ylabel="recall, %", ylim=(0, 101), title=f"{trained.phrase}: held-back clips")
    recall.yaxis.label.set_color("tab:blue")
    alarms.set_ylabel("false accepts an hour", color="tab:red")
    alarms.set_yscale("symlog", linthresh=1.0)
    alarms.set_ylim(bottom=0)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise TrainingError(f"the plot {path} cannot be written ({error})", "name it like curve.svg") from error
