import numpy as np
import pytest
import tifffile

from sxt.errors import InputError, SettingsError
from sxt.train.sources import open_pairs, open_tomogram
from tests.train.conftest import make_settings, train


def write(path, values):
    tifffile.imwrite(path, values, photometric="minisblack")
    return path


@pytest.fixture
def cell(tmp_path):
    grey = write(tmp_path / "cell.tif", np.random.default_rng(0).integers(0, 200, (4, 16, 20), np.uint8))
    labels = np.full((4, 16, 20), 255, np.uint8)
    labels[1], labels[3] = 0, 1
    return grey, write(tmp_path / "cell.labels.tif", labels)


def test_labelled_slices_of_a_volume_are_found(cell):
    source = open_tomogram(*cell)
    assert (source.id, source.labelled, len(source.sha256)) == ("cell", (1, 3), 64)
    assert source.read_labels(3).min() == 1
    assert open_tomogram(*cell, slices=[3, 2], taken=["cell"]).labelled == (3,)
    assert open_tomogram(*cell, taken=["cell"]).id == "cell (2)"
    assert open_tomogram(cell[0], None).labelled == ()


def test_labels_that_do_not_fit_are_refused(cell, tmp_path):
    short = write(tmp_path / "short.tif", np.zeros((3, 16, 20), np.uint8))
    with pytest.raises(InputError, match=r"\(3, 16, 20\)"):
        open_tomogram(cell[0], short)
    large = write(tmp_path / "large.tif", np.full((4, 16, 20), 300, np.uint16))
    with pytest.raises(InputError, match="whole numbers from 0 to 255"):
        _ = open_tomogram(cell[0], large).labelled
    with pytest.raises(SettingsError, match="no slice 9"):
        _ = open_tomogram(*cell, slices=[9]).labelled


def test_pairs_are_slices_in_the_order_of_their_numbers(tmp_path):
    folder = tmp_path / "pairs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in (10, 9, 2):
        write(folder / f"s{number}.tif", rng.integers(0, 99, (16, 16), np.uint16) + np.uint16(100 * number))
    outline = np.zeros((16, 16), np.uint16)
    outline[3] = 65535
    write(folder / "s10.labels.tif", outline)
    write(folder / "s2.labels.tif", np.full((16, 16), 65535, np.uint16))
    write(folder / "other.tif", np.zeros((8, 8), np.uint8))
    sources = {each.tomogram.shape: each for each in open_pairs(folder)}
    assert set(sources) == {(3, 16, 16), (1, 8, 8)}
    stack = sources[3, 16, 16]
    assert [int(stack.tomogram.read_slices(z, z + 1).min()) // 100 for z in range(3)] == [2, 9, 10]
    assert stack.labelled == (0, 2)
    assert stack.read_labels(0).min() == 1
    np.testing.assert_array_equal(stack.read_labels(2), (outline > 0).astype(np.uint8))
    assert sources[1, 8, 8].labelled == ()


def test_pairs_of_different_shape_are_refused(tmp_path):
    write(tmp_path / "a.tif", np.zeros((8, 8), np.uint8))
    write(tmp_path / "a.labels.tif", np.zeros((8, 9), np.uint8))
    with pytest.raises(InputError, match=r"a\.labels\.tif is \(8, 9\)"):
        open_pairs(tmp_path)


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no image"):
        open_pairs(tmp_path)


def test_pairs_can_be_trained_on(tmp_path):
    folder = tmp_path / "pairs"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(6):
        image = rng.integers(0, 255, (24, 24), np.uint8)
        write(folder / f"s{number}.tif", image)
        write(folder / f"s{number}.labels.tif", (image > 200).astype(np.uint8) * np.uint8(255))
    version = train(tmp_path, open_pairs(folder), make_settings(steps=2))
    assert version.split["rule"] == "block"
