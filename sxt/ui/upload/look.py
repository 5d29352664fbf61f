"""A look at a file before it is brought in: what it holds, what is doubtful, and a picture of its middle slice."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from sxt.io import DatasetInfo, FileInfo, inspect_file, read_tomogram
from sxt.io.doubts import doubts_about_kind
from sxt.io.reader import UNKNOWN_VOXEL_DOUBT
from sxt.io.statistics import VolumeStatistics, measure_volume
from sxt.progress import ignore_progress
from sxt.tomogram import Tomogram, VoxelSize
from sxt.workspace.thumbnails import grey_picture

WHOLE_BYTES = 256 << 20
"""A volume of up to this size is read whole; of a larger one some slices are, and all of them when it is brought in."""

SAMPLE_SLICES = 5
PREVIEW_PX = 700


@dataclass(frozen=True)
class FileLook:
    """What a file holds.

    Parameters
    ----------
    format_name : str
    shape : tuple of int or None
        (z, y, x); None where the file holds several volumes and none was chosen.
    dtype : str
    voxel_size_nm : tuple of float or None
    datasets : tuple of DatasetInfo
        The volumes to choose from.
    doubts : tuple of str
        What is worth knowing, but for an unknown voxel size, which the size itself says.
    questions : tuple of str
        Those doubts which say that this may be no tomogram, or one with its axes in another order.
    is_whole : bool
        Whether every slice was read; otherwise more may come up when it is brought in.
    preview_png : bytes
        The middle slice, empty where there is none.
    """

    format_name: str
    shape: tuple[int, int, int] | None
    dtype: str = ""
    voxel_size_nm: VoxelSize | None = None
    datasets: tuple[DatasetInfo, ...] = ()
    doubts: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    is_whole: bool = True
    preview_png: bytes = b""


def look_at_file(path: Path, dataset: str | None = None) -> FileLook:
    """Look at a file; takes about a second.

    Raises
    ------
    InputError
        As `sxt.io.read_tomogram` does.
    """
    info = _list_datasets(path, dataset)
    if info is not None:
        return FileLook(info.format_name, None, datasets=info.datasets)
    tomogram = read_tomogram(path, dataset=dataset)
    n_bytes = int(np.prod(tomogram.shape)) * tomogram.dtype.itemsize
    is_whole = n_bytes <= WHOLE_BYTES
    found = inspect_file(path, dataset=dataset) if is_whole else None
    statistics = found.statistics if found is not None else _measure_sample(tomogram)
    assert statistics is not None, "a chosen volume has statistics"
    questions = tuple(doubts_about_kind(tomogram, statistics))
    doubts = found.doubts if found is not None else (*tomogram.doubts, *questions)
    return FileLook(
        format_name=tomogram.format_name,
        shape=tomogram.shape,
        dtype=tomogram.dtype.name,
        voxel_size_nm=tomogram.voxel_size_nm,
        datasets=() if found is None else found.datasets,
        doubts=tuple(each for each in doubts if each not in (*questions, UNKNOWN_VOXEL_DOUBT)),
        questions=questions,
        is_whole=is_whole,
        preview_png=_draw_middle(tomogram, statistics),
    )


def _list_datasets(path: Path, dataset: str | None) -> FileInfo | None:
    """Return what lies in a file of several volumes; None where it is clear which one is meant."""
    from sxt.io.volume import DatasetChoiceError

    try:
        read_tomogram(path, dataset=dataset)
    except DatasetChoiceError as error:
        if dataset is not None or not error.datasets:
            raise
        return inspect_file(path)
    return None


def _measure_sample(tomogram: Tomogram) -> VolumeStatistics:
    """Measure a few evenly spaced slices."""
    n = tomogram.shape[0]
    chosen = sorted({round(each) for each in np.linspace(0, n - 1, SAMPLE_SLICES)})
    sample = np.concatenate([tomogram.read_slices(z, z + 1) for z in chosen])  # (k, y, x)
    return measure_volume(sample, progress=ignore_progress, cancel=None)


def _draw_middle(tomogram: Tomogram, statistics: VolumeStatistics) -> bytes:
    middle = tomogram.shape[0] // 2
    picture = grey_picture(tomogram.read_slices(middle, middle + 1)[0], statistics)
    picture.thumbnail((PREVIEW_PX, PREVIEW_PX), Image.Resampling.LANCZOS)
    if (factor := PREVIEW_PX // max(picture.size)) > 1:  # so that its pixels can be seen
        picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    packed = io.BytesIO()
    picture.save(packed, "PNG")
    return packed.getvalue()
