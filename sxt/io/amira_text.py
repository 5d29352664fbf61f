"""AmiraMesh data written as text: one number a voxel, x fastest."""

import re
import threading
from pathlib import Path
from typing import Any

import numpy as np

from sxt.errors import InputError
from sxt.io.volume import SlabSource

MAX_TEXT_BYTES = 1 << 31
"""A volume as text is parsed as a whole; a larger one should be binary."""

_MARK = re.compile(rb"^[ \t]*@(\d+)[ \t]*\r?$", re.MULTILINE)


class TextSource(SlabSource):
    """A volume in the text section ``mark`` of a file; parsed when first read, then kept.

    Parameters
    ----------
    offset : int
        Byte at which the line of the first section's mark begins.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, int, int],
        dtype: np.dtype,
        format_name: str,
        *,
        mark: int,
        offset: int,
    ) -> None:
        super().__init__(path, shape, dtype, format_name)
        self._mark = mark
        self._offset = offset
        self._forget()
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise InputError(
                f"{path.name} is AmiraMesh as text of over 2 GB; save it in Amira as binary AmiraMesh."
            )

    def _forget(self) -> None:
        self._voxels: np.ndarray | None = None
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_voxels", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def _read(self, start: int, stop: int) -> np.ndarray:
        with self._lock:
            if self._voxels is None:
                self._voxels = self._parse()
            return self._voxels[start:stop]

    def _parse(self) -> np.ndarray:
        with self.path.open("rb") as stream:
            stream.seek(self._offset)
            text = stream.read()
        marks = list(_MARK.finditer(text))
        ends = [each.start() for each in marks[1:]] + [len(text)]
        for found, end in zip(marks, ends, strict=True):
            if int(found[1]) == self._mark:
                numbers = np.array(text[found.end() : end].split(), dtype=np.float64)
                voxels = numbers.astype(self.dtype)
                if not np.array_equal(voxels, numbers) and self.dtype.kind in "ui":
                    raise ValueError(f"a number does not fit {self.dtype}")
                return voxels.reshape(self.shape)  # (z, y, x)
        raise InputError(f"{self.path.name} has no data section @{self._mark}; it is damaged, copy it anew.")
