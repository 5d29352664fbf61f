"""A workspace with a real surface of two classes, one object of each."""

import numpy as np
import pytest

from sxt.surface import SurfaceSettings
from sxt.workspace import SegmentationManifest, SurfaceManifest, Workspace
from tests.ui.items import add_segmentation, add_tomogram

SHAPE = (10, 32, 40)
VOXEL_NM = (20.0, 10.0, 10.0)


def two_boxes() -> np.ndarray:
    """A large box of class 1 and a small one of class 3, (z, y, x) uint8."""
    mask = np.zeros(SHAPE, "u1")
    mask[2:8, 4:20, 4:20] = 1
    mask[3:7, 22:28, 28:34] = 3
    return mask


def add_boxes(workspace: Workspace, folder, *, voxel_size_nm=VOXEL_NM, name="cell") -> SegmentationManifest:
    values = np.random.default_rng(0).normal(100, 20, SHAPE).astype("u1")
    tomogram = add_tomogram(workspace, folder, values, name=name, voxel_size_nm=voxel_size_nm)
    return add_segmentation(workspace, tomogram, two_boxes(), name=f"{name} · membrane:1")


def add_boxes_surface(workspace: Workspace, segmentation, *, with_scene=False) -> SurfaceManifest:
    settings = SurfaceSettings(min_voxels=1)
    return workspace.reconstruct(segmentation.id, settings=settings, with_scene=with_scene, by="ada")


@pytest.fixture(scope="session")
def drawn_workspace(tmp_path_factory) -> Workspace:
    """With one surface and its scene; not to be changed."""
    folder = tmp_path_factory.mktemp("surfaces")
    workspace = Workspace(folder / "workspace")
    add_boxes_surface(workspace, add_boxes(workspace, folder), with_scene=True)
    return workspace
