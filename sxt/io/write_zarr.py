"""Write OME-Zarr images: OME-NGFF 0.5 in Zarr version 3, one resolution.

Notes
-----
Each stored file (shard) spans a whole layer of eight slices, in pieces of 8 × 256 × 256 voxels that are compressed
one by one: a slice is read by decoding eight, a tile without its neighbours, and there are few files. Every piece is
written, also an empty one, so that a missing file is damage.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np

from sxt.io.sink import VolumeRequest, VolumeSink

NGFF_VERSION = "0.5"
PIECE_SHAPE = (8, 256, 256)
AXES = ("z", "y", "x")


class ZarrSink(VolumeSink):
    """Collects slices until a layer is full, then writes it."""

    def __init__(self, path: Path, request: VolumeRequest) -> None:
        super().__init__(path, request)
        self._piece_shape = tuple(
            min(piece, size) for piece, size in zip(PIECE_SHAPE, request.shape, strict=True)
        )
        self._array = _create_array(path, request, self._piece_shape)
        self._layer = np.empty((self._piece_shape[0], *request.shape[1:]), request.dtype)
        self._n_waiting = 0
        self._n_stored = 0

    def append(self, slab: np.ndarray) -> None:
        for image in slab:
            self._layer[self._n_waiting] = image
            self._n_waiting += 1
            if self._n_waiting == len(self._layer):
                self._store()

    def _store(self) -> None:
        stop = self._n_stored + self._n_waiting
        self._array[self._n_stored : stop] = self._layer[: self._n_waiting]
        self._n_stored, self._n_waiting = stop, 0

    def finish(self) -> None:
        if self._n_waiting:
            self._store()

    def close(self) -> None:
        """Nothing is held open: each layer is a file of its own."""


def _create_array(path: Path, request: VolumeRequest, piece_shape: tuple[int, ...]) -> Any:
    import zarr

    group = zarr.create_group(path, zarr_format=3, attributes={"ome": _metadata(request)})
    layer = tuple(
        math.ceil(size / piece) * piece for size, piece in zip(request.shape, piece_shape, strict=True)
    )
    return group.create_array(
        "0",
        shape=request.shape,
        dtype=request.dtype,
        chunks=piece_shape,
        shards=(piece_shape[0], *layer[1:]),
        dimension_names=AXES,
        config={"write_empty_chunks": True},
    )


def _metadata(request: VolumeRequest) -> dict[str, Any]:
    """Return the ``ome`` attribute; an unknown voxel size is a scale of 1 without a unit."""
    unit = {"unit": "nanometer"} if request.voxel_size_nm is not None else {}
    scale = [float(size) for size in request.voxel_size_nm or (1.0, 1.0, 1.0)]
    transformations: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
    if any(request.origin_nm) and unit:
        transformations.append(
            {"type": "translation", "translation": [float(each) for each in request.origin_nm]}
        )
    return {
        "version": NGFF_VERSION,
        "multiscales": [
            {
                "name": "volume",
                "axes": [{"name": name, "type": "space", **unit} for name in AXES],
                "datasets": [{"path": "0", "coordinateTransformations": transformations}],
            }
        ],
    }
