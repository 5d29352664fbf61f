"""The workspace: folders on disk with tomograms, segmentations, surfaces, jobs and shares, and their manifests."""

from sxt.workspace.activity import Activity
from sxt.workspace.disk import folder_bytes
from sxt.workspace.ids import is_id, is_token
from sxt.workspace.layout import DiskUse, InUseError
from sxt.workspace.manifests import (
    ClassInfo,
    ItemKind,
    JobManifest,
    JobState,
    LabelsManifest,
    Lane,
    LevelInfo,
    ModelReference,
    SegmentationManifest,
    ShareManifest,
    SurfaceManifest,
    TomogramManifest,
    TrashManifest,
    WorkerInfo,
)
from sxt.workspace.scene_view import Camera, SceneView
from sxt.workspace.stored import PartialSegmentation
from sxt.workspace.thumbnails import THUMBNAIL_FILE
from sxt.workspace.workspace import Workspace

__all__ = [
    "THUMBNAIL_FILE",
    "Activity",
    "Camera",
    "ClassInfo",
    "DiskUse",
    "InUseError",
    "ItemKind",
    "JobManifest",
    "JobState",
    "LabelsManifest",
    "Lane",
    "LevelInfo",
    "ModelReference",
    "PartialSegmentation",
    "SceneView",
    "SegmentationManifest",
    "ShareManifest",
    "SurfaceManifest",
    "TomogramManifest",
    "TrashManifest",
    "WorkerInfo",
    "Workspace",
    "folder_bytes",
    "is_id",
    "is_token",
]
