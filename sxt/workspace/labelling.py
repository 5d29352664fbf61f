"""Labels in the workspace: the folder beside each tomogram, made when first needed; files in and out of it."""

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sxt.errors import InputError
from sxt.labels import ClassList, LabelSet, export_pairs, export_volume
from sxt.labels.exporting import ExportFormat
from sxt.progress import CancelToken, ProgressCallback, ignore_progress
from sxt.workspace.clock import utc_now
from sxt.workspace.disk import check_space
from sxt.workspace.locks import PathLock
from sxt.workspace.manifest_files import MANIFEST_FILE, write_manifest
from sxt.workspace.manifests import LabelsManifest, TomogramManifest

if TYPE_CHECKING:
    from sxt.workspace.workspace import Workspace

LOCK_FILE = ".lock"
CLASS_NAMES = ("membrane", "mitochondrion", "lipid droplet", "gold bead")
"""What new labels begin with: values and colours of these are those of the shipped models and of simulated cells."""

PAIR_DTYPES = ("uint8", "uint16")
UINT16_LEVELS = 65535


def open_labels(
    workspace: "Workspace", tomogram_id: str, *, by: str, classes: ClassList | None, is_new: bool
) -> LabelSet:
    """Open or make labels; see `Workspace.open_labels`."""
    tomogram = workspace.tomograms.get(tomogram_id)
    found = find_labels(workspace, tomogram_id)
    if found is not None:
        return found
    if not is_new:
        raise InputError(f"{tomogram.name!r} has no labels yet; open it on the page Label.")
    _make(workspace, tomogram, by=by, classes=default_classes() if classes is None else classes)
    return _open(workspace.labels.path(tomogram_id))


def find_labels(workspace: "Workspace", tomogram_id: str) -> LabelSet | None:
    """Open labels that are there; see `Workspace.find_labels`."""
    manifest = workspace.labels.find(tomogram_id)
    if manifest is None:
        return None
    labels = _open(workspace.labels.path(tomogram_id))
    if labels.shape != manifest.shape:
        raise InputError(
            f"The labels of {manifest.name!r} are {labels.shape}, but {manifest.shape} is expected; "
            "restore them from a backup."
        )
    return labels


def default_classes() -> ClassList:
    """Return the classes that new labels begin with."""
    classes = ClassList()
    for name in CLASS_NAMES:
        classes = classes.add(name)
    return classes


def export_labels(
    workspace: "Workspace",
    tomogram_id: str,
    path: Path,
    *,
    format_name: ExportFormat,
    by: str,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Write the labels of a tomogram to a file, with its voxel size and origin.

    Raises
    ------
    InputError
        Where it has no labels.
    ResourceError
        Where they would not fit on the disk, or it refuses.
    """
    labels, tomogram = _get(workspace, tomogram_id), workspace.tomograms.get(tomogram_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    check_space(path.parent, 2 * int(np.prod(labels.shape, dtype=np.int64)), what="The export")
    export_volume(
        labels,
        path,
        format_name=format_name,
        voxel_size_nm=tomogram.voxel_size_nm,
        origin_nm=tomogram.origin_nm,
        progress=progress,
        cancel=cancel,
    )
    workspace.log("exported the labels of", "tomogram", tomogram, by=by, detail=format_name)


def export_label_pairs(
    workspace: "Workspace",
    tomogram_id: str,
    folder: Path,
    *,
    value: int,
    by: str,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[int, ...]:
    """Write each labelled slice and its image, as it is or scaled to 16 bits, as a pair; returns the slices."""
    labels, manifest = _get(workspace, tomogram_id), workspace.tomograms.get(tomogram_id)
    tomogram = workspace.open_tomogram(tomogram_id)
    low, high = manifest.statistics.minimum or 0.0, manifest.statistics.maximum or 0.0
    scale = _as_it_is if manifest.dtype in PAIR_DTYPES else _scaler(low, high)
    slices = export_pairs(
        labels,
        folder,
        value=value,
        read_grey=lambda z: scale(tomogram.read_slices(z, z + 1)[0]),
        progress=progress,
        cancel=cancel,
    )
    workspace.log("exported the labels of", "tomogram", manifest, by=by, detail="pairs")
    return slices


def _get(workspace: "Workspace", tomogram_id: str) -> LabelSet:
    labels = find_labels(workspace, tomogram_id)
    if labels is None:
        raise InputError(f"The tomogram {tomogram_id!r} has no labels; label a slice first.")
    return labels


def _open(folder: Path) -> LabelSet:
    return LabelSet(folder, lock=lambda: PathLock(folder / LOCK_FILE))


def _make(workspace: "Workspace", tomogram: TomogramManifest, *, by: str, classes: ClassList) -> None:
    """Make labels beside the tomogram, unless somebody else did meanwhile."""
    partial = workspace.labels_root / f".{tomogram.id}.{secrets.token_hex(4)}.partial"
    manifest = LabelsManifest(
        id=tomogram.id,
        name=tomogram.name,
        created_at=utc_now(),
        created_by=by,
        tomogram_sha256=tomogram.sha256,
        shape=tomogram.shape,
    )
    try:
        LabelSet.create(partial, tomogram.shape, classes=classes)
        write_manifest(partial / MANIFEST_FILE, manifest)
        with workspace.lock():
            if workspace.labels.find(tomogram.id) is not None:
                return
            workspace.labels.move_into_place(partial, tomogram.id)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    workspace.log("began the labels of", "tomogram", tomogram, by=by)


def _as_it_is(grey: np.ndarray) -> np.ndarray:
    return grey


def _scaler(low: float, high: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that brings grey values from ``low`` to ``high`` to all levels of uint16."""

    def scale(grey: np.ndarray) -> np.ndarray:
        relative = (np.nan_to_num(grey.astype(np.float64), nan=low) - low) / max(
            high - low, np.finfo(float).tiny
        )
        return np.rint(np.clip(relative, 0.0, 1.0) * UINT16_LEVELS).astype(np.uint16)

    return scale
