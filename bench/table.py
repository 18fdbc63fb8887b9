"""The figures as a Markdown table: the README's."""

from collections.abc import Iterable, Sequence
from statistics import median

from bench.figures import Comparison, Figure

HEADINGS = ("", "ours", "compared with", "ratio (spread)", "goal", "")
MET = {True: "met", False: "**missed**", None: ""}


def markdown(figures: Iterable[Figure]) -> str:
    rows = [_row(figure) for figure in figures]
    return "\n".join(_line(row) for row in (HEADINGS, ["---"] * len(HEADINGS), *rows))


def _row(figure: Figure) -> list[str]:
    unit = _unit(figure)
    low, high = figure.spread
    alone = figure.comparison is Comparison.ALONE or not figure.other
    many = len(figure.ours) > 1
    compared = f"{number(figure.score)}{unit} ({number(low)} to {number(high)})"
    return [
        figure.what,
        f"{number(median(figure.ours))} {figure.unit}".strip(),
        f"{number(median(figure.other))} {figure.unit}".strip() if figure.other else "",
        "" if alone else compared if many else f"{number(figure.score)}{unit}",
        "" if figure.goal is None else f"{figure.goal}{unit}",
        MET[figure.met] + (f" ({figure.note})" if figure.note else ""),
    ]


def _unit(figure: Figure) -> str:
    if figure.comparison is Comparison.RATIO and figure.other:
        return " ×"
    return f" {figure.unit}" if figure.unit else ""


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def number(value: float) -> str:
    """Three digits that say something: 1,234, 52.1, 0.997."""
    digits = next(
        (digits for limit, digits in ((100, 0), (10, 1), (1, 2)) if abs(value) >= limit), 3
    )
    return f"{value:,.{digits}f}"
