"""What ``evaluate`` and ``compare`` share: predictions and labels from files, and what a result looks like as text."""

import argparse
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sxt
from sxt.cli.terminal import parse_voxel_size
from sxt.errors import InputError, SettingsError
from sxt.progress import ProgressCallback
from sxt.tomogram import Tomogram, VoxelSize

if TYPE_CHECKING:
    from sxt.metrics import EvaluationSettings, Labels, StatisticsSettings, Study, StudyInput

RECORD_FILE = "segmentation.json"
SAME_SIZE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class SegmentationRecord:
    """What ``python -m sxt segment`` wrote beside a mask."""

    folder: Path
    content: dict[str, Any]

    @property
    def mask(self) -> Path:
        return self.folder / str(self.content["result"]["mask"])

    @property
    def probabilities(self) -> list[Path]:
        return [self.folder / str(name) for name in self.content["result"]["probabilities"]]


def find_record(path: Path) -> SegmentationRecord | None:
    """Return the record of a segmentation's folder or of its mask; None where there is none for it.

    Raises
    ------
    InputError
        Where a folder's record cannot be read.
    """
    folder = path if path.is_dir() else path.parent
    file = folder / RECORD_FILE
    if not file.is_file():
        return None
    try:
        record = SegmentationRecord(folder, json.loads(file.read_bytes()))
        is_for_this = (path.is_dir() and path.suffix != ".zarr") or path.name == record.mask.name
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file} is damaged ({error}); segment again, or give the mask by itself."
        ) from error
    return record if is_for_this else None


def add_measuring_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is measured and how."""
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="folder for report.html, tables and study.json"
    )
    parser.add_argument("--class", type=int, dest="only_class", metavar="N", help="only this class")
    parser.add_argument("--voxel-nm", type=parse_voxel_size, metavar="Z,Y,X", help="voxel size in nm")
    parser.add_argument(
        "--tolerance-nm",
        type=float,
        metavar="T",
        help="distance at which surfaces count as found (default: 40)",
    )
    parser.add_argument(
        "--min-voxels", type=int, metavar="N", help="smallest object that counts (default: 64)"
    )
    parser.add_argument("--no-surfaces", action="store_true", help="leave out surface distances")
    parser.add_argument("--no-objects", action="store_true", help="leave out objects")
    parser.add_argument("--no-centrelines", action="store_true", help="leave out centreline Dice")
    parser.add_argument("--confidence", type=float, metavar="C", help="of the intervals (default: 0.95)")
    parser.add_argument(
        "--margin", type=float, metavar="D", help="differences below do not matter (default: 0.01)"
    )


def measuring_settings(arguments: argparse.Namespace) -> "EvaluationSettings":
    """Return the settings that `add_measuring_arguments` asked for."""
    from sxt.metrics import EvaluationSettings

    given = {"tolerance_nm": arguments.tolerance_nm, "min_voxels": arguments.min_voxels}
    return EvaluationSettings(
        with_surfaces=not arguments.no_surfaces,
        with_objects=not arguments.no_objects,
        with_centrelines=not arguments.no_centrelines,
        **_given(given),
    )


def statistics_settings(arguments: argparse.Namespace) -> "StatisticsSettings":
    """Return how sure one wants to be."""
    from sxt.metrics import StatisticsSettings

    return StatisticsSettings(**_given({"confidence": arguments.confidence, "margin": arguments.margin}))


def measure(given: "StudyInput", arguments: argparse.Namespace, progress: ProgressCallback) -> "Study":
    """Measure a study with the settings that `add_measuring_arguments` asked for."""
    from sxt.metrics import run_study

    return run_study(
        given,
        settings=measuring_settings(arguments),
        statistics=statistics_settings(arguments),
        programs=list_programs(),
        created=now(),
        progress=progress,
    )


def write_files(study: "Study", output: Path | None, *, title: str) -> list[str]:
    """Write report, tables and record where a folder is given; returns the paths of what was written."""
    from sxt.metrics import write_study

    if output is None:
        return []
    files = write_study(study, output, title=title)
    return [str(files.folder / name) for name in files.names]


def open_labels(
    path: str, *, dataset: str | None = None, is_binary: bool = False
) -> "tuple[Tomogram, Labels]":
    """Open a label volume; read as binary, 255 is foreground where it is the only value but 0."""
    from sxt.io import read_tomogram
    from sxt.metrics import Labels, is_foreground_255

    volume = read_tomogram(path, dataset=dataset)
    if not is_binary:
        return volume, Labels(volume.data)
    return volume, Labels(volume.data, reading="binary", is_foreground_255=is_foreground_255(volume.data))


def agree_on_voxel_size(
    given: VoxelSize | None, *sources: tuple[str, VoxelSize | None]
) -> tuple[VoxelSize | None, list[str]]:
    """Return the voxel size given, else the first one stated, and a sentence where the sources differ."""
    if given is not None:
        return given, []
    stated = [(name, size) for name, size in sources if size is not None]
    if not stated:
        return None, []
    (first_name, first), *others = stated
    notes = [
        f"{name} states voxels of {_show(size)} nm and {first_name} {_show(first)} nm; the latter is used."
        for name, size in others
        if any(abs(a - b) > SAME_SIZE_TOLERANCE * b for a, b in zip(size, first, strict=True))
    ]
    return first, notes


def list_programs() -> dict[str, str]:
    """Return the versions of the programs that measure."""
    import numpy
    import scipy

    versions = {"sxt": sxt.__version__, "numpy": numpy.__version__, "scipy": scipy.__version__}
    return {**versions, "Python": platform.python_version()}


def now() -> str:
    """Return date and time, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def check_measuring(arguments: argparse.Namespace) -> None:
    """Raise `SettingsError`, before anything is read, where the output is a file or a setting is not usable."""
    output = arguments.output
    if output is not None and output.exists() and not output.is_dir():
        raise SettingsError(f"{output} is a file; give a folder for the output.")
    measuring_settings(arguments)
    statistics_settings(arguments)


def describe_table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows as lines of text, the columns below each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def show_number(value: Any, *, digits: int = 3) -> str:
    """Return a number as text; – for none."""
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def _show(size: VoxelSize) -> str:
    return " × ".join(f"{each:g}" for each in size)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
