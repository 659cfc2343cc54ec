"""Loss curves as a CSV file to which rows are appended."""

import csv
from pathlib import Path

from ..fileio.atomic_write import atomic_write


class LossLog:
    """A CSV file with the column `step` and further columns. On opening, rows after `step` are removed."""

    def __init__(self, path: Path, columns: tuple[str, ...], step: int) -> None:
        self.path = path
        header = ("step", *columns)
        rows = [row for row in _rows(path) if len(row) == len(header) and int(row[0]) <= step] if step else []
        with atomic_write(path) as unfinished, unfinished.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])

    def add(self, step: int, *values: float) -> None:
        """Append a row."""
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerow([step, *(f"{value:.7g}" for value in values)])


def _rows(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.reader(file))[1:]
