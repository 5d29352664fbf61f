"""Measure and compare model versions on tomograms of the workspace; what was measured once is not measured again."""

import hashlib
import json
import platform
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

import sxt
from sxt.errors import InputError
from sxt.files import atomic_path, write_text_atomically
from sxt.io import hash_source
from sxt.metrics import (
    ClassName,
    Evaluation,
    EvaluationSettings,
    Labels,
    StatisticsSettings,
    Study,
    StudyInput,
    TomogramInfo,
    VersionInfo,
    from_record,
    read_study,
    run_study,
    to_record,
    write_study,
)
from sxt.progress import CancelToken, ProgressCallback, ignore_progress
from sxt.segment.settings import SegmentSettings
from sxt.workspace.clock import utc_now
from sxt.workspace.ids import ID_LENGTH, check_id
from sxt.workspace.manifests import SegmentationManifest, TomogramManifest
from sxt.workspace.predictions import common_classes, find_segmentation, open_prediction

if TYPE_CHECKING:
    from sxt.models import ModelConfig
    from sxt.workspace.workspace import Workspace

EVALUATIONS_FOLDER = "evaluations"
PARTS_FOLDER = "parts"
REQUEST_FILE = "request.json"
RECORD_VERSION = 2
"""Goes up where stored evaluations are measured differently from now on."""

HASH_LETTERS = 16
"""As many letters of a tomogram's hash stand in the record of a training."""

_DIGITS = string.digits + string.ascii_lowercase


@dataclass(frozen=True)
class ComparisonRequest:
    """What is to be compared; two equal requests on equal data have one result.

    Parameters
    ----------
    tomogram_ids : tuple of str
    models : tuple of str
        1 to 6, each ``name:version``.
    baseline : str or None
        The first of the models by default.
    with_labels : bool
        Against the tomograms' labels, or the versions with each other alone.
    hold_out_only : bool
        Measure on the slices held out; on all labelled ones of a tomogram that has none held out.
    segment : SegmentSettings
        How the versions segment; the threshold is that of each model where it has none.
    settings : EvaluationSettings
    statistics : StatisticsSettings
    """

    tomogram_ids: tuple[str, ...]
    models: tuple[str, ...]
    baseline: str | None = None
    with_labels: bool = True
    hold_out_only: bool = True
    segment: SegmentSettings = field(default_factory=SegmentSettings)
    settings: EvaluationSettings = field(default_factory=EvaluationSettings)
    statistics: StatisticsSettings = field(default_factory=StatisticsSettings)


@dataclass(frozen=True)
class ModelUse:
    """A model version of a comparison: its configuration, and the threshold it is used with."""

    config: "ModelConfig"
    threshold: float

    @property
    def spec(self) -> str:
        return self.config.spec


