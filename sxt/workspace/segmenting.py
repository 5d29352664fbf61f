"""Segment a tomogram of the workspace, slab by slab; an interrupted run goes on where it stopped."""

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import sxt
from sxt.errors import SettingsError
from sxt.files import atomic_path
from sxt.progress import CancelToken, Progress, ProgressCallback
from sxt.segment.settings import SegmentSettings
from sxt.segment.store import PartialResult
from sxt.segment.threshold import mask_from_probability
from sxt.tomogram import Tomogram
from sxt.workspace.clock import utc_now
from sxt.workspace.disk import check_space
from sxt.workspace.manifest_files import write_manifest
from sxt.workspace.manifests import (
    ClassInfo,
    LevelInfo,
    ModelReference,
    SegmentationManifest,
    TomogramManifest,
)
from sxt.workspace.names import check_name, shorten_name
from sxt.workspace.pyramid import LAYER_SLICES, PyramidWriter, count_stored_bytes, plan_levels
from sxt.workspace.stored import BEGUN_FILE, SLABS_FOLDER, BegunSegmentation, SliceRange

if TYPE_CHECKING:
    from sxt.models import Model
    from sxt.segment import SegmentationRun
    from sxt.workspace.workspace import Workspace

PROBABILITY_FOLDER = "probability.zarr"
MASK_FOLDER = "mask.zarr"
OVERVIEW_FILE = "overview.png"
WRITE_STAGE, THRESHOLD_STAGE = "write", "threshold"
OVERVIEW_POSITIONS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class SegmentationRequest:
    """What is to be segmented with what, and what it will be called."""

    tomogram: TomogramManifest
    segmentation_id: str
    name: str
    by: str
    job_id: str | None
    settings: SegmentSettings
    device: str


