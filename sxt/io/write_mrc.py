"""Write MRC files that IMOD, ChimeraX and mrcfile read alike.

Notes
-----
Header: Cheng et al. 2015, doi 10.1016/j.jsb.2015.04.002. Mode 0 is signed by that standard and was unsigned in IMOD,
and readers differ on bytes above 127; uint8 is therefore stored as mode 6 (uint16), one byte more a voxel. int8 is mode
0 with IMOD's flag for signed bytes. A voxel size that is not known is written as a cell of 0, not as 1 Å. No label with
a date is written, so the same volume gives the same bytes.
"""

import math
from pathlib import Path

import numpy as np

from sxt.io.mrc import (
    ANGSTROM_NM,
    HEADER_BYTES,
    HEADER_FIELDS,
    IMOD_MRC_ORIGIN,
    IMOD_SIGNED_BYTES,
    IMOD_STAMP,
    MODE_DTYPES,
)
from sxt.io.sink import VolumeRequest, VolumeSink, refuse_dtype

MRC2014_VERSION = 20141
VOLUME_SPACE_GROUP = 1
LITTLE_ENDIAN_STAMP = b"DD\0\0"
DTYPES = ("uint8", "int8", "int16", "uint16", "float16", "float32")
LABEL = b"Written by sxt"


class MrcSink(VolumeSink):
    """Voxels behind a header that is filled in at the end, when minimum, maximum and mean are known."""

    def __init__(self, path: Path, request: VolumeRequest) -> None:
        super().__init__(path, request)
        refuse_dtype("MRC", request.dtype, DTYPES)
        stored = np.dtype("u2") if request.dtype == np.uint8 else request.dtype
        self._mode = next(mode for mode, code in MODE_DTYPES.items() if np.dtype(code) == stored)
        self._dtype = stored.newbyteorder("<")
        self._minimum, self._maximum = math.inf, -math.inf
        self._sum, self._sum_of_squares, self._n_finite = 0.0, 0.0, 0
        self._stream = path.open("wb")
        self._stream.write(bytes(HEADER_BYTES))

    def append(self, slab: np.ndarray) -> None:
        for image in slab:
            self._count(image[np.isfinite(image)] if image.dtype.kind == "f" else image)
        self._stream.write(np.ascontiguousarray(slab, self._dtype).data)

    def _count(self, values: np.ndarray) -> None:
        if values.size:
            self._minimum = min(self._minimum, float(values.min()))
            self._maximum = max(self._maximum, float(values.max()))
            self._sum += float(values.sum(dtype=float))
            self._sum_of_squares += float(np.square(values, dtype=float).sum())
            self._n_finite += values.size

    def finish(self) -> None:
        self._stream.seek(0)
        self._stream.write(self._header().tobytes())
        self.close()

    def close(self) -> None:
        self._stream.close()

    def _header(self) -> np.ndarray:
        header = np.zeros(1, np.dtype(HEADER_FIELDS).newbyteorder("<"))
        words = header[0]
        shape_xyz = self.request.shape[::-1]
        words["n"] = words["m"] = shape_xyz
        words["mode"] = self._mode
        if self.request.voxel_size_nm is not None:
            voxels_angstrom = np.array(self.request.voxel_size_nm[::-1]) / ANGSTROM_NM
            words["cell"] = voxels_angstrom * shape_xyz
        words["angles"] = 90.0
        words["map_axes"] = (1, 2, 3)
        words["space_group"] = VOLUME_SPACE_GROUP
        words["version"] = MRC2014_VERSION
        words["imod_stamp"] = IMOD_STAMP
        words["imod_flags"] = IMOD_SIGNED_BYTES | IMOD_MRC_ORIGIN
        words["origin"] = np.array(self.request.origin_nm[::-1]) / ANGSTROM_NM
        words["map_id"] = b"MAP "
        words["machine_stamp"] = np.void(LITTLE_ENDIAN_STAMP)
        words["n_labels"] = 1
        words["labels"][:] = b" " * 80
        words["labels"][0] = LABEL.ljust(80)
        self._fill_statistics(words)
        return header

    def _fill_statistics(self, words: np.void) -> None:
        if not self._n_finite:  # the standard's sign for "not determined"
            words["minimum"], words["maximum"], words["mean"], words["deviation"] = 0.0, -1.0, -2.0, -1.0
            return
        mean = self._sum / self._n_finite
        words["minimum"], words["maximum"], words["mean"] = self._minimum, self._maximum, mean
        words["deviation"] = math.sqrt(max(self._sum_of_squares / self._n_finite - mean * mean, 0.0))
