import pytest

from sxt.errors import SettingsError
from sxt.surface import SurfaceSettings


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"reading": "labels"}, "'labels'; use one of classes, binary, instances"),
        ({"only_class": 0}, "Class 0 is not a foreground class"),
        ({"smooth_z": -1.0}, "smoothing of -1.0 slices"),
        ({"smooth_z": float("nan")}, "smoothing of nan slices"),
        ({"connectivity": 18}, "connectivity of 18 does not exist here; use 26 or 6"),
        ({"min_volume_um3": -0.1}, "smallest volume of -0.1 µm³"),
        ({"min_volume_um3": float("inf")}, "smallest volume of inf µm³"),
        ({"min_voxels": -1}, "smallest size of -1 voxels"),
        ({"max_triangles": 0}, "budget of 0 triangles"),
    ],
)
def test_a_setting_out_of_range_is_refused(wrong, sentence):
    with pytest.raises(SettingsError, match=sentence):
        SurfaceSettings(**wrong)
