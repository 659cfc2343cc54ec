"""Colours of sections: Blender's strip colours, one for each label."""

from collections.abc import Iterable

COLOURS = 9
"""Number of strip colours in Blender's theme."""


def colour_numbers(labels: Iterable[str]) -> dict[str, int]:
    """Label -> number of its colour, in order of first appearance."""
    return {label: number % COLOURS for number, label in enumerate(dict.fromkeys(labels))}
