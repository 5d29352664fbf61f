import numpy as np
import pytest

from sxt.surface.settings import SurfaceSettings
from sxt.workspace import Workspace
from sxt.workspace.scenes import has_current_scene, redraw_scene, scene_classes, scene_slices
from tests.ui.items import add_segmentation, add_tomogram

SHAPE = (12, 40, 48)


@pytest.fixture
def segmentation(workspace, tmp_path):
    z = np.broadcast_to(np.arange(SHAPE[0], dtype="u1")[:, None, None], SHAPE)
    tomogram = add_tomogram(workspace, tmp_path, 10 * z, voxel_size_nm=(20.0, 10.0, 10.0))
    mask = np.zeros(SHAPE, "u1")
    mask[3:9, 10:30, 10:30] = 1
    return add_segmentation(workspace, tomogram, mask)


def test_slices_lie_where_the_mesh_has_them(workspace, segmentation):
    volume = scene_slices(workspace, segmentation)
    assert volume.grey.shape == SHAPE
    assert volume.low == (-5.0, -5.0, -10.0)
    assert volume.high == (475.0, 395.0, 230.0)
    assert np.all(np.diff(volume.grey[:, 0, 0].astype(int)) > 0)


def test_a_part_of_the_slices_starts_at_the_first_that_was_segmented(workspace, segmentation):
    part = segmentation.model_copy(update={"first_slice": 4, "shape": (5, 40, 48)})
    volume = scene_slices(workspace, part)
    assert volume.grey.shape == (5, 40, 48)
    assert (volume.low[2], volume.high[2]) == (-10.0, 90.0)


def test_large_tomograms_are_thinned(workspace, segmentation, monkeypatch):
    monkeypatch.setattr("sxt.surface.scene_slices.MOST_VOXELS", 800)
    volume = scene_slices(workspace, segmentation)
    assert volume.grey.size <= 800
    assert volume.high[0] >= 475.0


def test_without_the_tomogram_there_are_no_slices(workspace, segmentation):
    gone = segmentation.model_copy(update={"tomogram_id": workspace.tomograms.draw_id()})
    assert scene_slices(workspace, gone) is None
    assert [each.name for each in scene_classes(gone)] == ["membrane", "droplet"]


def test_a_scene_is_drawn_anew_where_it_is_missing(workspace: Workspace, segmentation):
    surface = workspace.reconstruct(
        segmentation.id, settings=SurfaceSettings(min_voxels=1), with_scene=False, by="ada"
    )
    assert not has_current_scene(workspace, surface)
    drawn = redraw_scene(workspace, surface.id)
    assert has_current_scene(workspace, drawn)
    assert workspace.surfaces.get(surface.id).files == drawn.files
    page = (workspace.surfaces.path(surface.id) / drawn.files["page"]).read_text("utf-8")
    assert '"slices":{' in page
    assert (
        sorted(each.name for each in workspace.surfaces.path(surface.id).iterdir() if "partial" in each.name)
        == []
    )
