"""Where the volumes that the viewer shows lie in a workspace."""

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np

from sxt.errors import InputError
from sxt.ui.viewer.encode import Pooling
from sxt.ui.viewer.error_maps import open_map
from sxt.ui.viewer.volumes import SliceVolume, open_ome_zarr, volume_of_array
from sxt.workspace.importing import VOLUME_FOLDER
from sxt.workspace.segmenting import MASK_FOLDER, PROBABILITY_FOLDER
from sxt.workspace.stored import PartialSegmentation
from sxt.workspace.workspace import Workspace

VolumeKind = Literal["tomogram", "mask", "probability", "labels", "partial", "errors", "changes", "agreement"]
"""``partial`` is the probability of a segmentation in the making; the last three are worked out of others."""

POOLING: dict[VolumeKind, Pooling] = {
    "tomogram": "mean",
    "mask": "max",
    "probability": "mean",
    "labels": "max",
    "partial": "mean",
    "errors": "max",
    "changes": "max",
    "agreement": "max",
}
LABELS_FOLDER = "labels.zarr"

WorkspaceGetter = Callable[[], Workspace]


class PartialArray:
    """The slices made so far of a segmentation, indexed as an array (c, z, y, x) uint8."""

    dtype = np.dtype(np.uint8)

    def __init__(self, partial: PartialSegmentation) -> None:
        self._partial = partial
        self.shape = (len(partial.begun.classes), partial.n_done, *partial.begun.shape[1:])

    def __getitem__(self, index: tuple[slice, slice, slice, slice]) -> np.ndarray:
        channels, z, y, x = index
        start, stop, _ = z.indices(self.shape[1])
        return self._partial.read(start, stop)[channels, :, y, x]


def check_kind(text: str) -> VolumeKind:
    """Return ``text`` where it names a kind of volume; raise `InputError` otherwise."""
    for kind in get_args(VolumeKind):
        if text == kind:
            return kind
    raise InputError(f"{text[:40]!r} is no kind of volume; there are {', '.join(get_args(VolumeKind))}.")


def open_volume(workspace: Workspace, kind: VolumeKind, item_id: str) -> SliceVolume:
    """Open a volume of the workspace.

    Parameters
    ----------
    workspace : Workspace
    kind : str
    item_id : str
        Of the tomogram for ``tomogram`` and ``labels``, of the segmentation otherwise; `MapRequest.to_id` of what is
        worked out.

    Raises
    ------
    InputError
        Where the id has no such form, there is no such volume, or it is damaged.
    """
    if kind == "partial":
        return _open_partial(workspace, item_id)
    if kind == "errors" or kind == "changes" or kind == "agreement":
        return open_map(workspace, kind, item_id)
    path = {
        "tomogram": workspace.tomograms.path(item_id) / VOLUME_FOLDER,
        "mask": workspace.segmentations.path(item_id) / MASK_FOLDER,
        "probability": workspace.segmentations.path(item_id) / PROBABILITY_FOLDER,
        "labels": workspace.labels_root / workspace.tomograms.path(item_id).name / LABELS_FOLDER,
    }[kind]
    if not path.is_dir():
        raise InputError(f"There is no {kind} of {item_id!r}; it may have been deleted.")
    return open_ome_zarr(path)


def _open_partial(workspace: Workspace, segmentation_id: str) -> SliceVolume:
    """Open what there is of a segmentation; one that was finished while somebody looked at its parts is whole."""
    partial = workspace.find_partial_segmentation(segmentation_id)
    finished = workspace.segmentations.path(segmentation_id) / PROBABILITY_FOLDER
    if partial is None and finished.is_dir():
        return open_ome_zarr(finished)
    if partial is None or partial.n_done == 0:
        raise InputError(
            f"Nothing is made yet of the segmentation {segmentation_id!r}; wait for its first slices."
        )
    array: Any = PartialArray(partial)
    return volume_of_array(f"{partial.folder}@{partial.n_done}", array)