def comparison_id(workspace: "Workspace", request: ComparisonRequest, models: tuple[ModelUse, ...]) -> str:
    """Return the id under which the result of a request lies: the same for equal requests on equal data."""
    key = {
        "version": RECORD_VERSION,
        "request": to_record(request),
        "models": [(each.spec, each.config.weights_sha256, each.threshold) for each in models],
        "tomograms": [_state_of(workspace, each, request) for each in request.tomogram_ids],
    }
    number = int.from_bytes(hashlib.sha256(_json(key).encode()).digest())
    return "".join(_DIGITS[number // len(_DIGITS) ** place % len(_DIGITS)] for place in range(ID_LENGTH))


def find_comparison(workspace: "Workspace", wanted_id: str) -> Study | None:
    """Return the study stored under an id, or None where it has not been made."""
    folder = comparison_folder(workspace, wanted_id)
    return read_study(folder) if folder.is_dir() else None


def comparison_folder(workspace: "Workspace", wanted_id: str) -> Path:
    """Return the folder of a comparison, which need not be there; `InputError` where the id has no such form."""
    return workspace.root / EVALUATIONS_FOLDER / check_id(wanted_id)


Segment = Callable[[str, ModelUse], SegmentationManifest]
"""Makes the segmentation of a tomogram, given by its id, with a version."""


def compare_in_workspace(
    workspace: "Workspace",
    request: ComparisonRequest,
    models: tuple[ModelUse, ...],
    *,
    segment: Segment,
    by: str,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> str:
    """Compare versions and store the result; returns its id.

    Parameters
    ----------
    request : ComparisonRequest
    models : tuple of ModelUse
        Those of the request, in its order.
    segment : callable
        Called for each tomogram and version of which there is no segmentation with these settings.
    by : str
        Who asks for it.
    progress, cancel
        As for `sxt.metrics.run_study`.

    Raises
    ------
    InputError
        Where a tomogram is not there, or has no labels though it should.
    """
    wanted_id = comparison_id(workspace, request, models)
    final = comparison_folder(workspace, wanted_id)
    if final.is_dir():
        return wanted_id
    classes = common_classes(tuple(each.config for each in models))
    tomograms = [workspace.tomograms.get(each) for each in request.tomogram_ids]
    segmentations = [
        [_segmentation(workspace, each, use, request, segment) for each in tomograms] for use in models
    ]
    given, warnings = _study_input(workspace, request, models, classes, tomograms, segmentations)
    store = _PartStore(workspace, given, segmentations, request)
    study = run_study(
        given,
        settings=request.settings,
        statistics=request.statistics,
        programs=_programs(),
        created=utc_now().strftime("%Y-%m-%d %H:%M UTC"),
        store=store if request.with_labels else None,
        progress=progress,
        cancel=cancel,
    )
    with atomic_path(final) as temporary:
        write_study(study, temporary, title="Comparison of model versions")
        note = {"by": by, "request": to_record(request), "warnings": warnings}
        write_text_atomically(temporary / REQUEST_FILE, _json(note) + "\n")
    return wanted_id


def _segmentation(
    workspace: "Workspace",
    tomogram: TomogramManifest,
    use: ModelUse,
    request: ComparisonRequest,
    segment: Segment,
) -> SegmentationManifest:
    found = find_segmentation(
        workspace, tomogram.id, model_sha256=use.config.weights_sha256, settings=request.segment
    )
    return segment(tomogram.id, use) if found is None else found


def _study_input(
    workspace: "Workspace",
    request: ComparisonRequest,
    models: tuple[ModelUse, ...],
    classes: tuple[ClassName, ...],
    tomograms: list[TomogramManifest],
    segmentations: list[list[SegmentationManifest]],
) -> tuple[StudyInput, list[str]]:
    labels, infos, warnings = [], [], []
    for tomogram in tomograms:
        found, sha256, warning = _labels_of(workspace, tomogram, request)
        labels += [] if found is None else [found]
        warnings += [warning] if warning else []
        infos.append(
            TomogramInfo(
                name=tomogram.name,
                sha256=tomogram.sha256,
                labels_name=f"labels of {tomogram.name}" if found is not None else "",
                labels_sha256=sha256,
                voxel_size_nm=tomogram.voxel_size_nm,
            )
        )
    is_held_out = all(each.only_slices is not None for each in labels)
    given = StudyInput(
        versions=tuple(_version_info(use, tomograms, warnings, is_held_out=is_held_out) for use in models),
        tomograms=tuple(infos),
        predictions=tuple(
            tuple(
                open_prediction(workspace, manifest, threshold=use.threshold, classes=classes)
                for manifest in manifests
            )
            for use, manifests in zip(models, segmentations, strict=True)
        ),
        labels=tuple(labels),
        classes=classes,
        baseline=request.baseline,
    )
    return given, warnings


def _labels_of(
    workspace: "Workspace", tomogram: TomogramManifest, request: ComparisonRequest
) -> tuple[Labels | None, str, str]:
    """Return the labels to measure against, their hash, and a warning where there is one."""
    if not request.with_labels:
        return None, "", ""
    found = workspace.find_labels(tomogram.id)
    if found is None:
        raise InputError(f"{tomogram.name!r} has no labels; label some slices, or compare without labels.")
    sha256 = hash_source(found.volume.path)
    if not request.hold_out_only:
        return Labels(found.volume), sha256, ""
    held_out = frozenset(found.hold_out.list())
    if held_out:
        return Labels(found.volume, only_slices=held_out), sha256, ""
    return Labels(found.volume), sha256, f"No slice of {tomogram.name} is held out: all its labels were used."


def _version_info(
    use: ModelUse, tomograms: list[TomogramManifest], warnings: list[str], *, is_held_out: bool
) -> VersionInfo:
    """Describe a version; its warning says where it was trained on what it is measured on."""
    values = [str(value) for value in use.config.training.values()]
    known = [
        each.name
        for each in tomograms
        if any(each.id in v or each.sha256[:HASH_LETTERS] in v for v in values)
    ]
    what = "other slices of " if is_held_out else ""
    found = [f"{use.spec} was trained on {what}{name}." for name in known]
    return VersionInfo(
        name=use.spec,
        sha256=use.config.weights_sha256,
        parent=use.config.parent,
        settings={"threshold": f"{use.threshold:g}"},
        warning=" ".join([*found, *dict.fromkeys(warnings)]),
    )


class _PartStore:
    """Keeps each evaluation of a version on a tomogram, whatever else it was compared with."""

    def __init__(
        self,
        workspace: "Workspace",
        given: StudyInput,
        segmentations: list[list[SegmentationManifest]],
        request: ComparisonRequest,
    ) -> None:
        self._folder = workspace.root / EVALUATIONS_FOLDER / PARTS_FOLDER
        self._given = given
        self._segmentations = segmentations
        self._settings = request.settings

    def find(self, version: int, tomogram: int) -> Evaluation | None:
        path = self._path(version, tomogram)
        return from_record(Evaluation, json.loads(path.read_bytes())) if path.is_file() else None

    def keep(self, version: int, tomogram: int, evaluation: Evaluation) -> None:
        text = json.dumps(to_record(evaluation), allow_nan=False)
        write_text_atomically(self._path(version, tomogram), text + "\n")

    def _path(self, version: int, tomogram: int) -> Path:
        return self._folder / f"{self._key(version, tomogram)}.json"

    def _key(self, version: int, tomogram: int) -> str:
        given, labels = self._given, self._given.labels[tomogram]
        key = {
            "version": RECORD_VERSION,
            "segmentation": self._segmentations[version][tomogram].id,
            "threshold": given.predictions[version][tomogram].threshold,
            "labels": given.tomograms[tomogram].labels_sha256,
            "voxel_size_nm": given.tomograms[tomogram].voxel_size_nm,
            "slices": None if labels.only_slices is None else sorted(labels.only_slices),
            "classes": to_record(given.classes),
            "settings": to_record(self._settings),
        }
        return hashlib.sha256(_json(key).encode()).hexdigest()


def _state_of(workspace: "Workspace", tomogram_id: str, request: ComparisonRequest) -> dict[str, Any]:
    """What of a tomogram changes the result."""
    tomogram = workspace.tomograms.get(tomogram_id)
    labels, sha256, _ = _labels_of(workspace, tomogram, request)
    slices = None if labels is None or labels.only_slices is None else sorted(labels.only_slices)
    size = tomogram.voxel_size_nm
    return {"id": tomogram_id, "voxel_size_nm": size, "labels": sha256, "slices": slices}


def _programs() -> dict[str, str]:
    versions = {"sxt": sxt.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
    return {**versions, "Python": platform.python_version()}


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, default=list)
