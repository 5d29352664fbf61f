"""A client for routes alone, and a workspace with a tomogram, a segmentation of it and a surface of that."""

from collections.abc import Callable

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from sxt.workspace import ClassInfo, ModelReference, SegmentationManifest, SurfaceManifest, Workspace
from sxt.workspace.clock import utc_now
from sxt.workspace.pyramid import PyramidWriter, plan_levels

SHAPE = (6, 20, 24)
VOXEL_NM = (20.0, 10.0, 10.0)
CLASSES = (
    ClassInfo(value=1, name="membrane", colour="#E69F00"),
    ClassInfo(value=3, name="droplet", colour="#F0E442"),
)
MODEL = ModelReference(spec="membrane:1", sha256="b" * 64)


@pytest.fixture
def client_of() -> Callable[[list[Route]], TestClient]:
    def make(routes: list[Route]) -> TestClient:
        return TestClient(Starlette(routes=routes), base_url="http://127.0.0.1:8501", follow_redirects=False)

    return make


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def tomogram(workspace, tmp_path):
    values = np.random.default_rng(0).normal(100, 20, SHAPE).astype("uint8")
    np.save(tmp_path / "cell.npy", values)
    return workspace.import_tomogram(
        tmp_path / "cell.npy", name="Zelle 7 <µ>", by="ada", voxel_size_nm=VOXEL_NM, absorbing_is="dark"
    )


@pytest.fixture
def segmentation(workspace, tomogram) -> SegmentationManifest:
    """Two classes; the probability of a class is its value times the slice."""
    levels = plan_levels(SHAPE, VOXEL_NM)
    item_id = workspace.segmentations.draw_id()
    folder = workspace.segmentations.prepare_partial(item_id)
    planes = np.broadcast_to(np.arange(SHAPE[0], dtype="u1")[:, None, None], SHAPE)
    probability = PyramidWriter(
        folder / "probability.zarr",
        levels,
        np.dtype("u1"),
        pooling="mean",
        voxel_size_nm=VOXEL_NM,
        n_channels=2,
    )
    probability.append(np.stack([planes, 3 * planes]))
    probability.finish()
    mask = PyramidWriter(folder / "mask.zarr", levels, np.dtype("u1"), pooling="max", voxel_size_nm=VOXEL_NM)
    mask.append(np.where(planes > 2, 3, 0).astype("u1"))
    mask.finish()
    (folder / "overview.png").write_bytes(b"\x89PNG overview")
    manifest = SegmentationManifest(
        id=item_id,
        name="Zelle 7 · membrane:1",
        created_at=utc_now(),
        created_by="ada",
        tomogram_id=tomogram.id,
        tomogram_sha256=tomogram.sha256,
        model=MODEL,
        classes=CLASSES,
        first_slice=0,
        shape=SHAPE,
        threshold=0.5,
        foreground_share={"membrane": 0.0, "droplet": 0.5},
        settings={},
        decisions={},
        device="cpu",
        notes=(),
        constant_slices=(),
        n_missing_voxels=0,
        seconds={},
        versions={},
        levels=levels,
    )
    workspace.segmentations.publish(folder, manifest)
    return manifest


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
