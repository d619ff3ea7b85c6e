"""Houses in which sentences are asked that come without one."""

from importlib.resources import files
from pathlib import Path

from edge.evaluation.fixtures import Furniture, read_furniture


def ordinary_home() -> Furniture:
    """An ordinary family's home, of which each common device can be said to be there."""
    return read_furniture(Path(str(files("edge.evaluation.text").joinpath("ordinary_home.yaml"))))
