"""A slab of a file of several GB costs the memory of the slab; the files are sparse."""

import struct
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest

from sxt.io import read_tomogram
from sxt.io.mrc import HEADER_BYTES
from tests.io.samples import amira_header
from tests.io.test_mrc import write_header

SHAPE = (3000, 1000, 1000)
N_SLAB = 4
LIMIT_BYTES = 40_000_000
MARK = np.arange(1000, dtype="u1")


def extend(path: Path, offset: int, dtype: str) -> None:
    """Make the file as long as its header says, with a mark in one row of slice 2500."""
    itemsize = np.dtype(dtype).itemsize
    with path.open("r+b") as stream:
        stream.seek(offset + 2500 * 1_000_000 * itemsize)
        stream.write(MARK.astype(dtype).tobytes())
        stream.truncate(offset + 3_000_000_000 * itemsize)


def make_mrc(path):
    write_header(path, np.empty((0, 0, 0), "f4"), mode=2, n=SHAPE[::-1], m=SHAPE[::-1])
    extend(path, HEADER_BYTES, "<f4")


def make_npy(path):
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": SHAPE})
        offset = stream.tell()
    extend(path, offset, "u1")


def make_imagej(path):
    """One page with ImageJ's description, then 6 GB."""
    description = b"ImageJ=1.53t\nimages=3000\nslices=3000\nunit=nm\nspacing=10.0\n\0"
    at = 8 + 2 + 9 * 12 + 4
    offset = at + len(description)
    tags = [
        (256, 3, 1, 1000),
        (257, 3, 1, 1000),
        (258, 3, 1, 16),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (270, 2, len(description), at),
        (273, 4, 1, offset),
        (278, 3, 1, 1000),
        (279, 4, 1, 2_000_000),
    ]
    content = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    content += b"".join(struct.pack("<HHII", *tag) for tag in tags) + struct.pack("<I", 0) + description
    path.write_bytes(content)
    extend(path, offset, "<u2")


def make_amira(path):
    header = amira_header(SHAPE, "Lattice { byte Data } @1")
    path.write_bytes(header)
    extend(path, len(header), "u1")


def make_hdf5(path):
    with h5py.File(path, "w") as file:
        data = file.create_dataset("data", SHAPE, "u1", chunks=(1, 1000, 1000))
        data[2500, 0] = MARK


@pytest.mark.parametrize("make", [make_mrc, make_npy, make_imagej, make_amira, make_hdf5])
def test_a_slab_of_a_big_file_costs_the_memory_of_the_slab(tmp_path, make):
    make(tmp_path / "big")
    read_tomogram(tmp_path / "big").data[0:1]  # imports what the format needs
    tracemalloc.start()
    tomogram = read_tomogram(tmp_path / "big")
    slab = tomogram.data[2500 : 2500 + N_SLAB]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert tomogram.shape == SHAPE
    np.testing.assert_array_equal(slab[0, 0], MARK)
    assert slab[1:].max() == 0
    assert peak_bytes < LIMIT_BYTES
