"""A client for routes alone, and a workspace with a tomogram, a segmentation of it and a surface of that."""

from collections.abc import Callable

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from sxt.workspace import SegmentationManifest, SurfaceManifest, TomogramManifest, Workspace
from sxt.workspace.clock import utc_now
from tests.ui.items import CLASSES, MODEL, add_segmentation, add_tomogram

SHAPE = (6, 20, 24)
VOXEL_NM = (20.0, 10.0, 10.0)


@pytest.fixture
def client_of() -> Callable[[list[Route]], TestClient]:
    def make(routes: list[Route]) -> TestClient:
        return TestClient(Starlette(routes=routes), base_url="http://127.0.0.1:8501", follow_redirects=False)

    return make


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def tomogram(workspace, tmp_path) -> TomogramManifest:
    values = np.random.default_rng(0).normal(100, 20, SHAPE).astype("uint8")
    return add_tomogram(workspace, tmp_path, values, name="Zelle 7 <µ>", voxel_size_nm=VOXEL_NM)


@pytest.fixture
def segmentation(workspace, tomogram) -> SegmentationManifest:
    """Droplets from slice 3 on; the probability of a class is its value times the slice."""
    planes = np.broadcast_to(np.arange(SHAPE[0], dtype="u1")[:, None, None], SHAPE)
    mask = np.where(planes > 2, 3, 0).astype("u1")
    return add_segmentation(
        workspace, tomogram, mask, np.stack([planes, 3 * planes]), name="Zelle 7 · membrane:1"
    )


@pytest.fixture
def surface(workspace, segmentation) -> SurfaceManifest:
    item_id = workspace.surfaces.draw_id()
    folder = workspace.surfaces.prepare_partial(item_id)
    files = {"table": "components.csv", "mesh": "mesh.vtp", "page": "scene.html", "picture": "snapshot.png"}
    (folder / "components.csv").write_text(
        "id,class,volume_um3,touches_border,min_z\n1,3,0.48231,True,0\n2,3,1234.5,False,2\n"
    )
    (folder / "mesh.vtp").write_bytes(bytes(range(100)))
    (folder / "scene.html").write_text("<html><body>scene</body></html>")
    (folder / "snapshot.png").write_bytes(b"\x89PNG snapshot")
    manifest = SurfaceManifest(
        id=item_id,
        name="Zelle 7 surfaces",
        created_at=utc_now(),
        created_by="ada",
        segmentation_id=segmentation.id,
        tomogram_id=segmentation.tomogram_id,
        model=MODEL,
        classes=CLASSES,
        threshold=0.5,
        first_slice=0,
        shape=SHAPE,
        voxel_size_nm=VOXEL_NM,
        settings={},
        n_components=2,
        n_triangles=100,
        n_display_triangles=100,
        n_dropped=0,
        notes=(),
        seconds={},
        files=files,
    )
    workspace.surfaces.publish(folder, manifest)
    return manifest
