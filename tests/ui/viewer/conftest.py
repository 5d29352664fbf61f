"""A workspace with volumes whose voxels tell where they are."""

from pathlib import Path

import numpy as np
import pytest

from sxt.workspace import ClassInfo, ModelReference, SegmentationManifest, TomogramManifest, Workspace
from sxt.workspace.clock import utc_now
from sxt.workspace.pyramid import PyramidWriter, plan_levels

TOMOGRAM_ID = "tomogram00"
SEGMENTATION_ID = "segmentat0"
SHAPE = (20, 300, 400)
VOXEL_NM = (20.0, 10.0, 10.0)


def write_volume(path: Path, data: np.ndarray, *, pooling="mean", voxel_size_nm=VOXEL_NM) -> None:
    """Write (z, y, x) or (c, z, y, x) as the workspace does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = PyramidWriter(
        path,
        plan_levels(data.shape[-3:], voxel_size_nm),
        data.dtype,
        pooling=pooling,
        voxel_size_nm=voxel_size_nm,
        n_channels=data.shape[0] if data.ndim == 4 else None,
    )
    writer.append(data)
    writer.finish()


def ramp(shape=SHAPE) -> np.ndarray:
    """Float32 with the value z + y / 1000 + x / 1e6, which tells a voxel's place."""
    z, y, x = np.meshgrid(*(np.arange(size) for size in shape), indexing="ij")
    return (z + y / 1e3 + x / 1e6).astype(np.float32)


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def filled(workspace) -> Workspace:
    """A tomogram, and a segmentation whose mask is class 2 in one corner and whose probability rises with z."""
    write_volume(workspace.tomograms.path(TOMOGRAM_ID) / "volume.zarr", ramp())
    mask = np.zeros(SHAPE, np.uint8)
    mask[5:, :100, :50] = 2
    folder = workspace.segmentations.path(SEGMENTATION_ID)
    write_volume(folder / "mask.zarr", mask, pooling="max")
    rising = np.broadcast_to(np.arange(SHAPE[0], dtype=np.uint8)[:, None, None] * 10, SHAPE)
    write_volume(folder / "probability.zarr", np.stack([rising, 255 - rising]))
    return workspace


@pytest.fixture
def tomogram(workspace, tmp_path) -> TomogramManifest:
    np.save(tmp_path / "cell.npy", np.random.default_rng(0).normal(100, 20, (6, 20, 24)).astype(np.uint8))
    return workspace.import_tomogram(
        tmp_path / "cell.npy", name="Zelle 7 <µ>", by="ada", voxel_size_nm=VOXEL_NM, absorbing_is="dark"
    )


@pytest.fixture
def segmentation(workspace, tomogram) -> SegmentationManifest:
    """Of slices 1 to 5, with two classes."""
    shape = (5, 20, 24)
    item_id = workspace.segmentations.draw_id()
    folder = workspace.segmentations.prepare_partial(item_id)
    write_volume(folder / "mask.zarr", np.zeros(shape, np.uint8), pooling="max")
    write_volume(folder / "probability.zarr", np.zeros((2, *shape), np.uint8))
    manifest = SegmentationManifest(
        id=item_id,
        name="Zelle 7 · membrane:1",
        created_at=utc_now(),
        created_by="ada",
        tomogram_id=tomogram.id,
        tomogram_sha256=tomogram.sha256,
        model=ModelReference(spec="membrane:1", sha256="b" * 64),
        classes=(
            ClassInfo(value=1, name="membrane", colour="#E69F00"),
            ClassInfo(value=3, name="droplet", colour="#F0E442"),
        ),
        first_slice=1,
        shape=shape,
        threshold=0.35,
        foreground_share={},
        settings={},
        decisions={},
        device="cpu",
        notes=(),
        constant_slices=(),
        n_missing_voxels=0,
        seconds={},
        versions={},
        levels=plan_levels(shape, VOXEL_NM),
    )
    workspace.segmentations.publish(folder, manifest)
    return manifest
