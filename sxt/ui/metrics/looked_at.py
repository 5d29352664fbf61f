"""What of a comparison is looked at: tomogram, version and class, with the stored segmentations behind them."""

from dataclasses import dataclass

import numpy as np

from sxt.errors import InputError
from sxt.metrics import BinaryCounts, Evaluation, Study
from sxt.ui.metrics.studies import StoredStudy
from sxt.ui.viewer import OverlayClass, OverlaySource
from sxt.ui.viewer.error_maps import MapKind, MapPart, MapRequest, map_version
from sxt.workspace import SegmentationManifest, TomogramManifest, Workspace
from sxt.workspace.predictions import find_segmentation

CLASSES: dict[MapKind, tuple[OverlayClass, ...]] = {
    "errors": (
        OverlayClass(1, "true positive", "#009E73"),
        OverlayClass(2, "false positive", "#D55E00", is_hatched=True, is_back_hatched=True),
        OverlayClass(3, "false negative", "#56B4E9", is_hatched=True),
    ),
    "changes": (
        OverlayClass(1, "fixed", "#009E73"),
        OverlayClass(2, "broken", "#D55E00", is_hatched=True),
        OverlayClass(3, "still wrong", "#56B4E9", is_hatched=True, is_back_hatched=True),
    ),
    "agreement": (
        OverlayClass(1, "both", "#009E73"),
        OverlayClass(2, "only the version", "#D55E00", is_hatched=True, is_back_hatched=True),
        OverlayClass(3, "only the baseline", "#56B4E9", is_hatched=True),
    ),
}
"""Told apart by colour and by hatching, as in the plots: none, one way, the other way."""

OPACITY = 0.7


@dataclass(frozen=True)
class LookedAt:
    """A version of a comparison on one of its tomograms, for one class; positions count from 0."""

    stored: StoredStudy
    study: Study
    version: int
    tomogram: int
    class_value: int

    @property
    def key(self) -> str:
        """Tells apart what is remembered of each."""
        return f"metrics-{self.stored.id}-{self.version}-{self.tomogram}-{self.class_value}"

    @property
    def baseline(self) -> int:
        """Position of the baseline."""
        return [each.name for each in self.study.versions].index(self.study.baseline)

    @property
    def name(self) -> str:
        """Name of the version."""
        return self.study.versions[self.version].name

    @property
    def evaluation(self) -> Evaluation:
        """What was measured; only where there were labels."""
        return self.study.evaluations[self.version][self.tomogram]

    @property
    def counts(self) -> BinaryCounts:
        """Voxel counts (z,) of the class."""
        return self.evaluation.counts(self.class_value)

    def threshold_of(self, version: int) -> float:
        """Return the threshold that a version was measured with."""
        if self.study.has_labels:
            threshold = self.study.evaluations[version][self.tomogram].threshold
            if threshold is not None:
                return threshold
        return float(self.study.versions[version].settings["threshold"])

    def find_tomogram(self, workspace: Workspace) -> TomogramManifest | None:
        """Return the tomogram, where it is still there."""
        return workspace.tomograms.find(self.stored.request.tomogram_ids[self.tomogram])


def rank_slices(counts: BinaryCounts, slices: np.ndarray) -> list[int]:
    """Return the tomogram's numbers of the slices with wrong voxels, the most of them first."""
    wrong = counts.fp + counts.fn
    order = np.argsort(-wrong, kind="stable")
    return [int(slices[z]) for z in order if wrong[z] > 0]


def map_overlay(workspace: Workspace, looked_at: LookedAt, kind: MapKind, version: int) -> OverlaySource:
    """Return a map of a version as an overlay: its errors, or how it differs from the baseline.

    Raises
    ------
    InputError
        Where a segmentation that was measured is not there any more.
    """
    versions = (version,) if kind == "errors" else (looked_at.baseline, version)
    manifests = [_segmentation(workspace, looked_at, each) for each in versions]
    request = MapRequest(
        tuple(
            MapPart(manifest.id, looked_at.threshold_of(each))
            for manifest, each in zip(manifests, versions, strict=True)
        ),
        looked_at.class_value,
        hold_out_only=looked_at.stored.request.hold_out_only,
    )
    return OverlaySource(
        volume=kind,
        item_id=request.to_id(),
        name=looked_at.study.versions[version].name,
        kind="labels",
        classes=CLASSES[kind],
        version=map_version(workspace, kind, request),
        opacity=OPACITY,
        origin=(manifests[0].first_slice, 0, 0),
    )


def _segmentation(workspace: Workspace, looked_at: LookedAt, version: int) -> SegmentationManifest:
    info = looked_at.study.versions[version]
    found = find_segmentation(
        workspace,
        looked_at.stored.request.tomogram_ids[looked_at.tomogram],
        model_sha256=info.sha256,
        settings=looked_at.stored.request.segment,
    )
    if found is None:
        raise InputError(
            f"The segmentation by {info.name} that was measured is not there any more; compare again."
        )
    return found
