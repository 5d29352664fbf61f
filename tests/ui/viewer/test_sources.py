import os

from sxt.ui.viewer import mask_overlay, partial_overlay, probability_overlay, tomogram_source
from sxt.workspace import ClassInfo
from sxt.workspace.stored import BegunSegmentation, PartialSegmentation
from tests.ui.viewer.conftest import SHAPE, VOXEL_NM


def test_a_tomogram_keeps_its_name_and_voxel_size(tomogram):
    source = tomogram_source(tomogram)
    assert (source.name, source.voxel_size_nm) == ("Zelle 7 <µ>", VOXEL_NM)
    assert source.version == tomogram.sha256[:12]


def test_a_segmentation_has_a_mask_and_a_probability(workspace, segmentation):
    mask, probability = mask_overlay(workspace, segmentation), probability_overlay(workspace, segmentation)
    assert [each.name for each in mask.classes] == ["membrane", "droplet"]
    assert [each.value for each in mask.classes] == [1, 3]
    assert mask.origin == (segmentation.first_slice, 0, 0)
    assert (probability.kind, probability.threshold) == ("probability", segmentation.threshold)


def test_a_mask_that_is_replaced_has_another_version(workspace, segmentation):
    before = mask_overlay(workspace, segmentation)
    metadata = workspace.segmentations.path(segmentation.id) / "mask.zarr/zarr.json"
    os.utime(metadata, ns=(1, 1))
    after = mask_overlay(workspace, segmentation)
    assert before.version != after.version
    assert probability_overlay(workspace, segmentation).version != after.version


def test_a_segmentation_in_the_making_grows_with_its_version(tmp_path):
    begun = BegunSegmentation(
        tomogram_id="tomogram00",
        classes=(ClassInfo(value=1, name="membrane", colour="#E69F00"),),
        first_slice=7,
        shape=SHAPE,
        threshold=0.4,
    )
    overlays = [
        partial_overlay(PartialSegmentation(begun, tmp_path, n_done), "segmentat0", "in the making")
        for n_done in (4, 8)
    ]
    assert [each.version for each in overlays] == ["4", "8"]
    assert overlays[0].origin == (7, 0, 0)
    assert overlays[0].threshold == 0.4
