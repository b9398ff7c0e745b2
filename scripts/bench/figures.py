"""Figures and the table they stand in."""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured figure: where it stands, what it is, its value as shown, and the target if there is one."""

    section: str
    name: str
    value: str
    target: str = ""
    reached: bool | None = None


def median_interval(values: Sequence[float], *, rounds: int = 2000) -> tuple[float, float]:
    """95 % bootstrap interval of the median; seeded, so equal samples give equal intervals."""
    draw = random.Random(7)  # noqa: S311 - resampling
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(rounds))
    return medians[int(rounds * 0.025)], medians[int(rounds * 0.975)]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def limit(section: str, name: str, value: float, most: float, unit: str) -> Figure:
    """A figure that should not be above ``most``."""
    return Figure(
        section=section,
        name=name,
        value=f"{value:.3g} {unit}",
        target=f"<= {most:g} {unit}",
        reached=value <= most,
    )


def table(figures: Sequence[Figure]) -> str:
    """All figures, by section."""
    width = max(len(f.name) for f in figures)
    lines: list[str] = []
    section = ""
    for figure in figures:
        if figure.section != section:
            section = figure.section
            lines += ["", section]
        mark = {True: "reached", False: "NOT reached", None: ""}[figure.reached]
        lines.append(f"  {figure.name:{width}}  {figure.value:>28}  {figure.target:>14}  {mark}".rstrip())
    return "\n".join(lines)
