import math

import pytest

from sxt.ui.surface.bridge import parse_camera
from sxt.workspace import Camera

TOLD = {"position": [1, 2.5, 3], "focal_point": [0, 0, 0], "view_up": [0, 0, 1], "parallel_scale": None}


def test_what_the_browser_tells_is_a_camera():
    assert parse_camera(TOLD) == Camera(position=(1, 2.5, 3), focal_point=(0, 0, 0), view_up=(0, 0, 1))
    assert parse_camera(TOLD | {"parallel_scale": 4}).parallel_scale == 4.0
    assert parse_camera(TOLD | {"parallel_scale": -4}).parallel_scale is None


@pytest.mark.parametrize(
    "told",
    [
        None,
        "camera",
        {},
        TOLD | {"position": [1, 2]},
        TOLD | {"position": [1, 2, math.nan]},
        TOLD | {"view_up": [0, True, 0]},
        TOLD | {"focal_point": [1, 2.5, 3]},
    ],
)
def test_anything_else_is_none(told):
    assert parse_camera(told) is None
