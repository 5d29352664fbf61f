"""What a training has written into its job's folder so far, for pages."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

CURVES_FILE, RESULT_FILE, ROUNDS_FILE = "curves.csv", "result.json", "rounds.json"
PREVIEWS_FOLDER, PREVIEWS_FILE = "previews", "previews.json"


@dataclass(frozen=True)
class Preview:
    """A held-out slice with what is found, wrongly found and missed."""

    path: Path
    tomogram: str
    z: int
    dice: float


@dataclass(frozen=True)
class TrainingRecord:
    """How a training went so far.

    Parameters
    ----------
    curves : DataFrame
        The columns of `sxt.train.folder.CURVE_COLUMNS`; empty before the first step.
    previews : tuple of Preview
    preview_step : int
    rounds : tuple of dict
        Of pseudo-labels.
    result : dict or None
        Of `sxt.train.TrainedVersion`, once it is saved.
    """

    curves: pd.DataFrame
    previews: tuple[Preview, ...] = ()
    preview_step: int = 0
    rounds: tuple[dict[str, Any], ...] = ()
    result: dict[str, Any] | None = field(default=None)


def read_record(folder: Path) -> TrainingRecord:
    """Read what is there; what is not there yet is left out."""
    shown = _read_json(folder / PREVIEWS_FOLDER / PREVIEWS_FILE) or {}
    return TrainingRecord(
        _read_curves(folder / CURVES_FILE),
        tuple(
            Preview(
                folder / PREVIEWS_FOLDER / each["file"],
                str(each["tomogram"]),
                int(each["z"]),
                float(each["dice"]),
            )
            for each in shown.get("slices", ())
        ),
        int(shown.get("step", 0)),
        tuple(_read_json(folder / ROUNDS_FILE) or ()),
        _read_json(folder / RESULT_FILE),
    )


def _read_curves(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (FileNotFoundError, pd.errors.EmptyDataError):
        return pd.DataFrame()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
