"""Plots as SVG for a page: text stays text and takes the page's colour, so that it is legible by day and by night."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from edge.bench.spread import amount

_INK: Final = "#010203"
"""Stands for the page's own colour."""
_WIDTH_IN: Final = 5.0
"""Narrow, so that a phone need not shrink it."""
_BAR_IN, _FRAME_IN = 0.42, 0.9
COLORS: Final = ("#2f7ed8", "#e08a1e", "#2a9d6f", "#9467bd", "#d1495b", "#7f8c8d")
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def stacked(rows: Mapping[str, Mapping[str, float]], unit: str) -> str:
    """A bar for each of ``rows``, made of its parts one after the other. Returns SVG."""
    parts = list(dict.fromkeys(part for row in rows.values() for part in row))
    with mpl.rc_context({**_STYLE, "svg.hashsalt": "stacked"}):
        figure, axes = _empty(len(rows) + 1)
        for part, color in zip(parts, _colors(len(parts)), strict=True):
            for place, row in enumerate(rows.values()):
                before = sum(value for other, value in row.items() if parts.index(other) < parts.index(part))
                axes.barh(place, row.get(part, 0.0), left=before, color=color, label=part if place == 0 else None)
            if not any(part == label for label in axes.get_legend_handles_labels()[1]):
                axes.barh(0, 0.0, color=color, label=part)
        totals = [sum(row.values()) for row in rows.values()]
        _finish(axes, list(rows), totals, unit)
        axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False, fontsize=9)
        return _svg(figure)


def bars(values: Mapping[str, float], unit: str) -> str:
    """A bar for each of ``values``. Returns SVG."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": f"bars {unit}"}):
        figure, axes = _empty(len(values))
        ours = [COLORS[0] if name.startswith("hearthside") else COLORS[1] for name in values]
        axes.barh(range(len(values)), list(values.values()), color=ours)
        _finish(axes, list(values), list(values.values()), unit)
        return _svg(figure)


def cumulative(series: Mapping[str, Sequence[float]], unit: str) -> str:
    """The share of clips that were done after so long, a line for each of ``series``. Returns SVG."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": "cumulative"}):
        figure = Figure(figsize=(_WIDTH_IN, 3.0), layout="constrained")
        axes = figure.add_subplot()
        for (name, values), color in zip(series.items(), _colors(len(series)), strict=True):
            axes.ecdf(list(values), label=name, color=color, linewidth=2)
        axes.set_xlim(left=0)
        axes.set_xlabel(unit)
        axes.set_ylabel("share of clips")
        axes.yaxis.set_major_formatter(lambda share, place: f"{share:.0%}")
        axes.grid(alpha=0.2, color=_INK)
        axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False, fontsize=9)
        return _svg(figure)


def agreement(series: Mapping[str, Sequence[tuple[float, float, int]]], claimed: str, found: str) -> str:
    """A reliability diagram: for each of ``series`` points (claimed, found, how many), both 0–1, beside the diagonal on
    which they would lie if what is claimed were so; the more, the larger. Returns SVG.
    """
    with mpl.rc_context({**_STYLE, "svg.hashsalt": "agreement"}):
        figure = Figure(figsize=(_WIDTH_IN, _WIDTH_IN * 0.8), layout="constrained")
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=_INK, linewidth=1, alpha=0.4)
        for (name, points), color in zip(series.items(), _colors(len(series)), strict=True):
            claims, founds, counts = zip(*points, strict=True) if points else ((), (), ())
            most = max(counts, default=1)
            axes.plot(claims, founds, color=color, linewidth=1.5, label=name)
            axes.scatter(claims, founds, s=[20 + 120 * count / most for count in counts], color=color)
        axes.set_xlim(0, 1.03)
        axes.set_ylim(0, 1.03)
        axes.set_xlabel(claimed)
        axes.set_ylabel(found)
        axes.grid(alpha=0.2, color=_INK)
        axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False, fontsize=9)
        return _svg(figure)


def _colors(count: int) -> list[str]:
    return [COLORS[number % len(COLORS)] for number in range(count)]


def _empty(rows: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH_IN, _FRAME_IN + _BAR_IN * rows), layout="constrained")
    return figure, figure.add_subplot()


def _finish(axes: Axes, names: list[str], totals: list[float], unit: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.set_xlim(0, max([*totals, 1e-9]) * 1.15)
    for place, total in enumerate(totals):
        axes.text(total, place, f" {amount(total)}", va="center", fontsize=9)


def _svg(figure: Figure) -> str:
    """Only the element, without its own size: the page decides that."""
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = text.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
    return svg.replace(_INK, "currentColor")
