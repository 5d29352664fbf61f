"""Items of a workspace made by hand, without a model."""

from pathlib import Path

import numpy as np

from sxt.tomogram import VoxelSize
from sxt.workspace import ClassInfo, ModelReference, SegmentationManifest, TomogramManifest, Workspace
from sxt.workspace.clock import utc_now
from sxt.workspace.pyramid import PyramidWriter, plan_levels

CLASSES = (
    ClassInfo(value=1, name="membrane", colour="#E69F00"),
    ClassInfo(value=3, name="droplet", colour="#F0E442"),
)
MODEL = ModelReference(spec="membrane:1", sha256="b" * 64)


def add_tomogram(
    workspace: Workspace,
    folder: Path,
    values: np.ndarray,
    *,
    name: str = "cell",
    voxel_size_nm: VoxelSize | None = None,
) -> TomogramManifest:
    """Bring in grey values (z, y, x); ``folder`` is for the file they come from."""
    np.save(folder / "cell.npy", values)
    return workspace.import_tomogram(
        folder / "cell.npy", name=name, by="ada", voxel_size_nm=voxel_size_nm, absorbing_is="dark"
    )


def add_segmentation(
    workspace: Workspace,
    tomogram: TomogramManifest,
    mask: np.ndarray,
    probability: np.ndarray | None = None,
    *,
    name: str = "cell · membrane:1",
    notes: tuple[str, ...] = (),
) -> SegmentationManifest:
    """Add a segmentation of two classes.

    Parameters
    ----------
    mask : ndarray
        (z, y, x) uint8 of 0, 1 and 3.
    probability : ndarray, optional
        (2, z, y, x) uint8; 255 where the mask has the class by default.
    """
    if probability is None:
        probability = np.stack([np.where(mask == each.value, 255, 0).astype("u1") for each in CLASSES])
    size = tomogram.voxel_size_nm
    levels = plan_levels(tomogram.shape, size)
    item_id = workspace.segmentations.draw_id()
    folder = workspace.segmentations.prepare_partial(item_id)
    byte = np.dtype("u1")
    writer = PyramidWriter(
        folder / "probability.zarr", levels, byte, pooling="mean", voxel_size_nm=size, n_channels=2
    )
    writer.append(probability)
    writer.finish()
    writer = PyramidWriter(folder / "mask.zarr", levels, byte, pooling="max", voxel_size_nm=size)
    writer.append(mask)
    writer.finish()
    (folder / "overview.png").write_bytes(b"\x89PNG overview")
    manifest = SegmentationManifest(
        id=item_id,
        name=name,
        created_at=utc_now(),
        created_by="ada",
        tomogram_id=tomogram.id,
        tomogram_sha256=tomogram.sha256,
        model=MODEL,
        classes=CLASSES,
        first_slice=0,
        shape=tomogram.shape,
        threshold=0.5,
        foreground_share={each.name: float(np.mean(mask == each.value)) for each in CLASSES},
        settings={},
        decisions={},
        device="cpu",
        notes=notes,
        constant_slices=(),
        n_missing_voxels=0,
        seconds={},
        versions={},
        levels=levels,
    )
    workspace.segmentations.publish(folder, manifest)
    return manifest
