"""Say what a file holds and everything about it that may be wrong."""

from dataclasses import dataclass
from pathlib import Path

from sxt.io.doubts import doubts_about
from sxt.io.formats import open_volume_file
from sxt.io.reader import make_tomogram
from sxt.io.statistics import VolumeStatistics, measure_volume
from sxt.io.volume import DatasetChoiceError, DatasetInfo
from sxt.progress import CancelToken, ProgressCallback, ignore_progress
from sxt.tomogram import VoxelSize


@dataclass(frozen=True)
class FileInfo:
    """What a file holds; ``dataclasses.asdict`` makes it ready for JSON.

    Parameters
    ----------
    path, format_name : str
        What was read, and the format found by content.
    shape : tuple of int or None
        (z, y, x); None where the file holds several volumes and none was chosen. Then dtype and statistics are None.
    dtype : str or None
        As stored.
    statistics : VolumeStatistics or None
        Range, mean, percentiles, NaN and constant slices.
    voxel_size_nm : tuple of float or None
        (z, y, x) in nm; None where it is not known.
    origin_nm : tuple of float
        Position of the first voxel, (z, y, x) in nm.
    dataset : str or None
        The dataset that was read, in formats that name them.
    datasets : tuple of DatasetInfo
        All volumes of a file that may hold several.
    doubts : tuple of str
        One sentence each.
    """

    path: str
    format_name: str
    shape: tuple[int, int, int] | None
    dtype: str | None
    statistics: VolumeStatistics | None
    voxel_size_nm: VoxelSize | None
    origin_nm: tuple[float, float, float]
    dataset: str | None
    datasets: tuple[DatasetInfo, ...]
    doubts: tuple[str, ...]


def inspect_file(
    path: str | Path,
    *,
    dataset: str | None = None,
    voxel_size_nm: VoxelSize | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> FileInfo:
    """Read a whole volume once and say what it holds and what is doubtful.

    Parameters
    ----------
    path : str or Path
        As for `read_tomogram`.
    dataset : str, optional
        Which volume of a file that holds several.
    voxel_size_nm : tuple of float, optional
        (z, y, x) in nm; replaces what the file states.
    progress : callable
        Told the slices read so far.
    cancel : CancelToken, optional
        Checked once a slab.

    Raises
    ------
    InputError
        What `read_tomogram` refuses; several volumes with none chosen are no fault here but listed.
    """
    try:
        found = open_volume_file(path, dataset)
    except DatasetChoiceError as error:
        if dataset is not None or not error.datasets:
            raise
        return _list_volumes(path, error)
    tomogram = make_tomogram(found, path, voxel_size_nm=voxel_size_nm)
    statistics = measure_volume(tomogram.data, progress=progress, cancel=cancel)
    return FileInfo(
        path=str(path),
        format_name=tomogram.format_name,
        shape=tomogram.shape,
        dtype=tomogram.dtype.name,
        statistics=statistics,
        voxel_size_nm=tomogram.voxel_size_nm,
        origin_nm=tomogram.origin_nm,
        dataset=found.dataset,
        datasets=found.datasets,
        doubts=(*tomogram.doubts, *doubts_about(tomogram, statistics)),
    )


def _list_volumes(path: str | Path, error: DatasetChoiceError) -> FileInfo:
    return FileInfo(
        path=str(path),
        format_name=error.format_name,
        shape=None,
        dtype=None,
        statistics=None,
        voxel_size_nm=None,
        origin_nm=(0.0, 0.0, 0.0),
        dataset=None,
        datasets=error.datasets,
        doubts=(f"The file holds {len(error.datasets)} volumes; choose one with --dataset NAME.",),
    )
