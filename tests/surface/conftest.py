import numpy as np
import pytest

from sxt.surface import SurfaceSet, SurfaceSettings, reconstruct_surfaces
from tests.surface.phantoms import ball_mask, hollow_ball_mask


@pytest.fixture(scope="session")
def two_objects() -> SurfaceSet:
    """A hollow ball of class 1 and a small ball of class 2, in voxels of 20 x 10 x 10 nm."""
    shape = (24, 40, 60)
    mask = hollow_ball_mask(9, 5, shape, (11, 15, 15)) + 2 * ball_mask(5, shape, (12, 28, 45))
    return reconstruct_surfaces(
        mask.astype(np.uint8), voxel_size_nm=(20.0, 10.0, 10.0), settings=SurfaceSettings()
    )
