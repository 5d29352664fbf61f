"""From items of the workspace to what the viewer shows."""

from pathlib import Path

from sxt.ui.viewer.component import OverlayClass, OverlaySource, ViewerSource
from sxt.workspace.manifests import ClassInfo, SegmentationManifest, TomogramManifest
from sxt.workspace.segmenting import MASK_FOLDER, PROBABILITY_FOLDER
from sxt.workspace.stored import PartialSegmentation
from sxt.workspace.workspace import Workspace


def tomogram_source(tomogram: TomogramManifest) -> ViewerSource:
    """Return a tomogram as the viewer shows it."""
    return ViewerSource(tomogram.id, tomogram.name, tomogram.voxel_size_nm, version=tomogram.sha256[:12])


def mask_overlay(workspace: Workspace, segmentation: SegmentationManifest) -> OverlaySource:
    """Return the stored mask of a segmentation as an overlay."""
    return OverlaySource(
        volume="mask",
        item_id=segmentation.id,
        name=segmentation.name,
        kind="mask",
        classes=overlay_classes(segmentation.classes),
        version=_stamp(workspace.segmentations.path(segmentation.id) / MASK_FOLDER),
        origin=(segmentation.first_slice, 0, 0),
    )


def probability_overlay(workspace: Workspace, segmentation: SegmentationManifest) -> OverlaySource:
    """Return the stored probability of a segmentation as an overlay that a threshold makes a mask."""
    return OverlaySource(
        volume="probability",
        item_id=segmentation.id,
        name=segmentation.name,
        kind="probability",
        classes=overlay_classes(segmentation.classes),
        version=_stamp(workspace.segmentations.path(segmentation.id) / PROBABILITY_FOLDER),
        threshold=segmentation.threshold,
        origin=(segmentation.first_slice, 0, 0),
    )


def partial_overlay(partial: PartialSegmentation, segmentation_id: str, name: str) -> OverlaySource:
    """Return what is made so far of a segmentation; the version grows with the slices."""
    return OverlaySource(
        volume="partial",
        item_id=segmentation_id,
        name=name,
        kind="probability",
        classes=overlay_classes(partial.begun.classes),
        version=str(partial.n_done),
        threshold=partial.begun.threshold,
        origin=(partial.begun.first_slice, 0, 0),
    )


def overlay_classes(classes: tuple[ClassInfo, ...]) -> tuple[OverlayClass, ...]:
    """Return classes with the colours they are drawn in."""
    return tuple(OverlayClass(each.value, each.name, each.colour) for each in classes)


def _stamp(volume: Path) -> str:
    """Return a text that changes whenever the volume is replaced."""
    return f"{(volume / 'zarr.json').stat().st_mtime_ns:x}"
