"""The evaluation report as one self-contained HTML file with plots."""

import math
from collections.abc import Sequence
from html import escape
from itertools import groupby

from .metrics import METRICS, Metric
from .plots import Row, interval_plot, short
from .sets import SetResult

WORDS = {
    "low": "lower is better",
    "high": "higher is better",
    "reference": "good where the motion capture is",
}

STYLE = """
:root { color-scheme: light dark; --ink: #1d1d22; --faint: #77777f; --line: #d8d8de; --ground: #fff; --accent: #b3452c;
  --real: #35608f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e9ee; --faint: #9a9aa3; --line: #3c3c44; --ground: #18181c;
  --accent: #f08a6c; --real: #8ab4e8; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h3 { margin: 1.4rem 0 0; font-size: 1rem; }
p.what { margin: 0; color: var(--faint); font-size: .85rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .85rem; }
th, td { text-align: right; padding: .2rem .6rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
.scroll { overflow-x: auto; }
svg { display: block; max-width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .axis { stroke: var(--line); }
svg .one { fill: var(--faint); opacity: .5; } svg .mean { fill: var(--accent); } svg .span { stroke: var(--accent); }
svg .real .mean { fill: var(--real); } svg .real .span, svg .level { stroke: var(--real); }
svg .level { stroke-dasharray: 3 3; }
"""


def page(results: Sequence[SetResult]) -> str:
    """The page. results: the reference first, then the sets that are compared with it."""
    families = groupby(METRICS.items(), key=lambda item: item[1].family)
    sections = "".join(_family(family, list(metrics), results) for family, metrics in families)
    dances = "".join(_dances(result) for result in results)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>EDGE Dance: evaluation</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>Evaluation</h1>{_introduction(results)}"
        f"{sections}<h2>Dance by dance</h2>{dances}</body></html>\n"
    )


def _introduction(results: Sequence[SetResult]) -> str:
    rows = "".join(
        f"<tr><td>{escape(result.label)}</td><td>{len(result.dances)}</td>"
        f"<td>{sum(dance.seconds for dance in result.dances) / 60:.1f}</td></tr>"
        for result in results
    )
    return (
        "<p>Dots are dances, the large dot is their mean with its 95 % interval (bootstrap over dances). The dashed "
        f"line is the mean of the first row, {escape(results[0].label)}: compare with it and never with zero, for real "
        "dancers step, slide and jump too.</p>"
        f"<table><tr><th>Set</th><th>Dances</th><th>Minutes</th></tr>{rows}</table>"
    )


def _family(family: str, metrics: Sequence[tuple[str, Metric]], results: Sequence[SetResult]) -> str:
    plots = "".join(
        f"<h3>{escape(metric.title)}</h3><p class='what'>{escape(_what(metric))}</p>{_plot(name, results)}"
        for name, metric in metrics
        if any(name in result.estimates for result in results)
    )
    return f"<h2>{escape(family)}</h2>{plots}" if plots else ""


def _what(metric: Metric) -> str:
    unit = f", {metric.unit}" if metric.unit else ""
    return f"{metric.explained}{unit}; {WORDS[metric.aim]}"


def _plot(name: str, results: Sequence[SetResult]) -> str:
    rows = [
        Row(
            result.label,
            result.estimates[name],
            [dance.metrics[name] for dance in result.dances if name in dance.metrics],
            real=result.real,
        )
        for result in results
        if name in result.estimates
    ]
    return interval_plot(METRICS[name].title, rows)


def _dances(result: SetResult) -> str:
    names = [name for name in METRICS if any(name in dance.metrics for dance in result.dances)]
    head = "".join(f"<th>{escape(METRICS[name].title)}</th>" for name in names)
    body = "".join(
        f"<tr><td>{escape(dance.name)}</td>"
        + "".join(f"<td>{short(dance.metrics.get(name, math.nan))}</td>" for name in names)
        + "</tr>"
        for dance in result.dances
    )
    return (
        f"<details><summary>{escape(result.label)}</summary><div class='scroll'><table>"
        f"<tr><th>Dance</th>{head}</tr>{body}</table></div></details>"
    )
