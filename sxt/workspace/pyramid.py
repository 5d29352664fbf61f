"""Volumes as OME-Zarr images with several resolutions (OME-NGFF 0.5), written slab by slab.

Notes
-----
https://ngff.openmicroscopy.org/0.5/. Stored as `sxt.io` stores its OME-Zarr files: a file (shard) spans a layer of
eight slices, in pieces of 8 × 256 × 256 voxels that are compressed one by one.
"""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sxt.errors import ResourceError, SettingsError
from sxt.tomogram import VoxelSize
from sxt.workspace.manifests import LevelInfo, Shape
from sxt.workspace.pooling import Pooling, pool

NGFF_VERSION = "0.5"
LAYER_SLICES = 8
PIECE_PX = 256
SMALLEST_LEVEL_PX = 256
"""There is no further level once y and x are no longer than this."""


def plan_levels(shape: Shape, voxel_size_nm: VoxelSize | None) -> tuple[LevelInfo, ...]:
    """Return the resolutions to store of a volume, full resolution first.

    Each level halves y and x, and z too where that brings the voxel nearer to a cube. A voxel of unknown size is
    taken for a cube.
    """
    z_nm, y_nm, x_nm = voxel_size_nm or (1.0, 1.0, 1.0)
    levels = [LevelInfo(path="0", shape=shape, factors=(1, 1, 1))]
    while max(levels[-1].shape[1:]) > SMALLEST_LEVEL_PX:
        z, y, x = levels[-1].shape
        fz, fy, fx = levels[-1].factors
        side_nm = math.sqrt(y_nm * x_nm) * 2 * fy
        thickness_nm = z_nm * fz
        halves_z = z > 1 and abs(math.log(2 * thickness_nm / side_nm)) < abs(math.log(thickness_nm / side_nm))
        factors = (2 * fz if halves_z else fz, 2 * fy, 2 * fx)
        halved = (math.ceil(z / 2) if halves_z else z, math.ceil(y / 2), math.ceil(x / 2))
        levels.append(LevelInfo(path=str(len(levels)), shape=halved, factors=factors))
    return tuple(levels)


def count_stored_bytes(levels: tuple[LevelInfo, ...], itemsize: int, *, n_channels: int = 1) -> int:
    """Return the bytes of all levels before compression."""
    return sum(math.prod(level.shape) for level in levels) * itemsize * n_channels


class PyramidWriter:
    """Takes the slabs of one volume in z order and writes all its resolutions.

    Memory is about three times a layer of eight slices.

    Parameters
    ----------
    path : Path
        The Zarr folder to make; the caller sees to its appearing whole.
    levels : tuple of LevelInfo
        From `plan_levels`.
    dtype : dtype
    pooling : {"mean", "max"}
    voxel_size_nm : tuple of float or None
        (z, y, x).
    origin_nm : tuple of float
        Of the first voxel, (z, y, x).
    n_channels : int or None
        None writes (z, y, x); a number writes (c, z, y, x).
    """

    def __init__(
        self,
        path: Path,
        levels: tuple[LevelInfo, ...],
        dtype: np.dtype,
        *,
        pooling: Pooling,
        voxel_size_nm: VoxelSize | None,
        origin_nm: tuple[float, float, float] = (0.0, 0.0, 0.0),
        n_channels: int | None = None,
    ) -> None:
        import zarr

        self._path = path
        self._n_slices = levels[0].shape[0]
        self._n_given = 0
        self._has_channels = n_channels is not None
        metadata = describe_image(levels, voxel_size_nm, origin_nm, has_channels=self._has_channels)
        with _writing(path):
            group = zarr.create_group(path, zarr_format=3, attributes={"ome": metadata})
            arrays = [_create_array(group, level, dtype, n_channels) for level in levels]
        self._first: _LevelWriter | None = None
        for index in reversed(range(len(levels))):
            halves_z = index + 1 < len(levels) and levels[index + 1].factors[0] > levels[index].factors[0]
            self._first = _LevelWriter(
                arrays[index], self._first, n_channels=n_channels, halves_z=halves_z, pooling=pooling
            )

    def append(self, slab: np.ndarray) -> None:
        """Write the next slices, (k, y, x) or (c, k, y, x), of the volume's dtype."""
        channels = slab if self._has_channels else slab[None]  # (c, k, y, x)
        self._n_given += channels.shape[1]
        assert self._first is not None
        with _writing(self._path):
            self._first.append(channels)

    def finish(self) -> None:
        """Write what is left; raise `SettingsError` where slices are missing or too many."""
        if self._n_given != self._n_slices:
            raise SettingsError(
                f"{self._n_given} of the {self._n_slices} slices of {self._path.name} were written; write each once."
            )
        assert self._first is not None
        with _writing(self._path):
            self._first.finish()


