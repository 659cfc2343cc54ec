"""Plots as SVG; colours and fonts are set by the page's style sheet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .intervals import Estimate

WIDTH, ROW, LABELS, VALUES = 760, 26, 210, 160  # pixels: the whole plot, a row's height, left and right column


@dataclass(frozen=True, slots=True)
class Row:
    """One set in a plot. singles: the values of its dances. real: whether it is the reference."""

    label: str
    estimate: Estimate
    singles: Sequence[float]
    real: bool = False


def interval_plot(title: str, rows: Sequence[Row]) -> str:
    """A dot plot: a row for each set, with mean and interval, on a common axis from 0; dashed: the reference's mean."""
    far = _end_of_axis(rows)
    height = ROW * len(rows) + 6
    lines = [f'<line class="axis" x1="{LABELS}" x2="{LABELS}" y1="0" y2="{height}"/>']
    for row in rows:
        if row.real and math.isfinite(row.estimate.value):
            at = _x(row.estimate.value, far)
            lines.append(f'<line class="level" x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{height}"/>')
    lines += [_row(row, 3 + ROW * (i + 0.5), far) for i, row in enumerate(rows)]
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(title)}">{"".join(lines)}</svg>'
    )


def short(value: float) -> str:
    """The value with three digits; "-" if it is not finite."""
    if not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _end_of_axis(rows: Sequence[Row]) -> float:
    """The largest value, but at most three times the largest mean or interval, to limit the effect of outliers."""
    means = [value for row in rows for value in (row.estimate.value, row.estimate.high) if math.isfinite(value)]
    singles = [value for row in rows for value in row.singles if math.isfinite(value)]
    return min(max([*means, *singles], default=1.0), 3 * max(means, default=1.0)) or 1.0


def _x(value: float, far: float) -> float:
    return LABELS + (WIDTH - LABELS - VALUES - 10) * min(value / far, 1.02)


def _row(row: Row, y: float, far: float) -> str:
    estimate = row.estimate
    dots = "".join(
        f'<circle class="one" cx="{_x(value, far):.1f}" cy="{y:.1f}" r="3"/>'
        for value in row.singles
        if math.isfinite(value)
    )
    span = ""
    if math.isfinite(estimate.low):
        low, high = _x(estimate.low, far), _x(estimate.high, far)
        span = f'<line class="span" x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke-width="2"/>'
    mean = ""
    if math.isfinite(estimate.value):
        mean = f'<circle class="mean" cx="{_x(estimate.value, far):.1f}" cy="{y:.1f}" r="5"/>'
    words = short(estimate.value)
    if math.isfinite(estimate.low):
        words += f" [{short(estimate.low)}, {short(estimate.high)}]"
    return (
        f'<g class="{"real" if row.real else "made"}">{dots}{span}{mean}'
        f'<text x="{LABELS - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(row.label[:30])}</text>'
        f'<text x="{WIDTH - VALUES + 8}" y="{y + 4:.1f}">{words}</text></g>'
    )
