"""Write NumPy ``.npy`` files."""

from pathlib import Path

import numpy as np

from sxt.io.sink import VolumeRequest, VolumeSink


class NpySink(VolumeSink):
    """Header, then the slabs in C order."""

    def __init__(self, path: Path, request: VolumeRequest) -> None:
        super().__init__(path, request)
        self._dtype = request.dtype.newbyteorder("<")
        self._stream = path.open("wb")
        header = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": request.shape,
        }
        np.lib.format.write_array_header_1_0(self._stream, header)

    def append(self, slab: np.ndarray) -> None:
        self._stream.write(np.ascontiguousarray(slab, self._dtype).data)

    def finish(self) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()
