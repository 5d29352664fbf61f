"""Reconstruct the surfaces of a segmentation of the workspace."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sxt.progress import CancelToken, ProgressCallback
from sxt.workspace.clock import utc_now
from sxt.workspace.manifests import SegmentationManifest, SurfaceManifest
from sxt.workspace.names import check_name
from sxt.workspace.scenes import scene_classes, scene_slices
from sxt.workspace.segmenting import slices_of

if TYPE_CHECKING:
    from sxt.surface import SurfaceFiles, SurfaceSet, SurfaceSettings
    from sxt.workspace.workspace import Workspace


@dataclass(frozen=True)
class SurfaceRequest:
    """What is to be reconstructed, and what it will be called."""

    segmentation: SegmentationManifest
    surface_id: str
    name: str | None
    by: str
    job_id: str | None
    settings: "SurfaceSettings"
    with_grey: bool
    with_scene: bool


def reconstruct_item(
    workspace: "Workspace", request: SurfaceRequest, *, progress: ProgressCallback, cancel: CancelToken
) -> SurfaceManifest:
    """Reconstruct and publish; see `Workspace.reconstruct`."""
    from sxt.surface import reconstruct_surfaces, write_surfaces

    segmentation = request.segmentation
    name = segmentation.name if request.name is None else check_name(request.name)
    mask = workspace.open_mask(segmentation.id)
    tomogram = workspace.open_tomogram(segmentation.tomogram_id) if request.with_grey else None
    surfaces = reconstruct_surfaces(
        mask.data,
        voxel_size_nm=mask.voxel_size_nm,
        settings=request.settings,
        tomogram=None if tomogram is None else slices_of(tomogram, segmentation),
        progress=progress,
        cancel=cancel,
    )
    folder = workspace.surfaces.prepare_partial(request.surface_id)
    try:
        files = write_surfaces(
            surfaces,
            folder,
            with_scene=request.with_scene,
            title=name,
            classes=scene_classes(segmentation),
            slices=scene_slices(workspace, segmentation) if request.with_scene else None,
            source={"segmentation": segmentation.id, "tomogram_sha256": segmentation.tomogram_sha256},
            progress=progress,
            cancel=cancel,
        )
        manifest = _describe(request, name, surfaces, files)
        workspace.surfaces.publish(folder, manifest)
    finally:
        workspace.surfaces.remove_partial(request.surface_id)
    workspace.log("reconstructed", "surface", manifest, by=request.by)
    return manifest


def _describe(
    request: SurfaceRequest, name: str, surfaces: "SurfaceSet", files: "SurfaceFiles"
) -> SurfaceManifest:
    from sxt.surface.output import DISPLAY_NAME, MESH_STEM, PAGE_NAME, SNAPSHOT_NAME, TABLE_NAME

    segmentation = request.segmentation
    roles = {
        "table": TABLE_NAME,
        "mesh": f"{MESH_STEM}.vtp",
        "display": DISPLAY_NAME,
        "page": PAGE_NAME,
        "picture": SNAPSHOT_NAME,
    }
    return SurfaceManifest(
        id=request.surface_id,
        name=name,
        created_at=utc_now(),
        created_by=request.by,
        segmentation_id=segmentation.id,
        tomogram_id=segmentation.tomogram_id,
        model=segmentation.model,
        classes=segmentation.classes,
        threshold=segmentation.threshold,
        first_slice=segmentation.first_slice,
        shape=segmentation.shape,
        voxel_size_nm=surfaces.voxel_size_nm,
        settings=asdict(request.settings),
        n_components=len(surfaces.table),
        n_triangles=len(surfaces.mesh.faces),
        n_display_triangles=len(surfaces.display.faces),
        n_dropped=surfaces.dropped,
        notes=files.notes,
        seconds={stage: round(seconds, 3) for stage, seconds in surfaces.timings_s.items()},
        files={role: file_name for role, file_name in roles.items() if file_name in files.names},
        job_id=request.job_id,
    )
