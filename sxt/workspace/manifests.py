"""What the workspace knows of each item, as it stands in the item's ``manifest.json``."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from sxt.io import VolumeStatistics
from sxt.tomogram import Absorbing, VoxelSize
from sxt.workspace.ids import ItemId, ShareToken
from sxt.workspace.scene_view import Part, SceneView

SCHEMA_VERSION = 1

ItemKind = Literal["tomogram", "segmentation", "surface", "labels"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
Lane = Literal["compute", "data"]
"""Which workers a job goes to: those that have the network (one a GPU), or the one that prepares data."""

ACTIVE_STATES: frozenset[JobState] = frozenset({"queued", "running"})
MAX_NAME_LENGTH = 200
MAX_NOTE_LENGTH = 10_000

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_LENGTH)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Shape = tuple[int, int, int]


class Manifest(BaseModel):
    """What every manifest has; it is never changed, only replaced by another."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    schema_version: int = SCHEMA_VERSION


class LevelInfo(Part):
    """One resolution of a stored volume.

    Parameters
    ----------
    path : str
        Its name inside the Zarr folder.
    shape : tuple of int
        (z, y, x).
    factors : tuple of int
        Voxels of full resolution along (z, y, x) that one of its voxels stands for.
    """

    path: str
    shape: Shape
    factors: Shape


class ItemManifest(Manifest):
    """What tomograms, segmentations and surfaces have in common."""

    id: ItemId
    name: Name
    created_at: AwareDatetime
    created_by: str


class TomogramManifest(ItemManifest):
    """A tomogram of the workspace.

    Parameters
    ----------
    source_name : str
        Name of the file or folder it came from; never used as a path.
    sha256 : str
        Of the source, as `sxt.io.hash_source` defines it.
    format_name : str
        The source's format, found by content.
    dataset : str or None
        Which volume of the source.
    shape, dtype, voxel_size_nm, origin_nm, absorbing_is
        As in `sxt.tomogram.Tomogram`.
    doubts : tuple of str
        What may be wrong with the source, one sentence each.
    statistics : VolumeStatistics
        Over all voxels; the percentiles are a first contrast.
    levels : tuple of LevelInfo
        Full resolution first.
    """

    source_name: str
    sha256: Sha256
    format_name: str
    dataset: str | None
    shape: Shape
    dtype: str
    voxel_size_nm: VoxelSize | None
    origin_nm: tuple[float, float, float]
    absorbing_is: Absorbing | None
    doubts: tuple[str, ...]
    statistics: VolumeStatistics
    levels: tuple[LevelInfo, ...]


class ModelReference(Part):
    """A model version as it was used: ``name:version`` and the SHA-256 of its weights."""

    spec: str
    sha256: str


class ClassInfo(Part):
    """A foreground class: value in the mask, name, colour as ``#RRGGBB``."""

    value: int = Field(ge=1, le=254)
    name: str
    colour: str


class SegmentationManifest(ItemManifest):
    """A segmentation of the workspace.

    Parameters
    ----------
    tomogram_id, tomogram_sha256 : str
        What was segmented.
    model : ModelReference
    classes : tuple of ClassInfo
        In the order of the probability's channels.
    first_slice : int
        The tomogram's slice that the first one of the result belongs to.
    shape : tuple of int
        (z, y, x) of the mask.
    threshold : float
        What the stored mask was made with.
    foreground_share : dict
        Class name to its share of the voxels.
    settings, decisions : dict
        What was asked for, and what was decided where that left it open.
    device : str
    notes : tuple of str
        One sentence for each thing a user should know.
    constant_slices : tuple of int
        Slices without contrast, which have no foreground.
    n_missing_voxels : int
    seconds : dict
        Time of each stage.
    versions : dict
        Of the programs.
    levels : tuple of LevelInfo
        Of probability and mask alike.
    job_id : str or None
    """

    tomogram_id: ItemId
    tomogram_sha256: Sha256
    model: ModelReference
    classes: tuple[ClassInfo, ...]
    first_slice: int
    shape: Shape
    threshold: float
    foreground_share: dict[str, float]
    settings: dict[str, Any]
    decisions: dict[str, Any]
    device: str
    notes: tuple[str, ...]
    constant_slices: tuple[int, ...]
    n_missing_voxels: int
    seconds: dict[str, float]
    versions: dict[str, str]
    levels: tuple[LevelInfo, ...]
    job_id: ItemId | None = None


