"""Damaged copies of files of every format: one sentence, never a traceback, a hang or a shorter volume."""

import numpy as np
import pytest

from sxt.errors import InputError, SxtError
from sxt.io import read_tomogram
from tests.io.samples import WRITERS, make_volume

N_CUTS = 12
N_FLIPS = 25


def make_compressible():
    volume = make_volume((6, 20, 24))
    volume[2:4] = 7
    return volume


@pytest.mark.parametrize("name", WRITERS)
def test_a_truncated_file_is_refused_or_read_whole(tmp_path, name):
    volume = make_compressible()
    WRITERS[name](tmp_path / name, volume)
    content = (tmp_path / name).read_bytes()
    sentences = []
    for end in np.linspace(1, len(content) - 2, N_CUTS).astype(int):
        (tmp_path / name).write_bytes(content[:end])
        try:
            slab = read_tomogram(tmp_path / name).data[:]
        except InputError as error:
            sentences.append(str(error))
        else:
            np.testing.assert_array_equal(slab, volume)
    assert len(sentences) >= N_CUTS - 2
    assert all(name in sentence and "\n" not in sentence for sentence in sentences)


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_with_changed_bytes_never_ends_in_a_traceback(tmp_path, name):
    WRITERS[name](tmp_path / name, make_compressible())
    content = (tmp_path / name).read_bytes()
    rng, sentences = np.random.default_rng(0), []
    for _ in range(N_FLIPS):
        damaged = bytearray(content)
        for place in rng.integers(0, min(len(content), 1500), 3):
            damaged[place] = rng.integers(256)
        (tmp_path / name).write_bytes(damaged)
        try:
            tomogram = read_tomogram(tmp_path / name)
            assert tomogram.data[:].shape == tomogram.shape
        except SxtError as error:
            sentences.append(str(error))
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in sentences)
