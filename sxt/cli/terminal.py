"""What the commands share: argument types and the terminal's progress bar."""

import argparse
import shutil
import sys
from types import TracebackType
from typing import Any

from tqdm import tqdm

from sxt.progress import Progress
from sxt.tomogram import VoxelSize

WIDEST_BAR_COLUMNS = 100


def parse_voxel_size(text: str) -> VoxelSize:
    """Parse ``Z,Y,X`` or one number for all three, in nm."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 1:
        numbers *= 3
    if len(numbers) != 3 or not all(0 < n < float("inf") for n in numbers):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a voxel size; give Z,Y,X in nm, for example 20,10,10"
        )
    return (numbers[0], numbers[1], numbers[2])


class ProgressBar:
    """A progress callback that draws one bar a stage on standard error, with rate and time left.

    Where standard error is not a terminal only the notes are written.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._stage = ""

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def __call__(self, progress: Progress) -> None:
        if progress.stage != self._stage:
            self._close()
            self._stage = progress.stage
            size = shutil.get_terminal_size()
            columns = min(size.columns, WIDEST_BAR_COLUMNS)
            self._bar = tqdm(
                total=progress.total,
                desc=progress.stage,
                file=sys.stderr,
                disable=None,
                ncols=columns,
                nrows=size.lines,
            )
        if progress.note:
            self._bar.write(progress.note, file=sys.stderr)
        self._bar.total = progress.total
        self._bar.update(progress.done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