def segment_item(
    workspace: "Workspace",
    request: SegmentationRequest,
    model: "Model",
    *,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> SegmentationManifest:
    """Segment and publish; see `Workspace.segment`."""
    from sxt.segment import SegmentationRun, choose_device

    folder = workspace.segmentations.partial_path(request.segmentation_id)
    device = choose_device(request.device, precision=request.settings.precision)
    run = SegmentationRun(
        workspace.open_tomogram(request.tomogram.id),
        model,
        settings=request.settings,
        device=device,
        progress=progress,
    )
    levels = plan_levels(run.shape, run.tomogram.voxel_size_nm)
    stored_bytes = (run.n_classes + 1) * count_stored_bytes(levels, 1)
    check_space(
        workspace.root, stored_bytes + run.n_classes * int(np.prod(run.shape)), what="The segmentation"
    )
    _begin(folder, run, request)
    partial = PartialResult(
        folder / SLABS_FOLDER, shape=(run.n_classes, *run.shape), fingerprint=_fingerprint(run, request)
    )
    _predict_all(run, partial, cancel)
    finished = folder / "finished"
    if finished.exists():
        shutil.rmtree(finished)
    finished.mkdir()
    with run.log.timing("write"):
        shares = _write_volumes(run, partial, finished, levels, progress, cancel)
    _write_overview(run, partial, finished / OVERVIEW_FILE)
    manifest = _describe(run, request, levels, shares)
    workspace.segmentations.publish(finished, manifest)
    workspace.segmentations.remove_partial(manifest.id)
    detail = f"{request.tomogram.name} with {manifest.model.spec}"
    workspace.log("segmented", "segmentation", manifest, by=request.by, detail=detail)
    return manifest


def segmentation_name(tomogram: TomogramManifest, spec: str, name: str | None) -> str:
    """Return the name asked for, else one made of tomogram and model."""
    return shorten_name(f"{tomogram.name} · {spec}") if name is None else check_name(name)


def rethreshold_item(
    workspace: "Workspace",
    manifest: SegmentationManifest,
    threshold: float,
    *,
    by: str,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> SegmentationManifest:
    """Derive the mask anew; see `Workspace.rethreshold`."""
    if not 0.0 <= threshold < 1.0:
        raise SettingsError(f"The threshold is {threshold}; use a probability from 0 up to 1.")
    values = np.array([each.value for each in manifest.classes], dtype=np.uint8)
    probability = workspace.open_probability(manifest.id)
    voxel_size_nm = workspace.voxel_size_of(manifest)
    counts = np.zeros(256, dtype=np.int64)
    n_slices = manifest.shape[0]
    with atomic_path(workspace.segmentations.path(manifest.id) / MASK_FOLDER) as temporary:
        writer = PyramidWriter(
            temporary, manifest.levels, np.dtype("u1"), pooling="max", voxel_size_nm=voxel_size_nm
        )
        for start in range(0, n_slices, LAYER_SLICES):
            cancel.raise_if_cancelled()
            stop = min(n_slices, start + LAYER_SLICES)
            mask = mask_from_probability(
                np.asarray(probability[:, start:stop]), threshold=threshold, class_values=values
            )
            counts += np.bincount(mask.reshape(-1), minlength=256)
            writer.append(mask)
            progress(Progress(THRESHOLD_STAGE, stop, n_slices))
        writer.finish()
    shares = {each.name: float(counts[each.value] / counts.sum()) for each in manifest.classes}
    changed = workspace.segmentations.change(
        manifest.id,
        lambda old: old.model_copy(update={"threshold": threshold, "foreground_share": shares}),
    )
    workspace.log("changed the threshold of", "segmentation", changed, by=by, detail=f"{threshold:g}")
    return changed


def slices_of(tomogram: Tomogram, manifest: SegmentationManifest) -> Tomogram:
    """Return those slices of a tomogram that a segmentation covers."""
    if manifest.shape == tomogram.shape:
        return tomogram
    return Tomogram(
        data=SliceRange(tomogram.data, manifest.first_slice, manifest.shape[0]),
        voxel_size_nm=tomogram.voxel_size_nm,
        absorbing_is=tomogram.absorbing_is,
        source=tomogram.source,
        format_name=tomogram.format_name,
    )


def _begin(folder: Path, run: "SegmentationRun", request: SegmentationRequest) -> None:
    """Note what the first slabs belong to, so that they can be looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    begun = BegunSegmentation(
        tomogram_id=request.tomogram.id,
        classes=_classes(run),
        first_slice=run.slices.start,
        shape=run.shape,
        threshold=run.threshold,
    )
    write_manifest(folder / BEGUN_FILE, begun)


def _predict_all(run: "SegmentationRun", partial: PartialResult, cancel: CancelToken) -> None:
    """Segment the slabs that are not done; start anew where those done are of other settings or another device."""
    try:
        partial.take_up()
    except SettingsError:
        run.log.notes.append("What an earlier run had done did not fit and was made anew.")
        partial.start_anew()
    if partial.extra:
        run.restore_tiles(partial.extra["tiles"])
        run.log.take_up(partial.extra["log"])
    for slab in run.slabs(skip_slices=partial.n_done, cancel=cancel):
        partial.extra = {"tiles": run.tiles_to_restore(), "log": run.log.to_json()}
        with run.log.timing("store"):
            partial.append(slab.probability)


def _write_volumes(
    run: "SegmentationRun",
    partial: PartialResult,
    folder: Path,
    levels: tuple[LevelInfo, ...],
    progress: ProgressCallback,
    cancel: CancelToken,
) -> dict[str, float]:
    """Write probability and mask; returns each class's share of the voxels."""
    size, byte = run.tomogram.voxel_size_nm, np.dtype("u1")
    probabilities = PyramidWriter(
        folder / PROBABILITY_FOLDER,
        levels,
        byte,
        pooling="mean",
        voxel_size_nm=size,
        n_channels=run.n_classes,
    )
    masks = PyramidWriter(folder / MASK_FOLDER, levels, byte, pooling="max", voxel_size_nm=size)
    counts = np.zeros(256, dtype=np.int64)
    n_slices = run.shape[0]
    for start in range(0, n_slices, LAYER_SLICES):
        cancel.raise_if_cancelled()
        stop = min(n_slices, start + LAYER_SLICES)
        probability = partial.read(start, stop)  # (c, k, y, x)
        mask = run.mask(probability)
        counts += np.bincount(mask.reshape(-1), minlength=256)
        probabilities.append(probability)
        masks.append(mask)
        progress(Progress(WRITE_STAGE, stop, n_slices))
    probabilities.finish()
    masks.finish()
    return {each.name: float(counts[each.value] / counts.sum()) for each in run.model.config.classes}


def _write_overview(run: "SegmentationRun", partial: PartialResult, path: Path) -> None:
    from sxt.segment.overview import draw_overview

    n_slices = run.shape[0]
    chosen = sorted({min(n_slices - 1, int(fraction * n_slices)) for fraction in OVERVIEW_POSITIONS})
    positions = [run.slices[index] for index in chosen]
    picture = draw_overview(
        [run.tomogram.read_slices(z, z + 1)[0] for z in positions],
        [run.mask(partial.read(index, index + 1))[0] for index in chosen],
        positions,
        classes=run.model.config.classes,
        voxel_size_nm=run.tomogram.voxel_size_nm,
    )
    picture.save(path)


def _describe(
    run: "SegmentationRun",
    request: SegmentationRequest,
    levels: tuple[LevelInfo, ...],
    shares: dict[str, float],
) -> SegmentationManifest:
    import torch

    return SegmentationManifest(
        id=request.segmentation_id,
        name=request.name,
        created_at=utc_now(),
        created_by=request.by,
        tomogram_id=request.tomogram.id,
        tomogram_sha256=request.tomogram.sha256,
        model=ModelReference(spec=run.model.spec, sha256=run.model.sha256),
        classes=_classes(run),
        first_slice=run.slices.start,
        shape=run.shape,
        threshold=run.threshold,
        foreground_share=shares,
        settings=run.settings.to_json(),
        decisions=run.decisions(),
        device=run.device.description,
        notes=tuple(run.log.notes),
        constant_slices=tuple(run.log.constant_slices),
        n_missing_voxels=run.log.n_missing_voxels,
        seconds={stage: round(seconds, 3) for stage, seconds in run.log.seconds.items()},
        versions={
            "sxt": sxt.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        levels=levels,
        job_id=request.job_id,
    )


def _classes(run: "SegmentationRun") -> tuple[ClassInfo, ...]:
    return tuple(
        ClassInfo(value=each.value, name=each.name, colour=each.colour) for each in run.model.config.classes
    )


def _fingerprint(run: "SegmentationRun", request: SegmentationRequest) -> dict[str, Any]:
    """What must be the same for an interrupted run to go on."""
    size = run.tomogram.voxel_size_nm
    return {
        "tomogram": request.tomogram.id,
        "voxel size": None if size is None else list(size),
        "model": run.model.sha256,
        "settings": run.settings.to_json(),
        "device": run.device.description,
        "absorbing": run.absorbing_is,
        "sxt": sxt.__version__,
    }
