"""The two compressions of AmiraMesh data, decoded from front to back with marks to come back to."""

import threading
import zlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sxt.io.volume import SlabSource

READ_BLOCK_BYTES = 1 << 16
RLE_LITERAL_FLAG = 0x80
N_MARKS = 64
"""States kept for a compressed volume; going back decodes at most 1/64 of it again."""


class Decoder(ABC):
    """The state of decoding one stream: how far it is, and what is pending."""

    def __init__(self, n_bytes: int) -> None:
        self.position = 0
        self.n_bytes = n_bytes

    @abstractmethod
    def decode(self, stream: BinaryIO, n_bytes: int) -> bytes:
        """Return the next ``n_bytes`` decoded bytes; ``stream`` stands at ``position`` of the encoded ones."""

    @abstractmethod
    def copy(self) -> "Decoder":
        """Return an independent decoder in the same state."""

    @abstractmethod
    def check_end(self, stream: BinaryIO) -> None:
        """Raise where the stream does not end properly after the last voxel."""

    def _take(self, stream: BinaryIO, n_bytes: int) -> bytes:
        """Read encoded bytes, never beyond the end of the stream's section."""
        block = stream.read(min(n_bytes, self.n_bytes - self.position))
        if not block:
            raise EOFError("the compressed data ends too early")
        self.position += len(block)
        return block


class RleDecoder(Decoder):
    """HxByteRLE: a byte n below 128 repeats the next byte n times, another stands before n - 128 plain bytes."""

    def __init__(self, n_bytes: int) -> None:
        super().__init__(n_bytes)
        self._run = b""
        self._n_pending = 0

    def decode(self, stream: BinaryIO, n_bytes: int) -> bytes:
        decoded = bytearray()
        while len(decoded) < n_bytes:
            if not self._n_pending:
                (control,) = self._take(stream, 1)
                self._n_pending = control & ~RLE_LITERAL_FLAG
                self._run = b"" if control & RLE_LITERAL_FLAG else self._take(stream, 1)
                continue
            n_wanted = min(self._n_pending, n_bytes - len(decoded))
            block = self._run * n_wanted if self._run else self._take(stream, n_wanted)
            decoded += block
            self._n_pending -= len(block)
        return bytes(decoded)

    def check_end(self, stream: BinaryIO) -> None:
        """Raise where a run goes on; there is no other mark of the end."""
        if self._n_pending:
            raise ValueError("there is more compressed data than voxels")

    def copy(self) -> "RleDecoder":
        twin = RleDecoder(self.n_bytes)
        twin.position, twin._run, twin._n_pending = self.position, self._run, self._n_pending
        return twin


class ZipDecoder(Decoder):
    """HxZip: one zlib stream."""

    def __init__(self, n_bytes: int) -> None:
        super().__init__(n_bytes)
        self._inflate = zlib.decompressobj()

    def decode(self, stream: BinaryIO, n_bytes: int) -> bytes:
        decoded = bytearray()
        while len(decoded) < n_bytes:
            encoded = self._inflate.unconsumed_tail or self._take(stream, READ_BLOCK_BYTES)
            decoded += self._inflate.decompress(encoded, n_bytes - len(decoded))
            if self._inflate.eof and len(decoded) < n_bytes:
                raise EOFError("the compressed data ends too early")
        return bytes(decoded)

    def check_end(self, stream: BinaryIO) -> None:
        """Go on to the end of the stream, so that its checksum is compared."""
        while not self._inflate.eof:
            encoded = self._inflate.unconsumed_tail or self._take(stream, READ_BLOCK_BYTES)
            if self._inflate.decompress(encoded, 1):
                raise ValueError("there is more compressed data than voxels")

    def copy(self) -> "ZipDecoder":
        twin = ZipDecoder(self.n_bytes)
        twin.position, twin._inflate = self.position, self._inflate.copy()
        return twin


CODECS: dict[str, type[Decoder]] = {"HxByteRLE": RleDecoder, "HxZip": ZipDecoder}


class CompressedSource(SlabSource):
    """A volume in one compressed stream.

    Reading onwards continues where the last slab ended; reading back starts from the nearest kept state.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, int, int],
        dtype: np.dtype,
        format_name: str,
        codec: type[Decoder],
        offset: int,
        n_bytes: int,
    ) -> None:
        super().__init__(path, shape, dtype, format_name)
        self._stored_dtype = np.dtype(dtype)
        self._codec = codec
        self._offset = offset
        self._n_bytes = n_bytes
        self._forget()

    def _forget(self) -> None:
        self._marks: dict[int, Decoder] = {0: self._codec(self._n_bytes)}
        self._latest: tuple[int, Decoder] = (0, self._marks[0])
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        dropped = ("_marks", "_latest", "_lock")
        return {name: value for name, value in self.__dict__.items() if name not in dropped}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def _read(self, start: int, stop: int) -> np.ndarray:
        slice_bytes = self.shape[1] * self.shape[2] * self._stored_dtype.itemsize
        with self._lock, self.path.open("rb") as stream:
            at, decoder = self._nearest(start)
            stream.seek(self._offset + decoder.position)
            while at < start:
                decoder.decode(stream, slice_bytes)
                at += 1
                self._keep(at, decoder)
            voxels = decoder.decode(stream, (stop - start) * slice_bytes)
            if stop == self.shape[0]:
                decoder.check_end(stream)
            self._latest = (stop, decoder)
            self._keep(stop, decoder)
        slab = np.frombuffer(voxels, self._stored_dtype)
        return slab.reshape(stop - start, *self.shape[1:]).astype(self.dtype)  # (k, y, x)

    def _nearest(self, start: int) -> tuple[int, Decoder]:
        candidates = {**self._marks, self._latest[0]: self._latest[1]}
        at = max(each for each in candidates if each <= start)
        return (at, candidates[at].copy())

    def _keep(self, at: int, decoder: Decoder) -> None:
        if at not in self._marks and at % -(-self.shape[0] // N_MARKS) == 0:
            self._marks[at] = decoder.copy()
