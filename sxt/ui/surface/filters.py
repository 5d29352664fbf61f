"""Which components are shown and saved: ranges of measurements, classes, and whether they are cut by the border.

A filter fits into the query of an address, so that a download holds what the page shows.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sxt.errors import SettingsError

RANGE, CLASS, WHOLE = "range", "class", "whole"
MOST_RANGES = 64


@dataclass(frozen=True)
class Range:
    """The values of a column that pass, both ends included."""

    column: str
    low: float
    high: float


@dataclass(frozen=True)
class ComponentFilter:
    """What a component must be to be shown.

    Parameters
    ----------
    ranges : tuple of Range
        A component that was not measured passes no range.
    classes : tuple of int or None
        None takes all.
    is_whole : bool
        Leave out what touches the border of the tomogram.
    """

    ranges: tuple[Range, ...] = ()
    classes: tuple[int, ...] | None = None
    is_whole: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether everything passes."""
        return not self.ranges and self.classes is None and not self.is_whole

    def passes(self, table: pd.DataFrame) -> np.ndarray:
        """Return for each row of a component table whether it passes, (k,) bool.

        Raises
        ------
        SettingsError
            Where the table lacks a column.
        """
        passed = np.ones(len(table), np.bool_)
        for each in self.ranges:
            if each.column not in table:
                raise SettingsError(f"There is no measurement {each.column[:60]!r}; use one of the table.")
            values = table[each.column].to_numpy(np.float64)
            passed &= (values >= each.low) & (values <= each.high)
        if self.classes is not None:
            passed &= table["class"].isin(self.classes).to_numpy()
        if self.is_whole and "touches_border" in table:
            passed &= ~table["touches_border"].to_numpy(np.bool_)
        return passed

    def query(self) -> list[tuple[str, str]]:
        """Return the filter as pairs for a query."""
        pairs = [(RANGE, f"{each.column}:{each.low!r}:{each.high!r}") for each in self.ranges]
        if self.classes is not None:
            pairs.append((CLASS, ",".join(map(str, self.classes))))
        if self.is_whole:
            pairs.append((WHOLE, "1"))
        return pairs


def parse_filter(pairs: Iterable[tuple[str, str]]) -> ComponentFilter:
    """Read what `ComponentFilter.query` returned; other pairs are left alone.

    Raises
    ------
    SettingsError
        A range or a class that cannot be read.
    """
    ranges: list[Range] = []
    classes: tuple[int, ...] | None = None
    is_whole = False
    for name, text in pairs:
        try:
            if name == RANGE:
                column, low, high = text.rsplit(":", 2)
                ranges.append(Range(column, _number(low), _number(high)))
            elif name == CLASS:
                classes = tuple(int(each) for each in text.split(",") if each)
            elif name == WHOLE:
                is_whole = text == "1"
        except ValueError as error:
            raise SettingsError(
                f"The filter {name}={text[:60]!r} cannot be read; set it on the page."
            ) from error
    if len(ranges) > MOST_RANGES:
        raise SettingsError(f"{len(ranges)} ranges are too many; use {MOST_RANGES} or fewer.")
    return ComponentFilter(tuple(ranges), classes, is_whole)


def make_filter(
    table: pd.DataFrame,
    chosen: Mapping[str, tuple[float, float]],
    *,
    classes: Sequence[int],
    is_whole: bool,
) -> ComponentFilter:
    """Return the filter for what was chosen on the page: ranges and classes that leave nothing out are dropped."""
    ranges = []
    for column, (low, high) in chosen.items():
        values = table[column].to_numpy(np.float64)
        if np.any(~((values >= low) & (values <= high))[np.isfinite(values)]):
            ranges.append(Range(column, float(low), float(high)))
    present = set(table["class"].unique().tolist())
    wanted = tuple(sorted(present & set(classes)))
    return ComponentFilter(tuple(ranges), None if not classes or set(wanted) == present else wanted, is_whole)


def _number(text: str) -> float:
    value = float(text)
    if math.isnan(value):
        raise ValueError("not a number")
    return value
