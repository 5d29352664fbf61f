from pathlib import Path

import numpy as np
import pytest

from sxt.io.doubts import doubts_about
from sxt.io.statistics import measure_volume
from sxt.progress import ignore_progress
from sxt.tomogram import Tomogram
from tests.io.samples import make_volume


def doubts(volume, name="cell.mrc", **options):
    tomogram = Tomogram(data=volume, source=Path(name), **options)
    return doubts_about(tomogram, measure_volume(volume, progress=ignore_progress))


PLAIN = make_volume((10, 30, 30), "f4")


def test_a_plain_tomogram_raises_no_doubt():
    assert doubts(PLAIN, voxel_size_nm=(20.0, 10.0, 10.0)) == []


def fill(volume, index, value):
    changed = volume.copy()
    changed[index] = value
    return changed


@pytest.mark.parametrize(
    ("volume", "options", "sentence"),
    [
        (PLAIN, {"name": "cell_tilt_series.mrc"}, "sounds like a tilt series"),
        (PLAIN, {"name": "cell_proj.tif"}, "sounds like a tilt series"),
        (PLAIN, {"name": "cell_recons.xzy"}, "axes are stored as x, z, y"),
        (make_volume((30, 10, 30), "f4"), {}, "The y axis is by far the shortest of (30, 10, 30)"),
        (make_volume((30, 30, 10), "f4"), {}, "The x axis is by far the shortest"),
        (PLAIN, {"voxel_size_nm": (0.5, 0.5, 0.5)}, "unusual for cryo-SXT"),
        (PLAIN, {"voxel_size_nm": (1000.0, 1000.0, 1000.0)}, "unusual for cryo-SXT"),
        (PLAIN, {"voxel_size_nm": (100.0, 10.0, 10.0)}, "is far from a cube"),
        (make_volume((10, 30, 30), "i8"), {}, "int64 voxels cannot be opened by many programs"),
        (make_volume((10, 30, 30)) % 3, {}, "only 3 different values: this looks like labels"),
        ((make_volume((10, 30, 30)) % 3).astype("f4"), {}, "only 3 different values: this looks like labels"),
        (make_volume((10, 30, 30), "i1"), {"format_name": "MRC"}, "Some bytes are negative"),
        (fill(PLAIN, (0, 0, slice(0, 3)), np.nan), {}, "count as missing: 3 NaN and 0 infinite"),
        (np.full((10, 30, 30), 7.0), {}, "The whole volume has a single value or none"),
        (np.full((10, 30, 30), np.nan), {}, "The whole volume has a single value or none"),
        (fill(PLAIN, 0, PLAIN.max() + 1), {}, "10.0% of the voxels are at the maximum"),
        (fill(PLAIN, (0, 0, 0), 1e4), {}, "standard deviations from the mean: outliers"),
        (
            fill(PLAIN, slice(2, 9), 5.0),
            {},
            "Slices with a single value or none: 2, 3, 4, 5, 6 and 2 more.",
        ),
    ],
)
def test_each_fault_has_its_doubt(volume, options, sentence):
    found = doubts(volume, **options)
    assert any(sentence in doubt for doubt in found), found


@pytest.mark.parametrize(
    "name", ["tiltseries.mrc", "TS_01_tilt.mrc", "cell_ali.mrc", "projections.h5", "a.preali"]
)
def test_names_of_tilt_series(name):
    assert any("sounds like a tilt series" in doubt for doubt in doubts(PLAIN, name))


@pytest.mark.parametrize("name", ["project.mrc", "alison.tif", "stilton.mrc", "xzylophone.mrc"])
def test_ordinary_names_are_no_doubt(name):
    assert doubts(PLAIN, name) == []


def test_a_few_voxels_at_the_extremes_are_no_doubt():
    assert doubts(fill(PLAIN, (0, 0, slice(0, 20)), PLAIN.min())) == []
