"""Writes an evaluation as JSON and as an HTML page, and formats it as a table for the terminal."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import __version__
from ..fileio.atomic_write import atomic_write
from .intervals import Estimate
from .metrics import FORM_METRICS, METRICS
from .page import page
from .sets import SetResult


def write_report(folder: Path, results: Sequence[SetResult]) -> None:
    """Write report.json and report.html into the folder. results: the reference first, then the sets compared with it.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"report.json": json.dumps(as_json(results), indent=1, allow_nan=False), "report.html": page(results)}
    for name, text in texts.items():
        with atomic_write(folder / name) as unfinished:
            unfinished.write_text(text, encoding="utf-8")


def as_json(results: Sequence[SetResult]) -> dict[str, Any]:
    """All results as JSON types; values that are not finite are null."""
    return {
        "program": __version__,
        "metrics": {name: asdict(metric) for name, metric in METRICS.items()},
        "sets": [
            {
                "label": result.label,
                "estimates": {name: _numbers(estimate) for name, estimate in result.estimates.items()},
                "dances": [
                    {
                        "name": dance.name,
                        "seconds": dance.seconds,
                        "metrics": {name: _number(value) for name, value in dance.metrics.items()},
                    }
                    for dance in result.dances
                ],
            }
            for result in results
        ],
    }


def table(results: Sequence[SetResult]) -> str:
    """The means with their intervals as text, a line for each metric, a column for each set."""
    width = max(len(metric.title) for metric in METRICS.values()) + 2
    columns = [result.label[:24].rjust(26) for result in results]
    lines = ["".join([" " * width, *columns])]
    for name, metric in (METRICS | FORM_METRICS).items():
        values = [result.estimates.get(name) for result in results]
        if any(values):
            lines.append("".join([metric.title.ljust(width), *(_cell(value).rjust(26) for value in values)]))
    return "\n".join(lines)


def _cell(estimate: Estimate | None) -> str:
    if estimate is None or math.isnan(estimate.value):
        return "-"
    if math.isnan(estimate.low):
        return f"{estimate.value:.3g}"
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"


def _numbers(estimate: Estimate) -> dict[str, float | None]:
    return {name: _number(value) for name, value in asdict(estimate).items()}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
