import math

import pytest

from sxt.ui.surface.bridge import parse_view
from sxt.workspace import Camera, SceneView

CAMERA = {"position": [1, 2.5, 3], "focal_point": [0, 0, 0], "view_up": [0, 0, 1], "parallel_scale": None}
TOLD = {"camera": CAMERA, "colour_by": "sphericity", "planes": {"z": 4, "y": None, "x": None}}


def test_what_the_browser_tells_is_a_view():
    camera = Camera(position=(1, 2.5, 3), focal_point=(0, 0, 0), view_up=(0, 0, 1))
    planes = {"z": 4, "y": None, "x": None}
    assert parse_view(TOLD) == SceneView(camera=camera, colour_by="sphericity", planes=planes)
    assert parse_view(TOLD | {"camera": CAMERA | {"parallel_scale": 4}}).camera.parallel_scale == 4.0


def test_a_view_of_some_components_is_the_same_view():
    view = parse_view(TOLD)
    assert view.showing([3, 1]) == view.model_copy(update={"visible": (3, 1)})
    assert view.showing([3, 1]).showing(None) == view


@pytest.mark.parametrize(
    "told",
    [
        None,
        "view",
        {},
        TOLD | {"planes": {"w": 1}},
        TOLD | {"planes": {"z": -1}},
        TOLD | {"colour_by": "x" * 1000},
        TOLD | {"more": 1},
        *(
            TOLD | {"camera": CAMERA | wrong}
            for wrong in (
                {"position": [1, 2]},
                {"position": [1, 2, math.nan]},
                {"view_up": [0, None, 0]},
                {"focal_point": [1, 2.5, 3]},
                {"parallel_scale": -4},
            )
        ),
    ],
)
def test_anything_else_is_none(told):
    assert parse_view(told) is None
