"""A surface with a table, a page and a picture, made by hand."""

from sxt.workspace import SegmentationManifest, SurfaceManifest, Workspace
from sxt.workspace.clock import utc_now
from tests.ui.items import CLASSES, MODEL

FILES = {
    "table": ("components.csv", b"id,class,volume_um3\n1,3,0.48231\n2,3,1234.5\n"),
    "mesh": ("mesh.vtp", b"mesh"),
    "page": ("scene.html", b"<html><body>scene</body></html>"),
    "picture": ("snapshot.png", b"\x89PNG snapshot"),
}


def add_surface(
    workspace: Workspace, segmentation: SegmentationManifest, *, name: str = "cell surfaces"
) -> SurfaceManifest:
    """Publish a surface of two components."""
    item_id = workspace.surfaces.draw_id()
    folder = workspace.surfaces.prepare_partial(item_id)
    for file_name, content in FILES.values():
        (folder / file_name).write_bytes(content)
    manifest = SurfaceManifest(
        id=item_id,
        name=name,
        created_at=utc_now(),
        created_by="ada",
        segmentation_id=segmentation.id,
        tomogram_id=segmentation.tomogram_id,
        model=MODEL,
        classes=CLASSES,
        threshold=0.5,
        first_slice=0,
        shape=segmentation.shape,
        voxel_size_nm=None,
        settings={},
        n_components=2,
        n_triangles=100,
        n_display_triangles=100,
        n_dropped=0,
        notes=(),
        seconds={},
        files={role: file_name for role, (file_name, _) in FILES.items()},
    )
    workspace.surfaces.publish(folder, manifest)
    return manifest
