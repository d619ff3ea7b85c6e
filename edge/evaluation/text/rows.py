"""Labelled sentences: a folder ``text`` of JSON Lines files, one sentence a line."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from edge.evaluation.clips import EvaluationError

Row: TypeAlias = Mapping[str, Any]
"""One line; its keys depend on the file."""


def rows(folder: Path, name: str) -> list[Row]:
    """All lines of ``text/<name>.jsonl`` under ``folder``. Raises EvaluationError."""
    path = folder / "text" / f"{name}.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EvaluationError(f"cannot read {path}: {error.strerror}", "check --data") from error
    found: list[Row] = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise EvaluationError(f"{path}, line {number}: {error}", "correct the line") from error
        if not isinstance(row, dict):
            raise EvaluationError(f"{path}, line {number} is not an object", "correct the line")
        found.append(row)
    return found


def spread(some: Sequence[Row], limit: int | None) -> Sequence[Row]:
    """At most ``limit`` of ``some``, evenly from beginning to end, since files are sorted by kind."""
    if limit is None or limit >= len(some):
        return some
    return [some[number * len(some) // limit] for number in range(limit)]