class _LevelWriter:
    """Collects slices of one level until a layer is full, stores it, and hands it on halved."""

    def __init__(
        self,
        array: Any,
        following: "_LevelWriter | None",
        *,
        n_channels: int | None,
        halves_z: bool,
        pooling: Pooling,
    ) -> None:
        self._array = array
        self._has_channels = n_channels is not None
        self._following = following
        self._halves_z = halves_z
        self._pooling: Pooling = pooling
        self._layer = np.empty((n_channels or 1, LAYER_SLICES, *array.shape[-2:]), array.dtype)
        self._n_waiting = 0
        self._n_stored = 0

    def append(self, slab: np.ndarray) -> None:
        for index in range(slab.shape[1]):
            self._layer[:, self._n_waiting] = slab[:, index]
            self._n_waiting += 1
            if self._n_waiting == LAYER_SLICES:
                self._store()

    def finish(self) -> None:
        if self._n_waiting:
            self._store()
        if self._following is not None:
            self._following.finish()

    def _store(self) -> None:
        layer = self._layer[:, : self._n_waiting]  # (c, k, y, x)
        where = slice(self._n_stored, self._n_stored + self._n_waiting)
        if self._has_channels:
            self._array[:, where] = layer
        else:
            self._array[where] = layer[0]
        self._n_stored += self._n_waiting
        self._n_waiting = 0
        if self._following is not None:
            self._following.append(pool(layer, halves_z=self._halves_z, pooling=self._pooling))


def describe_image(
    levels: tuple[LevelInfo, ...],
    voxel_size_nm: VoxelSize | None,
    origin_nm: tuple[float, float, float],
    *,
    has_channels: bool = False,
) -> dict[str, Any]:
    """Return the ``ome`` attribute; an unknown voxel size is stated in voxels of full resolution, without a unit."""
    unit = {"unit": "nanometer"} if voxel_size_nm is not None else {}
    axes = [{"name": "c", "type": "channel"}] if has_channels else []
    axes += [{"name": name, "type": "space", **unit} for name in "zyx"]
    size = voxel_size_nm or (1.0, 1.0, 1.0)
    origin = origin_nm if voxel_size_nm is not None else (0.0, 0.0, 0.0)
    return {
        "version": NGFF_VERSION,
        "multiscales": [
            {
                "name": "volume",
                "axes": axes,
                "datasets": [_describe_level(level, size, origin, has_channels) for level in levels],
            }
        ],
    }


def _describe_level(
    level: LevelInfo, size: VoxelSize, origin: tuple[float, float, float], has_channels: bool
) -> dict[str, Any]:
    """State a level's voxel size, and the centre of its first voxel, which moves as voxels grow."""
    scale = [factor * each for factor, each in zip(level.factors, size, strict=True)]
    translation = [
        start + (factor - 1) / 2 * each
        for start, factor, each in zip(origin, level.factors, size, strict=True)
    ]
    transformations: list[dict[str, Any]] = [
        {"type": "scale", "scale": [1.0, *scale] if has_channels else scale}
    ]
    if any(translation):
        transformations.append(
            {"type": "translation", "translation": [0.0, *translation] if has_channels else translation}
        )
    return {"path": level.path, "coordinateTransformations": transformations}


def _create_array(group: Any, level: LevelInfo, dtype: np.dtype, n_channels: int | None) -> Any:
    z, y, x = level.shape
    piece = (min(LAYER_SLICES, z), min(PIECE_PX, y), min(PIECE_PX, x))
    shard = (piece[0], *(math.ceil(n / p) * p for n, p in zip((y, x), piece[1:], strict=True)))
    leading = () if n_channels is None else (1,)
    return group.create_array(
        level.path,
        shape=(*(() if n_channels is None else (n_channels,)), z, y, x),
        dtype=dtype,
        chunks=(*leading, *piece),
        shards=(*leading, *shard),
        dimension_names=(*(() if n_channels is None else ("c",)), "z", "y", "x"),
        config={"write_empty_chunks": True},
    )


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"{path.name} cannot be written ({error.strerror or error}); free disk space."
        ) from error