class SurfaceManifest(ItemManifest):
    """The surfaces of a segmentation.

    Parameters
    ----------
    segmentation_id, tomogram_id : str
        What it was made from.
    model : ModelReference
    classes : tuple of ClassInfo
    threshold : float
        That of the mask it was made from.
    first_slice : int
        The tomogram's slice at which the meshes have z = 0.
    shape : tuple of int
        (z, y, x) of the mask.
    voxel_size_nm : tuple of float or None
        (z, y, x); where None, lengths are in voxels.
    settings : dict
    n_components, n_triangles, n_display_triangles : int
    n_dropped : int
        Components below the smallest size.
    notes : tuple of str
    seconds : dict
    files : dict
        What (``table``, ``mesh``, ``display``, ``page``, ``picture``) to the name of its file.
    job_id : str or None
    """

    segmentation_id: ItemId
    tomogram_id: ItemId
    model: ModelReference
    classes: tuple[ClassInfo, ...]
    threshold: float
    first_slice: int
    shape: Shape
    voxel_size_nm: VoxelSize | None
    settings: dict[str, Any]
    n_components: int
    n_triangles: int
    n_display_triangles: int
    n_dropped: int
    notes: tuple[str, ...]
    seconds: dict[str, float]
    files: dict[str, str]
    job_id: ItemId | None = None


class LabelsManifest(ItemManifest):
    """The labels of a tomogram; they have the tomogram's id.

    Parameters
    ----------
    tomogram_sha256 : str
        What was labelled.
    shape : tuple of int
        (z, y, x).
    """

    tomogram_sha256: str
    shape: Shape


class ShareManifest(Manifest):
    """A read-only link to a surface, a segmentation or both."""

    token: ShareToken
    title: Name
    note: Annotated[str, StringConstraints(max_length=MAX_NOTE_LENGTH)] = ""
    surface_id: ItemId | None = None
    segmentation_id: ItemId | None = None
    view: SceneView | None = None
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime
    revoked_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _shares_something(self) -> "ShareManifest":
        if self.surface_id is None and self.segmentation_id is None:
            raise ValueError("a share shows a surface, a segmentation or both")
        return self

    def is_open(self, now: datetime) -> bool:
        """Return whether the link works at that time."""
        return self.revoked_at is None and now < self.expires_at


class TrashManifest(Manifest):
    """Something in the trash.

    Parameters
    ----------
    id : str
        Of the entry.
    kind, item_id, name : str
        What it is.
    place : str
        Where it belongs, relative to the workspace.
    """

    id: ItemId
    kind: str
    item_id: str
    name: str
    place: Annotated[str, StringConstraints(pattern=r"^[a-z]+(/[a-z0-9][a-z0-9._-]*)+$")]
    deleted_at: AwareDatetime
    deleted_by: str


class WorkerInfo(Part):
    """The process that runs a job."""

    host: str
    pid: int
    address: str


class JobManifest(Manifest):
    """A job of the queue; where it stands is decided by this file alone.

    Parameters
    ----------
    kind : str
        What is done.
    title : str
        For lists.
    settings : dict
        As the kind's settings model dumps them.
    lane : {"compute", "data"}
    item_id : str or None
        The id that its result will have.
    inputs : tuple of str
        Ids of the items it needs; it waits while another job is making one of them.
    order : int
        Jobs start in rising order.
    attempts : int
        How often it was started since it was submitted or last retried.
    worker_deaths : int
        How often its worker died since then.
    cancel_requested_at, cancel_requested_by
        Set when somebody asked for it to stop.
    error : str or None
        One sentence, where it failed.
    is_error_expected : bool
        Whether the error is one that the user can mend; otherwise the log has a traceback.
    results : tuple of str
        Ids of the items it made or found.
    note : str
        A sentence on the result worth telling.
    worker : WorkerInfo or None
        Where it runs, or ran last.
    """

    id: ItemId
    kind: str
    title: str
    settings: dict[str, Any]
    lane: Lane
    item_id: ItemId | None = None
    inputs: tuple[ItemId, ...] = ()
    state: JobState = "queued"
    submitted_by: str
    submitted_at: AwareDatetime
    order: int
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    attempts: int = 0
    worker_deaths: int = 0
    cancel_requested_at: AwareDatetime | None = None
    cancel_requested_by: str | None = None
    error: str | None = None
    is_error_expected: bool = True
    results: tuple[ItemId, ...] = ()
    note: str = ""
    worker: WorkerInfo | None = None

    @property
    def is_active(self) -> bool:
        """Whether it is queued or running."""
        return self.state in ACTIVE_STATES
