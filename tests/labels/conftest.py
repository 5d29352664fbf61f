"""Small label sets with two classes."""

from pathlib import Path

import numpy as np
import pytest

from sxt.labels.classes import ClassList
from sxt.labels.label_set import LabelSet

MEMBRANE, DROPLET = 1, 2


@pytest.fixture
def classes() -> ClassList:
    return ClassList().add("membrane").add("droplet")


@pytest.fixture
def labels(tmp_path, classes) -> LabelSet:
    return LabelSet.create(tmp_path / "labels", (12, 20, 24), classes=classes)


def fill(value, rows=slice(None), columns=slice(None)):
    """Return an edit that gives a rectangle one value."""

    def edit(old: np.ndarray) -> np.ndarray:
        old[rows, columns] = value
        return old

    return edit


def put(values: np.ndarray):
    """Return an edit that replaces the slice."""
    return lambda old: values


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}
